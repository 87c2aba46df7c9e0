import NNExp

/// Combines two operations into one that reads and writes memory once, if nothing else reads the
/// result of the first. Both round, as before.
struct StripFusion {
  /// The values that are computed or read, in order.
  private(set) var values: [Int]
  /// The operations of the combined values.
  private(set) var operations: [Int: StripBuilder.Value.Content] = [:]

  private let builder: StripBuilder
  private var uses: [Int]
  private let given: Set<Int>

  /// - Parameters:
  ///   - given: the values that the program reads.
  ///   - outputs: the values that it writes.
  init(_ builder: StripBuilder, _ values: [Int], given: Set<Int>, outputs: [Int]) {
    self.builder = builder
    self.values = values
    self.given = given
    uses = Array(repeating: 0, count: builder.values.count)
    for value in values where !given.contains(value) {
      guard case .operation(_, let operands) = builder.values[value].content else { continue }
      for operand in operands { uses[operand] += 1 }
    }
    for output in outputs { uses[output] += 1 }
    var absorbed: Set<Int> = []
    for value in values {
      guard let (operation, operands) = simple(value), operands.count == 2,
        builder.values[value].level != .all
      else { continue }
      for (first, second) in [(operands[0], operands[1]), (operands[1], operands[0])] {
        guard uses[first] == 1, !absorbed.contains(first), let (inner, parts) = simple(first),
          builder.values[first].level == builder.values[value].level,
          let both = StripFusion.combined(operation, inner, isFirst: first == operands[0])
        else { continue }
        operations[value] = .operation(both, parts + [second])
        absorbed.insert(first)
        break
      }
    }
    self.values = values.filter { !absorbed.contains($0) }
  }

  /// The operation and operands of a value that can be combined with another.
  private func simple(_ value: Int) -> (StripOperation, [Int])? {
    guard !given.contains(value), operations[value] == nil,
      case .operation(let operation, let operands) = builder.values[value].content
    else { return nil }
    switch operation {
    case .add, .subtract, .multiply: return (operation, operands)
    default: return nil
    }
  }

  /// The operation that adds a value to another, if only that reads it.
  func sum(of value: Int) -> StripBuilder.Value.Content? {
    if uses[value] == 1, !given.contains(value),
      case .operation(.select, let operands) = builder.values[value].content,
      builder.values[operands[2]].content == .number((0.0).bitPattern)
    {
      return .operation(.selectAdd, Array(operands[0..<2]))
    }
    guard uses[value] == 1, let (operation, operands) = simple(value),
      let both = StripFusion.combined(.add, operation, isFirst: true)
    else { return nil }
    return .operation(both, operands)
  }

  /// The operation whose third operand is the other operand of `outer`.
  ///
  /// - Parameter isFirst: true if the first operand of `outer` is the result of `inner`.
  private static func combined(
    _ outer: StripOperation, _ inner: StripOperation, isFirst: Bool
  ) -> StripOperation? {
    switch (outer, inner) {
    case (.add, .multiply): .multiplyAdd
    case (.add, .add): .addAdd
    case (.add, .subtract): .subtractAdd
    case (.subtract, .multiply): isFirst ? .multiplySubtract : .subtractProduct
    case (.multiply, .multiply): .multiplyMultiply
    case (.multiply, .add): .addMultiply
    case (.multiply, .subtract): .subtractMultiply
    default: nil
    }
  }
}
