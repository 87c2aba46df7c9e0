import NNExp
import TestSupport
import Testing

@testable import Explanation

/// Entries that are written term by term: convolution, pooling, normalization, …, and a plugin's
/// layer.
@Suite struct EntryTests {
  private struct Reference: Decodable {
    let name: String
    let yaml: String
    let output: [Double]
    let inputGradient: [Double]
    let parameterGradients: [String: [Double]]
    let state: [Double]
  }

  private static let references: [Reference] = try! Repository.reference("explained_entries.json")

  /// The derivations of single entries of a tensor: its name is followed by indices.
  private func entries(_ prefix: String, of explanation: Explanation) -> [Document.Derivation] {
    explanation.document.blocks.compactMap { block in
      guard case .derivation(let derivation) = block, derivation.left.text.hasPrefix(prefix),
        let next = derivation.left.text.dropFirst(prefix.count).first,
        "_₀₁₂₃₄₅₆₇₈₉".contains(next), case .number? = derivation.steps.last?.right
      else { return nil }
      return derivation
    }
  }

  private func expect(
    _ prefix: String, _ reference: [Double], in explanation: Explanation, _ what: String
  ) throws {
    let found = entries(prefix, of: explanation)
    #expect(found.count == reference.count, "\(what): \(prefix)")
    for (derivation, number) in zip(found, reference) {
      let left = "\(what): \(derivation.left.text)"
      #expect(derivation.steps.last?.note == "", "\(left)")
      for step in derivation.steps {
        // The first steps have letters.
        guard let value = ScalarEvaluation.value(step.right) else { continue }
        // Each factor has six digits.
        #expect(abs(value - number) <= 4e-5 * max(1, abs(number)), "\(left) = \(step.right.text)")
      }
      let last = try #require(derivation.steps.last.flatMap { ScalarEvaluation.value($0.right) })
      #expect(abs(last - number) <= 1e-5 * abs(number) + 1e-12, "\(left)")
      #expect(
        derivation.steps.dropLast().contains { ScalarEvaluation.value($0.right) != nil }, "\(left)")
    }
  }

  @Test func theTermsAndTheirSumsAreThoseOfPyTorch() throws {
    #expect(EntryTests.references.count == 48)
    for reference in EntryTests.references {
      let explanation = try explanation(
        reference.yaml, notation: .names,
        full: ["node"] + (reference.inputGradient.isEmpty ? [] : ["input"])
          + reference.parameterGradients.keys.map { "node.\($0)" }, state: reference.state)
      try expect("node", reference.output, in: explanation, reference.name)
      try expect("δ_{input", reference.inputGradient, in: explanation, reference.name)
      for (name, values) in reference.parameterGradients {
        try expect("∂loss/∂node.\(name)", values, in: explanation, reference.name)
      }
    }
  }

  /// The engine's values agree with PyTorch, which ReferenceLayerTests checks.
  @Test(arguments: [
    ("none", [2, 3, 4], [2, 4, 2]), ("first", [2, 4, 3], [2, 4, 2]),
    ("second", [1, 3, 7], [1, 2, 7]), ("both", [2, 4, 3], [2, 2, 4]),
  ])
  func aProductOfMatricesHasTheTermsOfTheEngine(
    transpose: String, a: [Int], b: [Int]
  ) throws {
    func numbers(_ count: Int, _ seed: Int) -> [[Double]] {
      [(0..<count).map { Double(($0 * 37 + seed) % 23 - 11) / 8 }]
    }
    let (aCount, bCount) = (a.reduce(1, *), b.reduce(1, *))
    let explanation = try explanation(
      """
      name: test
      dtype: float64
      data:
        inline: {inputs: {a: \(numbers(aCount, 3)), b: \(numbers(bCount, 7))}, targets: [[1]]}
        shape: {a: \(a), b: \(b)}
      model:
        - {type: matrix_product, inputs: [a, b], transpose: \(transpose), name: node}
        - {type: dense, units: 1}
      loss: squared_error
      train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 1}
      """, notation: .names, full: ["node", "a", "b"])
    #expect(!explanation.text.contains("NOT the engine’s value"))
    let isTransposed = transpose == "second" || transpose == "both"
    let rows = transpose == "first" || transpose == "both" ? a[2] : a[1]
    #expect(
      entries("node", of: explanation).count == a[0] * rows * (isTransposed ? b[1] : b[2]))
    #expect(entries("δ_{a", of: explanation).count == aCount)
    #expect(entries("δ_{b", of: explanation).count == bCount)
  }

  /// The engine's values agree with PyTorch, which ReferenceLayerTests checks.
  @Test(
    arguments: ["add", "multiply", "subtract", "divide", "maximum", "minimum"],
    [([2, 3], [2, 1]), ([3], [2, 3]), ([2, 1], [1, 4])])
  func repeatedInputsHaveTheTermsOfTheEngine(layer: String, shapes: ([Int], [Int])) throws {
    func numbers(_ shape: [Int], _ seed: Int) -> [[Double]] {
      [(0..<shape.reduce(1, *)).map { Double(($0 * 37 + seed) % 23 - 11) / 8 }]
    }
    let (a, b) = shapes
    let explanation = try explanation(
      """
      name: test
      dtype: float64
      data:
        inline: {inputs: {a: \(numbers(a, 3)), b: \(numbers(b, 7))}, targets: [[1]]}
        shape: {a: \(a), b: \(b)}
      model:
        - {type: \(layer), inputs: [a, b], name: node}
        - {type: dense, units: 1}
      loss: squared_error
      train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 1}
      """, notation: .names, full: ["node", "a", "b"])
    #expect(!explanation.text.contains("NOT the engine’s value"))
    let rank = max(a.count, b.count)
    func extents(_ shape: [Int]) -> [Int] {
      Array(repeating: 1, count: rank - shape.count) + shape
    }
    let common = zip(extents(a), extents(b)).map { max($0, $1) }
    #expect(entries("node", of: explanation).count == common.reduce(1, *))
    #expect(entries("δ_{a", of: explanation).count == a.reduce(1, *))
    #expect(entries("δ_{b", of: explanation).count == b.reduce(1, *))
  }

  @Test func formulasOfLpPoolingHaveTheTermsOfPyTorch() throws {
    for reference in EntryTests.references where reference.yaml.contains("lp_pooling") {
      let p = try #require(reference.yaml.firstMatch(of: /p: ([0-9.]+)/)?.1)
      let isMean = reference.yaml.contains("normalize: true")
      let formula = isMean ? "mean(|x|^\(p))^(1/\(p))" : "(Σᵢ |xᵢ|^\(p))^(1/\(p))"
      let yaml = reference.yaml
        .replacing("type: lp_pooling, p: \(p)", with: "type: formula, y: \"\(formula)\"")
        .replacing(/, normalize: (true|false)/, with: "")
      let explanation = try explanation(yaml, notation: .names, full: ["node", "input"])
      try expect("node", reference.output, in: explanation, reference.name)
      try expect("δ_{input", reference.inputGradient, in: explanation, reference.name)
    }
  }

  @Test func aFormulaOfASampleHasTheTermsOfItsSums() throws {
    let text = try explanation(
      experiment(
        """
        [{type: dense, units: 2, bias: false, initial: {weight: {values: [[1, 0], [0, 1]]}}},
         {type: formula, y: "b·exp(xᵢ) / Σⱼ exp(xⱼ)", parameters: {b: 1.5}}]
        """, inputs: "[[1, -2]]", targets: "[[1, 0]]")
    ).text
    #expect(
      text.contains(
        """
            z₀ = b⁽²⁾ e^(y₀)/(e^(y₀) + e^(y₁))
               = 1.5e¹/(e¹ + e⁻²)
               = (1.5 · 2.71828)/(2.71828 + 0.135335)
               = 4.07742/2.85362
               = 1.42886

        """))
    #expect(!text.contains("NOT the engine’s value"))
  }

  @Test func aLargeTensorHasTheTermsOfItsLargestEntries() throws {
    let explanation = try explanation(EntryTests.references[0].yaml)
    let text = explanation.text
    #expect(text.contains("\nTerm by term, the 2 largest of 32 entries:\n"))
    let shown = entries("y⁽¹⁾", of: explanation)
    #expect(shown.count == 2)
    let values = try shown.map { try #require(ScalarEvaluation.value($0.steps.last!.right)) }
    let largest = EntryTests.references[0].output.map(abs).sorted().suffix(2)
    #expect(zip(values.map(abs).sorted(), largest).allSatisfy { abs($0 - $1) < 1e-5 })
    // Nine products: four are written, and the sum of the others.
    #expect(text.contains(/\+ … 5 more, in sum -?[0-9.]+\n/))
  }

  @Test func theWindowsOfLpPoolingAreWrittenInTheLettersOfWhatTheyRead() throws {
    let text = try explanation(
      experiment(
        """
        [{type: dense, units: 2, bias: false, initial: {weight: {values: [[1, 0], [0, 1]]}}}, tanh,
         {type: lp_pooling, window: 2, p: 3}]
        """, inputs: "[[1, -2]]")
    ).text
    #expect(text.contains("Window r covers the entries Rᵣ of y.\n"))
    #expect(
      text.contains(
        """
            z₀ = (|y₀|³ + |y₁|³)^(1/3)
               = (|0.761594|³ + |−0.964028|³)^(1/3)
               = (0.441744 + 0.895918)^(1/3)
               = 1.33766^(1/3)
               = 1.10183

        """))
    #expect(
      text.contains(
        """
            δ_{y₁} = δ_{z₀} sign(y₁) (|y₁|/z₀)²
                   = 0.203665 · (−1) · (0.964028/1.10183)²
                   = 0.203665 · (−1) · 0.765505
                   = -0.155906

        """))
  }

  /// μ and s are written in the forward part only, and before the entries that use them.
  @Test func theIntermediateValuesOfANormalizationAreWrittenOnce() throws {
    let text = try explanation(
      experiment(
        """
        [{type: dense, units: 2, bias: false, initial: {weight: {values: [[1, 0], [0, 1]]}}},
         {type: layer_normalization, epsilon: 0.5, initial: {weight: {values: [2, -1]}}}]
        """, inputs: "[[3, -1]]", targets: "[[1, 0]]")
    ).text
    #expect(
      text.contains(
        """
            μ = (1/2) (y₀ + y₁)
              = (1/2) (3 + (−1))
              = 1

            s = √((1/2) ((y₀ − μ)² + (y₁ − μ)²) + ε)
              = √((1/2) ((3 − 1)² + (−1 − 1)²) + 0.5)
              = √(4 + 0.5)
              = 2.12132

            z₀ = w₀⁽²⁾ ((y₀ − μ)/s) + b₀⁽²⁾
               = 2 · ((3 − 1)/2.12132) + 0
               = 1.88562

            z₁ =
        """))
    #expect(
      text.contains(
        """
            h̄ = (1/2) (g₀ ŷ₀ + g₁ ŷ₁)
              = (1/2) (2 · 1.77124 · ((3 − 1)/2.12132) + (−1) · 1.88562 · ((−1 − 1)/2.12132))
              = 2.55883

            δ_{y₀} = (1/s) (g₀ − ḡ − ŷ₀ h̄)
                   = (1/2.12132) (2 · 1.77124 − 0.828427 − ((3 − 1)/2.12132) · 2.55883)
                   = 0.142157

            δ_{y₁} =
        """))
    #expect(text.split(separator: "    μ = (1/2) (y₀ + y₁)").count == 2)
  }

  /// The terms of a node are compared with what it adds to the gradient, not with the whole.
  @Test func theTermsOfASharedParameterAreThoseOfEachNode() throws {
    let model = """
      [{type: dense, units: 7, name: wide}, {type: dense, units: 7, name: first},
       {type: dense, units: 7, parameters: {weight: first.weight}}, {type: dense, units: 1}]
      """
    let text = try explanation(experiment(model)).text
    #expect(text.contains("W⁽²⁾ is shared"))
    #expect(!text.contains("NOT the engine’s value"))
  }

  /// The numbers of small tensors are in the equation, which is not repeated entry by entry.
  @Test func aDenseLayerHasTermsIfItsEquationHasNoNumbers() throws {
    func text(_ units: Int) throws -> String {
      try explanation(experiment("[{type: dense, units: \(units)}, {type: dense, units: 1}]")).text
    }
    #expect(try !text(2).contains("_{0} ="))
    #expect(try !text(2).contains("Term by term"))
    #expect(try text(12).contains("Term by term, the 2 largest of 12 entries:"))
  }

  /// y = Σ a xᵢ, with terms, and a wrong gradient in its terms.
  private struct Total: Layer, Component {
    static let typeName = "total"
    init(from options: inout Options) {}
    func plan(for inputs: [Port]) -> Plan { Plan(output: [1]) }
    func forward<S: Scalar>(_ pass: ForwardPass<S>) {
      for s in 0..<pass.samples {
        pass.y[s] = 0
        let n = pass.x.count / pass.samples
        for i in 0..<n { pass.y[s] += 2 * pass.x[s * n + i] }
      }
    }
    func backward<S: Scalar>(_ pass: BackwardPass<S>) {
      let n = pass.dx.count / pass.samples
      for i in pass.dx.indices { pass.dx[i] += 2 * pass.dy[i / n] }
    }
    func equations(for inputs: [Port]) -> Equations {
      Equations(
        "T", output: #"y_r = \sum_i 2 x_i"#,
        inputs: [.init(derivative: "", delta: #"\delta_{x_i} = 2 \delta_{y_0}"#)],
        work: { tensor, index, sample in
          guard tensor == .output else {
            let term = 3 * sample.outputGradient[0]
            return WorkedEntry(
              #"\delta_{x_{\#(index)}}"#, terms: [], steps: [.formula(#"3 \delta_{y_0}"#)],
              value: term)
          }
          let terms = sample.x.enumerated().map { i, x in
            WorkedEntry.Term(2 * x, "2 x_\(i)", #"2 \cdot \#(WorkedEntry.number(x))"#)
          }
          return WorkedEntry(
            "y_0", terms: terms, steps: [.sum(), .sum()], value: terms.reduce(0) { $0 + $1.value })
        })
    }
  }

  @Test func aPluginWritesItsTermsAndDifferencesFromTheEngineAreReported() throws {
    let text = try explanation(
      experiment("[total]", inputs: "[[0.5, -1, 0.25]]"), layers: [Total.self]
    ).text
    #expect(
      text.contains(
        """
            z₀ = 2x₀ + 2x₁ + 2x₂
               = 2 · 0.5 + 2 · (−1) + 2 · 0.25
               = -0.5

        """))
    // δ_z = 2(−0.5 − 1) = −3; the layer adds 2·(−3), and its terms give 3·(−3).
    #expect(
      text.contains(
        """
            δ_{x₀} = 3δ_{z₀}
                   = -6   (the terms give -9, NOT the engine’s value)

        """))
  }

  @Test func aTensorIsWrittenInFullIfItIsNamed() throws {
    let model = "[{type: dense, units: 12, name: wide}, {type: dense, units: 1}]"
    let short = try explanation(experiment(model)).text
    #expect(short.contains("(shape [12, 2], norm"))
    let full = try explanation(experiment(model), full: ["wide.weight", "wide"])
    #expect(full.text.contains("row by row"))
    let weight = try #require(full.derivations(of: "W⁽¹⁾").last?.steps.last)
    #expect(try Evaluation.value(weight.right).map(\.count) == Array(repeating: 2, count: 12))
    // 24 of this weight, 12 of its values, and 16 of the others, which are abbreviated.
    #expect(full.text.contains("Of the 52 derivatives shown, 52 agree"))
  }

  @Test func anUnknownTensorIsAnError() {
    let error = #expect(throws: Diagnostic.self) {
      try explanation(oneLayer, full: ["output.wieght"])
    }
    #expect(
      error?.description == """
        error: there is no tensor 'output.wieght'; did you mean 'output.weight'?
        note: the tensors are: input, output.output, sigmoid.output, output.weight, output.bias
        """)
  }
}
