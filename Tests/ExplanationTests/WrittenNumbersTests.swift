import NNExp
import Testing

@testable import Explanation

/// The value of every written product must equal the stated result.
@Suite struct WrittenNumbersTests {
  static let chains: [String] = [
    "[{type: dense, units: 3}, sigmoid, {type: dense, units: 1}]",
    "[{type: dense, units: 3}, tanh, {type: dense, units: 1, bias: false}]",
    "[{type: dense, units: 3}, relu, {type: dense, units: 1}]",
    "[{type: dense, units: 3}, {type: leaky_relu, slope: 0.1}, {type: dense, units: 1}]",
    "[{type: dense, units: 3}, softmax, {type: dense, units: 1}, sigmoid]",
    "[{type: dense, units: 4}, flatten, {type: dense, units: 1}, {type: reshape, shape: [1]}]",
    """
    [{type: dense, units: 3, name: a}, {type: tanh, name: b}, {type: sigmoid, inputs: a, name: c},
     {type: add, inputs: [b, c], name: d}, {type: multiply, inputs: [b, c, d], name: e},
     {type: concatenate, inputs: [d, e], name: f}, {type: dense, units: 1}]
    """,
  ]
  static let losses: [String] = [
    "squared_error", "{type: squared_error, reduction: half_mean}", "absolute_error",
    "{type: binary_cross_entropy, from: logits}",
  ]

  @Test(arguments: chains) func writtenProductsEqualTheirResults(_ model: String) throws {
    for loss in WrittenNumbersTests.losses {
      let explanation = try explanation(experiment(model, loss: loss))
      var checked = 0
      for case .derivation(let derivation) in explanation.document.blocks {
        guard let claim = derivation.steps.last, derivation.steps.count > 1,
          let claimed = try? Evaluation.value(claim.right)
        else { continue }
        for step in derivation.steps.dropLast() {
          guard let value = try? Evaluation.value(step.right) else { continue }
          checked += 1
          expectClose(value, claimed, "\(loss): \(derivation.left.text) = \(step.right.text)")
        }
      }
      #expect(checked >= 7, "\(loss)")
    }
  }

  @Test func numericDerivativesAgreeWithTheDerivativesBesideThem() throws {
    for model in WrittenNumbersTests.chains {
      let explanation = try explanation(experiment(model))
      var compared = 0
      for case .derivation(let derivation) in explanation.document.blocks {
        for step in derivation.steps {
          guard let beside = step.beside else { continue }
          compared += 1
          expectClose(
            try Evaluation.value(beside), try Evaluation.value(step.right), derivation.left.text)
          #expect(step.note.hasPrefix("off by "), "\(derivation.left.text): \(step.note)")
        }
      }
      #expect(compared >= 7)
    }
  }

  /// Expects equality to the six digits that are written.
  private func expectClose(
    _ a: Evaluation.Matrix, _ b: Evaluation.Matrix, _ what: String
  ) {
    // A row may represent a column.
    let (a, b) = (Array(a.joined()), Array(b.joined()))
    #expect(a.count == b.count, "\(what)")
    for (x, y) in zip(a, b) { #expect(abs(x - y) <= 2e-5 * max(1, abs(y)), "\(what)") }
  }

  /// The 2-2-1 network computed independently of the engine: each equation as scalars (in
  /// Python).
  @Test func twoLayersAgreeWithACalculationByHand() throws {
    let explanation = try explanation(twoLayers)
    let expected: [(String, [Double])] = [
      ("y′", [1.5, 0]), ("y", [0.817574, 0.5]), ("z′", [0.476362]), ("z", [0.616888]),
      ("L", [0.146775]), ("δ_z", [-0.766223]), ("δ_z′", [-0.181087]),
      ("∂L/∂W⁽²⁾", [-0.148052, -0.0905435]), ("∂L/∂b⁽²⁾", [-0.181087]),
      ("δ_y", [-0.27163, 0.362174]), ("δ_y′", [-0.0405127, 0.0905435]),
      ("∂L/∂W⁽¹⁾", [-0.0405127, 0, 0.0905435, 0]), ("∂L/∂b⁽¹⁾", [-0.0405127, 0.0905435]),
      ("δₓ", [0.00475902, 0.2216]),
    ]
    for (left, numbers) in expected {
      let derivation = try #require(explanation.derivations(of: left).last, "\(left)")
      let value = try Evaluation.value(#require(derivation.steps.last).right)
      #expect(Array(value.joined()) == numbers, "\(left)")
    }
  }

  /// The contributions of the readers of a value add up to its δ.
  @Test func contributionsAddUpToTheDelta() throws {
    let explanation = try explanation(
      experiment(
        """
        [{type: dense, units: 2, name: a}, {type: tanh, name: b, inputs: a},
         {type: dense, units: 2, name: c, inputs: a}, {type: add, inputs: [b, c, a], name: d},
         {type: dense, units: 1}]
        """))
    let all = explanation.derivations(of: "δ_y⁽¹⁾")
    #expect(all.count == 1)
    var sum = [0.0, 0.0]
    for reader in ["y⁽²⁾", "y⁽³⁾", "y⁽⁴⁾"] {
      let parts = explanation.derivations(of: "δ_{y⁽¹⁾→\(reader)}")
      #expect(parts.count == 1, "\(reader)")
      let part = try Evaluation.value(#require(parts.first?.steps.last).right)
      for (i, x) in part.joined().enumerated() { sum[i] += x }
    }
    let steps = try #require(all.last?.steps)
    #expect(steps.count == 3)
    #expect(steps[0].right.text == "δ_{y⁽¹⁾→y⁽²⁾} + δ_{y⁽¹⁾→y⁽³⁾} + δ_{y⁽¹⁾→y⁽⁴⁾}")
    // The written sum, and the engine's δ.
    for step in steps.dropFirst() {
      let total = try Evaluation.value(step.right)
      for (a, b) in zip(sum, total.joined()) { #expect(abs(a - b) < 1e-5) }
    }
    #expect(
      explanation.text.contains("δ_y⁽¹⁾ is the sum of the contributions of 'b', 'c' and 'd':"))
  }
}
