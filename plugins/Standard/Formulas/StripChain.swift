import NNExp

/// A sequence of operations, each of which takes the result of the one before as its first
/// operand. Only the last result is stored.
struct StripChain {
  struct Step {
    let operation: StripOperation
    let operands: [Int]
    let result: Int
    /// True if the operands and the result have one row per strip, and differ between its groups.
    let isOneRow: Bool
  }

  private var last: Step?
  private var length = 0

  /// Appends a step, or begins a new chain with it.
  ///
  /// - Parameter isRead: true if the step is the only one that reads a value.
  /// - Returns: the operands in the order in which the step continues the chain; nil if it does not.
  mutating func append(_ step: Step, isReadLast: (Int) -> Bool) -> [Int]? {
    let ordered = continuation(step, isReadLast)
    length = ordered == nil ? 1 : length + 1
    last = step
    return ordered
  }

  private func continuation(_ step: Step, _ isReadLast: (Int) -> Bool) -> [Int]? {
    guard let last, length < StripStep.longestChain, last.isOneRow, step.isOneRow,
      last.operation.isChained, step.operation.isChained, isReadLast(last.result)
    else { return nil }
    var operands = step.operands
    if step.operation.commutes, operands[1] == last.result { operands.swapAt(0, 1) }
    guard operands[0] == last.result, !operands.dropFirst().contains(last.result) else {
      return nil
    }
    return operands
  }
}
