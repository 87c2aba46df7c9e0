import NNExp

/// An expression compiled to steps that run on strips of groups.
///
/// Intermediate results are in registers. A register is used again after the last step that
/// reads it.
final class StripProgram: Sendable {
  /// A tensor or number that the program reads or writes besides its registers.
  enum Port: Hashable, Sendable {
    case input(Int)
    case parameter(Int)
    case cotangent
    case entryCount
    /// 1 for the entries that a group has, 0 for the others.
    case isValid
    case output
    /// A value that forward computes and backward reads.
    case saved(Int)
    /// ∂L/∂ of an input or parameter, which the program adds to.
    case inputGradient(Int)
    case parameterGradient(Int)
  }

  /// Run once per pass: what does not depend on the group.
  let prologue: [StripStep]
  let steps: [StripStep]

  /// The registers that hold numbers of the formula.
  let numbers: [(register: StripOperand, value: Double)]

  /// The place of each port that the program uses.
  let ports: [(port: Port, place: StripOperand)]
  /// The ports among them that are pointers.
  let externals: [Port]

  /// The numbers of registers with one row, and with a row per entry.
  let groupRegisters: Int
  let entryRegisters: Int

  /// For each saved value, true if it has a number per entry, false if it has one per group.
  let saved: [Bool]

  func place(of port: Port) -> StripOperand? { ports.first { $0.port == port }?.place }

  /// True if the steps are one chain, which needs no memory for its results.
  let isOneChain: Bool

  let hasParameters: Bool

  /// The width of strips over groups of `entries` numbers: less memory than a first-level cache.
  ///
  /// The gradient of a parameter has a sum for each column of a strip.
  func width(entries: Int) -> Int {
    entries == 1 ? (hasParameters ? 256 : 512) : max(16, min(256, 2048 / entries / 16 * 16))
  }

  /// The number of rows of all registers.
  func rows(entries: Int) -> Int { groupRegisters + entryRegisters * entries }

  private init(
    _ builder: StripBuilder, writing outputs: [(Port, Int)], reading given: [Int: Port] = [:],
    saved: [Bool] = []
  ) {
    var allocation = RegisterAllocation(builder, outputs, reading: given)
    self.saved = saved
    (prologue, steps) = allocation.steps()
    isOneChain = steps.dropFirst().allSatisfy(\.continuesChain)
    hasParameters = !builder.expression.parameterLevels.isEmpty
    numbers = allocation.numbers
    ports = allocation.ports
    externals = allocation.externals
    groupRegisters = allocation.groupRegisters
    entryRegisters = allocation.entryRegisters
  }
}

extension StripProgram {
  /// The properties of the passes that a program is compiled for.
  struct Target: Sendable {
    /// The precision: float64 computes slopes without cancellation.
    var isDouble: Bool
    /// True if no operation combines the entries of a group: a group is one entry, and tensors
    /// are read in place.
    var isElementwise: Bool
    /// True if a group is one sample, in place: rows of adjacent numbers.
    var isSample = false
    /// True if some groups lack entries: windows that extend into the padding.
    var isMasked: Bool
  }

  /// Compiles the nodes that the program writes.
  static func compile(
    _ expression: Expression, for target: Target, writing outputs: [(Port, Expression.ID)]
  ) -> StripProgram {
    var builder = StripBuilder(expression, target)
    let values = outputs.map { ($0.0, builder.lower($0.1)) }
    return StripProgram(builder, writing: values)
  }

  /// Compiles both passes; forward saves what takes backward longer to compute than to load.
  static func compile(
    _ expression: Expression, for target: Target, value: Expression.ID,
    gradients: [(Port, Expression.ID)]
  ) -> (forward: StripProgram, backward: StripProgram) {
    var builder = StripBuilder(expression, target)
    let y = builder.lower(value)
    let outputs = gradients.map { ($0.0, builder.lower($0.1)) }
    let known = builder.valuesToSave(forward: y, backward: outputs.map { $0.1 })
    var given: [Int: Port] = known.readsOutput ? [y: .output] : [:]
    for (k, value) in known.saved.enumerated() { given[value] = .saved(k) }
    // In place, each has as many numbers as the sample.
    let isInPlace = target.isElementwise || target.isSample
    let rows = known.saved.map { !isInPlace && builder.values[$0].level == .entry }
    let stores = known.saved.enumerated().map { (Port.saved($0.offset), $0.element) }
    return (
      StripProgram(builder, writing: stores + [(.output, y)], saved: rows),
      StripProgram(builder, writing: outputs, reading: given, saved: rows)
    )
  }
}
