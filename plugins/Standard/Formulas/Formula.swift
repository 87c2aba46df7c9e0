import NNExp

/// A formula with its derivatives, compiled for both precisions.
final class Formula: Sendable {
  /// A learned number, or one per feature or channel.
  struct Parameter: Sendable {
    enum Extent: String, CaseIterable, Sendable { case scalar, features, channels }

    let name: String
    let initial: Double
    let extent: Extent
    /// The limits of the number; nil if it has none. The learned tensor is then ρ, and the number
    /// is computed from it.
    let range: Interval?

    /// The name of the learned tensor.
    var tensor: String { range == nil ? name : "\(name)_raw" }
  }

  /// The numbers that `sum`, `max` and the like combine.
  enum Grouping: Sendable {
    /// Nothing: every number is by itself.
    case none
    /// All numbers of a sample.
    case sample
    /// The numbers of a window.
    case window
  }

  let text: String
  let expression: Expression
  let value: Expression.ID
  let gradients: Expression.Gradients
  let grouping: Grouping
  let parameters: [Parameter]
  let constants: [(name: String, value: Double)]
  let inputs: [String]
  /// True if y has a number per entry, false if it has one per group.
  let hasEntries: Bool

  private typealias Passes = (forward: StripProgram, backward: StripProgram)
  private let passes32: Passes
  private let samples32: Passes?
  private let samples64: Passes?
  private let passes64: Passes

  /// Parses and differentiates a formula.
  ///
  /// - Parameters:
  ///   - inputs: the names of the inputs.
  ///   - optional: the inputs that need not occur.
  ///   - hasWindows: true if `sum` and the like combine the entries of a window.
  ///   - isMasked: true if some windows have fewer entries than others.
  ///   - adds: true for a loss, whose value is a sum and whose cotangent is one number.
  ///   - saves: true if forward saves values for backward.
  init(
    _ text: String, inputs: [String], optional: Set<String> = [], parameters: [Parameter] = [],
    constants: [(name: String, value: Double)] = [], hasWindows: Bool = false,
    isMasked: Bool = false, adds: Bool = false, saves: Bool = false
  ) throws(FormulaError) {
    self.text = text
    self.inputs = inputs
    self.parameters = parameters
    self.constants = constants
    let levels = parameters.map { parameter -> Expression.Level in
      switch parameter.extent {
      case .scalar: .all
      case .features, .channels: hasWindows ? .group : .entry
      }
    }
    var graph = Expression(inputs: inputs.map { _ in .entry }, parameters: levels)
    var names: [FormulaParser.Name] = []
    for (k, name) in inputs.enumerated() {
      names.append((FormulaToken.canonical(name), graph.insert(.input(k))))
    }
    for (k, parameter) in parameters.enumerated() {
      let node = graph.limited(graph.insert(.parameter(k)), to: parameter.range)
      names.append((FormulaToken.canonical(parameter.name), node))
    }
    for (name, value) in constants {
      names.append((FormulaToken.canonical(name), graph.number(value)))
    }
    let parsed = try FormulaParser.parse(text, names: names, in: graph)
    graph = parsed.expression
    value = parsed.value
    let needed = graph.reachable(from: value)
    guard needed.contains(where: { graph.nodes[$0].isInput }) else {
      throw FormulaError(
        message: "the formula does not depend on \(inputs.joined(separator: " or "))", position: 0)
    }
    if let unused = names.first(where: {
      !parsed.used.contains($0.name) && !optional.contains($0.name)
    }) {
      throw FormulaError(message: "'\(unused.name)' does not occur in the formula", position: 0)
    }
    let combines = needed.contains { graph.nodes[$0].combinesEntries }
    hasEntries = graph.levels[value] == .entry
    if hasWindows, hasEntries {
      throw FormulaError(
        message: "the result must have one number per window: combine the entries with sum, mean, "
          + "max, min or prod", position: 0)
    }
    grouping = hasWindows ? .window : combines ? .sample : .none
    graph.outputLevel = adds ? .all : hasEntries ? .entry : .group
    let seed = graph.insert(.cotangent)
    gradients = graph.differentiate(value, seed: seed, combines: combines || hasWindows)
    graph.outputLevel = hasEntries ? .entry : .group
    expression = graph

    let (value, gradients) = (value, gradients)
    let isElementwise = grouping == .none
    var outputs: [(StripProgram.Port, Expression.ID)] = adds ? [(.output, value)] : []
    for (k, id) in gradients.inputs.enumerated() {
      if let id, !adds || k == 0 { outputs.append((.inputGradient(k), id)) }
    }
    for (k, id) in gradients.parameters.enumerated() {
      if let id { outputs.append((.parameterGradient(k), id)) }
    }
    func compile(isDouble: Bool, isSample: Bool = false) -> Passes {
      let target = StripProgram.Target(
        isDouble: isDouble, isElementwise: isElementwise, isSample: isSample, isMasked: isMasked)
      if saves {
        return StripProgram.compile(graph, for: target, value: value, gradients: outputs)
      }
      return (
        StripProgram.compile(graph, for: target, writing: [(.output, value)]),
        StripProgram.compile(graph, for: target, writing: outputs)
      )
    }
    passes32 = compile(isDouble: false)
    passes64 = compile(isDouble: true)
    // The others need the entries of a group in order.
    let isInAnyOrder = !graph.nodes.contains { node in
      switch node {
      case .productOfOthers, .isFirst: true
      default: false
      }
    }
    if saves, grouping == .sample, isInAnyOrder {
      samples32 = compile(isDouble: false, isSample: true)
      samples64 = compile(isDouble: true, isSample: true)
    } else {
      (samples32, samples64) = (nil, nil)
    }
  }

  /// The formula as it is written, for an explanation.
  func literal() throws(FormulaError) -> (Expression, Expression.ID) {
    var graph = Expression(
      inputs: expression.inputLevels, parameters: expression.parameterLevels, isLiteral: true)
    var names: [FormulaParser.Name] = []
    for (k, name) in inputs.enumerated() {
      names.append((FormulaToken.canonical(name), graph.insert(.input(k))))
    }
    for (k, parameter) in parameters.enumerated() {
      names.append((FormulaToken.canonical(parameter.name), graph.insert(.parameter(k))))
    }
    for (name, value) in constants {
      names.append((FormulaToken.canonical(name), graph.number(value)))
    }
    let parsed = try FormulaParser.parse(text, names: names, in: graph)
    return (parsed.expression, parsed.value)
  }

  /// - Parameter isSample: whether a strip is one sample, as `strip(ofSample:)` says.
  func forward<S: Scalar>(_ type: S.Type, isSample: Bool = false) -> StripProgram {
    passes(type, isSample: isSample).forward
  }

  func backward<S: Scalar>(_ type: S.Type, isSample: Bool = false) -> StripProgram {
    passes(type, isSample: isSample).backward
  }

  private func passes<S: Scalar>(_ type: S.Type, isSample: Bool) -> Passes {
    let isDouble = S.self == Double.self
    if isSample, let passes = isDouble ? samples64 : samples32 { return passes }
    return isDouble ? passes64 : passes32
  }

  /// The rows and columns of a strip that is one sample of `entries` numbers. Nil if there is no such
  /// strip: if the sample is short, or a large prime number.
  func strip(ofSample entries: Int) -> (rows: Int, columns: Int)? {
    guard samples32 != nil, entries >= 64 else { return nil }
    var rows = (entries - 1) / 512 + 1
    while rows * 32 <= entries {
      if entries % rows == 0 { return (rows, entries / rows) }
      rows += 1
    }
    return nil
  }

  /// The width of strips over groups of `entries` numbers.
  func width(entries: Int) -> Int { passes32.forward.width(entries: entries) }

  /// The numbers of scratch memory for strips over groups of `entries` numbers.
  ///
  /// - Parameters:
  ///   - isSample: whether a strip is one sample.
  ///   - expanded: the numbers of one sample's expanded parameters.
  ///   - table: the numbers of a table of windows or of repeated inputs.
  func room(
    entries: Int, width: Int, isSample: Bool = false, expanded: Int, table: Int = 0
  ) -> Int {
    let programs = passes(isSample: isSample).flatMap { [$0.forward, $0.backward] }
    // Each parameter has a copy and accumulators; each tensor that is not read in place, a strip.
    let rows = programs.map { Shape([$0.entryRegisters, entries, width]).count }.max() ?? 0
    let others = programs.map { $0.groupRegisters }.max() ?? 0
    let more =
      (2 * parameters.count + 2 * inputs.count + 2 + others) * width
    let copies = Shape([2 * parameters.count, expanded]).count
    return Formula.sum([rows, copies, more, table])
  }

  /// The numbers that forward saves for backward per sample.
  ///
  /// - Parameters:
  ///   - groups: the groups of a sample, each of `entries` numbers.
  ///   - isSample: whether a strip is one sample.
  func savedNumbers(groups: Int, entries: Int, isSample: Bool = false) -> Int {
    let counts = passes(isSample: isSample).map { passes in
      Formula.sum(passes.forward.saved.map { Shape([groups, $0 ? entries : 1]).count })
    }
    return counts.max() ?? 0
  }

  private func passes(isSample: Bool) -> [Passes] {
    isSample ? [samples32, samples64].compactMap { $0 } : [passes32, passes64]
  }

  /// The sum; `Int.max` if it overflows.
  private static func sum(_ numbers: [Int]) -> Int {
    numbers.reduce(0) {
      let (sum, overflow) = $0.addingReportingOverflow($1)
      return overflow ? .max : sum
    }
  }
}

extension Expression.Node {
  var isInput: Bool { if case .input = self { true } else { false } }

  /// True if the node has one number for all entries of a group.
  var combinesEntries: Bool {
    switch self {
    case .reduce, .norm, .softmax, .logSoftmax, .entryCount: true
    default: false
    }
  }
}

extension Expression {
  /// The nodes that a node's value depends on, itself included.
  func reachable(from id: ID) -> Set<ID> {
    var found: Set<ID> = [id]
    var waiting = [id]
    while let next = waiting.popLast() {
      for operand in Expression.operands(of: nodes[next]) where found.insert(operand).inserted {
        waiting.append(operand)
      }
    }
    return found
  }

  /// A number within the range, as a smooth function of ρ:
  ///
  ///     a + ln(1 + e^ρ) for numbers above a,  b − ln(1 + e^ρ) below b,
  ///     a + (b − a)σ(ρ) between a and b
  mutating func limited(_ rho: ID, to range: Interval?) -> ID {
    guard let range else { return rho }
    switch (range.lower.isFinite, range.upper.isFinite) {
    case (true, true):
      let share = unary(.logistic, rho)
      return add(number(range.lower), multiply(number(range.upper - range.lower), share))
    case (true, false): return add(number(range.lower), unary(.softplus, rho))
    case (false, true): return subtract(number(range.upper), unary(.softplus, rho))
    case (false, false): return rho
    }
  }
}
