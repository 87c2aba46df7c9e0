import NNExp

/// Single entries of a formula layer with the numbers of a sample, for `nnexp explain`: the
/// entries of each window, the terms of its sums, and the windows that an entry belongs to.
///
///     y_r  = the formula, with its sums term by term
///     δ_xᵢ = Σ_r δ_y_r ∂y_r/∂xᵢ
struct FormulaEntries: Sendable {
  private let formula: Formula
  private let steps: FormulaSteps
  private let gradients: Expression.Gradients
  private let letters: [String]
  private let inputs: [Shape]
  private let output: Shape
  /// For every number of a sample, its position in an input that is repeated; nil for the others.
  private let repeated: [[Int]?]
  /// The positions in x of each group's entries.
  private let groups: [[Int]]
  /// The position of each entry of a group in a parameter.
  private let parameterIndex: @Sendable (Int, _ group: Int, _ position: Int) -> Int

  /// - Parameters:
  ///   - groups: nil if the formula holds for every number by itself.
  init?(
    _ formula: Formula, letters: [String], inputs: [Shape], common: Shape, output: Shape,
    groups: [[Int]]?,
    parameterIndex: @escaping @Sendable (Int, Int, Int) -> Int
  ) {
    guard var steps = FormulaSteps(formula, letters: letters) else { return nil }
    gradients = steps.gradients()
    self.formula = formula
    self.steps = steps
    self.letters = letters
    (self.inputs, self.output) = (inputs, output)
    repeated = inputs.map { $0 == common ? nil : BroadcastAxes($0, over: common).positions }
    self.groups = groups ?? (0..<common.count).map { [$0] }
    self.parameterIndex = parameterIndex
  }

  /// The entry of a tensor; nil if the formula does not give it term by term.
  func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    switch tensor {
    case .output:
      let (group, entry) = location(ofOutput: index)
      var details = details(of: group, sample)
      details.entry = entry
      return WorkedEntry(
        y(index), terms: [],
        steps: steps.computation(of: steps.value, details).map { .formula($0) },
        value: details.numbers[steps.value][entry])
    case .inputGradient(let k):
      guard let gradient = gradients.inputs[k] else { return nil }
      let x = WorkedEntry.letter(letters[k], index, of: inputs[k])
      let places = groups.enumerated().map { group, positions in
        (group, positions.indices.filter { position(positions[$0], in: k) == index })
      }
      return sum(gradient, of: #"\delta_{\#(x)}"#, by: x, at: places, sample)
    case .parameterGradient(let k):
      guard formula.parameters[k].range == nil, let gradient = gradients.parameters[k] else {
        return nil
      }
      let isPerEntry = steps.graph.levels[gradient] == .entry
      let name = FormulaSteps.latex(name: formula.parameters[k].name)
      let places = groups.indices.map { group in
        let entries = isPerEntry ? Array(groups[group].indices) : [0]
        return (
          group, entries.filter { parameterIndex(k, group, groups[group][$0]) == index }
        )
      }
      let isScalar = formula.parameters[k].extent == .scalar
      let symbol = isScalar ? name : "\(name)_\(index)"
      return sum(
        gradient, of: #"\frac{\partial L}{\partial \#(symbol)}"#, by: symbol, at: places, sample)
    }
  }

  /// The position in an input of a number of a sample.
  private func position(_ number: Int, in k: Int) -> Int { repeated[k]?[number] ?? number }

  /// The group and the entry of it that an entry of y belongs to.
  private func location(ofOutput index: Int) -> (group: Int, entry: Int) {
    guard formula.grouping == .sample else { return (index, 0) }
    return (0, formula.hasEntries ? index : 0)
  }

  private func y(_ index: Int) -> String { WorkedEntry.letter("y", index, of: output) }

  /// The sum of a gradient over entries of groups.
  private func sum(
    _ gradient: Expression.ID, of entry: String, by letter: String,
    at places: [(group: Int, entries: [Int])], _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    // Every entry of y depends on every entry of a sample.
    let isCoupled = formula.grouping == .sample && formula.hasEntries
    var terms: [WorkedEntry.Term] = []
    for (group, entries) in places where !entries.isEmpty {
      var details = details(of: group, sample)
      for entry in entries {
        details.entry = entry
        let value = details.numbers[gradient][entry]
        guard !value.isNaN else { return nil }
        let numbers = steps.term(gradient, details)
        let result = WorkedEntry.number(value)
        if isCoupled {
          terms.append(.init(value, numbers, result))
        } else {
          let y = y(group)
          terms.append(
            .init(
              value, #"\delta_{\#(y)} \frac{\partial \#(y)}{\partial \#(letter)}"#, numbers, result)
          )
        }
      }
    }
    let count = (isCoupled ? 1 : 2) + (terms.count > 1 ? 1 : 0)
    return WorkedEntry(
      entry, terms: terms, steps: Array(repeating: .sum(), count: count),
      value: terms.reduce(0) { $0 + $1.value })
  }

  /// The letters and numbers of a group.
  private func details(of group: Int, _ sample: WorkedEntry.Sample) -> FormulaSteps.Details {
    let positions = groups[group]
    let indices = formula.parameters.indices.map { k in
      positions.map { parameterIndex(k, group, $0) }
    }
    let outputs =
      formula.grouping == .sample && formula.hasEntries ? positions : positions.map { _ in group }
    let cotangents = outputs.map {
      sample.outputGradient.isEmpty ? 0 : sample.outputGradient[$0]
    }
    return FormulaSteps.Details(
      inputs: letters.enumerated().map { k, letter in
        positions.map { WorkedEntry.letter(letter, position($0, in: k), of: inputs[k]) }
      },
      parameters: formula.parameters.enumerated().map { k, parameter in
        let name = FormulaSteps.latex(name: parameter.name)
        return indices[k].map { parameter.extent == .scalar ? name : "\(name)_\($0)" }
      },
      cotangents: outputs.map { #"\delta_{\#(y($0))}"# },
      numbers: steps.numbers(
        inputs: sample.inputs.enumerated().map { k, x in
          positions.map { x[position($0, in: k)] }
        },
        parameters: formula.parameters.enumerated().map { k, parameter in
          indices[k].map { parameter.number(of: sample.parameters[k][$0]) }
        }, cotangent: cotangents))
  }
}

extension FormulaLayer {
  /// Writes single entries with the numbers of a sample.
  func work(for shapes: [Shape]) -> Equations.Work? {
    let letters = shapes.count == 1 ? ["x"] : (1...shapes.count).map { "x\($0)" }
    let ports = shapes.map { Port($0) }
    guard let output = try? plan(for: ports).output,
      let common = pooling != nil ? shapes[0] : try? BroadcastAxes.shape(of: ports)
    else { return nil }
    var groups: [[Int]]?
    switch formula.grouping {
    case .none: break
    case .sample: groups = [Array(0..<common.count)]
    case .window: groups = pooling?.entries(from: common)?.windows
    }
    let isWindow = formula.grouping == .window
    let planes = formula.parameters.indices.map { plane(of: $0, on: isWindow ? output : common) }
    guard
      let entries = FormulaEntries(
        formula, letters: letters, inputs: shapes, common: common, output: output, groups: groups,
        parameterIndex: { k, group, position in (isWindow ? group : position) / planes[k] })
    else { return nil }
    return { tensor, index, sample in entries.entry(tensor, index, sample) }
  }
}
