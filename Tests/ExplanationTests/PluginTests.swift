import NNExp
import Testing

@testable import Explanation

/// Layers without formulas, or with wrong ones.
@Suite struct PluginTests {
  /// y = a·x, without formulas.
  private struct Silent: Layer, Component {
    static let typeName = "silent"
    static let documentation = Documentation("a factor", equation: "y = a x;  ∂a += Σ ∂y x <&>")

    init(from options: inout Options) {}
    func plan(for inputs: [Port]) -> Plan {
      Plan(
        output: inputs[0].shape, parameters: [.init("factor", [1], initial: .constant(3))])
    }
    func forward<S: Scalar>(_ pass: ForwardPass<S>) {
      for i in pass.y.indices { pass.y[i] = pass.parameters[0][0] * pass.x[i] }
    }
    func backward<S: Scalar>(_ pass: BackwardPass<S>) {
      for i in pass.dx.indices {
        pass.dx[i] += pass.dy[i] * pass.parameters[0][0]
        pass.gradients[0][0] += pass.dy[i] * pass.x[i]
      }
    }
  }

  @Test func aLayerWithoutFormulasShowsItsDocumentation() throws {
    let explanation = try explanation(
      experiment("[silent]", targets: "[[1, 0]]"), layers: [Silent.self])
    let text = explanation.text
    #expect(text.contains("z = silent ∘ x\n"))
    #expect(
      text.contains(
        """
        'silent'

            factor = [3]

        In the layer’s own letters, y is z:

            y = a x;  ∂a += Σ ∂y x <&>

            z = [1.5  -3]ᵀ
        """))
    // δ_z = 2(z − t) = (1, −6); Σ δ x = 6.5; 3δ = (3, −18).
    #expect(text.contains("∂L/∂factor = ∂L/∂z ∂z/∂factor\n"))
    #expect(text.contains("= [6.5] ≈ [6.5]"))
    #expect(text.contains("δₓ = [3  -18]ᵀ ≈ [3  -18]ᵀ"))
    #expect(explanation.formatted(as: .markdown).contains("```\ny = a x;  ∂a += Σ ∂y x <&>\n```"))
    #expect(isWellFormed(explanation.formatted(as: .html)))
  }

  /// y = x², with half of its gradient and a formula that cannot be parsed.
  private struct Wrong: Layer, Component {
    static let typeName = "wrong"
    init(from options: inout Options) {}
    func plan(for inputs: [Port]) -> Plan { Plan(output: inputs[0].shape) }
    func forward<S: Scalar>(_ pass: ForwardPass<S>) {
      for i in pass.y.indices { pass.y[i] = pass.x[i] * pass.x[i] }
    }
    func backward<S: Scalar>(_ pass: BackwardPass<S>) {
      for i in pass.dx.indices { pass.dx[i] += pass.dy[i] * pass.x[i] }
    }
    func equations(for inputs: [Port]) -> Equations {
      Equations(
        #"\square"#, output: #"x \frac"#,
        inputs: [.init(derivative: "", delta: #"\delta_y \otimes x"#)])
    }
  }

  @Test func aWrongGradientIsReported() throws {
    let text = try explanation(
      experiment("[wrong]", targets: "[[0, 0]]"), layers: [Wrong.self]
    ).text
    // A formula that cannot be parsed is shown unchanged.
    #expect(text.contains(#"z = x \frac"#))
    // L = Σx⁴: 4x³ = (0.5, −4), and the layer gives half of it.
    #expect(
      text.contains(
        "= [0.25  -2]ᵀ ≈ [0.5  -4]ᵀ   (OFF BY 2, more than the error bound: entries 0, 1)"))
    #expect(
      text.hasSuffix(
        """
        Of the 4 derivatives shown, 2 agree with the numeric ones within the error bound, 2 DO NOT, because
        of an error or of kinks of several layers; nnexp gradcheck decides which. The largest difference is
        2.

        """))
  }

  @Test func derivativesAtKinksAreReportedAsKinks() throws {
    let text = try explanation(
      experiment("[relu]", inputs: "[[0, 1]]", targets: "[[1, 0]]")
    ).text
    #expect(text.contains("δₓ = δ_z ⊗ [x > 0]\n"))
    #expect(text.contains("at a kink: entry 0)"))
    #expect(
      text.contains(
        """
        Of the 4 derivatives shown, 3 agree with the numeric ones within the error bound, 1 is at a kink,
        between the one-sided slopes.
        """))
  }

  @Test func aLayerThatCouplesSamplesIsExplainedInEvaluation() throws {
    let text = try explanation(
      experiment(
        "[{type: dense, units: 3, name: a}, {type: batch_normalization, name: norm}, "
          + "{type: dropout, rate: 0.5}, {type: dense, units: 1}]")
    ).text
    #expect(
      text.contains(
        """
        'norm' couples the samples of a batch, so that this single sample is computed as in an evaluation.
        """))
    #expect(text.contains("Of the 31 derivatives shown, 31 agree"))
  }

  @Test func theDropoutMaskOfATrainingPassIsShown() throws {
    let seen = try explanation(
      experiment(
        "[{type: dense, units: 6}, {type: dropout, rate: 0.5}]",
        targets: "[[1, 2, 3, 4, 5, 6]]")
    )
    let z = try #require(seen.derivations(of: "z").last?.steps.last)
    let values = try Evaluation.value(z.right).joined()
    #expect(values.contains(0) && values.contains { $0 != 0 })
    #expect(seen.text.contains("Of the 32 derivatives shown, 32 agree"))
  }

  @Test func frozenAndPenalizedParametersAreMarked() throws {
    let text = try explanation(
      experiment("[{type: dense, units: 1, frozen: [bias], l2: 0.5}]")
    ).text
    #expect(
      text.contains("Training also adds the derivative of its penalty, which is not shown here.\n"))
    #expect(text.contains("It is frozen: training leaves it as it is.\n"))
  }

  @Test func aLossThatIsNotFiniteIsReported() throws {
    let text = try explanation(
      experiment("[{type: dense, units: 1, initial: {weight: {constant: 1e200}}}]")
    ).text
    #expect(text.contains("L = (1/n) Σₖ ℓₖ\n      = ℓ   (n = 1)\n      = inf\n"))
    #expect(text.contains("not finite"))
  }
}
