import NNExp

/// The choice of the values that forward saves for backward.
extension StripBuilder {
  /// The values that `indices` depend on, themselves included, in the order of computation.
  ///
  /// - Parameter known: values whose operands are not needed.
  func reachable(from indices: [Int], until known: some Collection<Int> = []) -> [Int] {
    let known = Set(known)
    var found = Set(indices)
    var waiting = indices
    while let next = waiting.popLast() {
      guard !known.contains(next), case .operation(_, let operands) = values[next].content
      else { continue }
      for operand in operands where found.insert(operand).inserted { waiting.append(operand) }
    }
    return found.sorted()
  }

  /// The values of forward that backward reads: y, which is in memory anyway, and the values that
  /// take longer to compute again than to store and load.
  ///
  /// - Parameters:
  ///   - y: the value that forward writes.
  ///   - gradients: the values that backward writes.
  func valuesToSave(
    forward y: Int, backward gradients: [Int]
  ) -> (saved: [Int], readsOutput: Bool) {
    let computed = reachable(from: [y]).filter(isComputedPerGroup)
    let read = reachable(from: gradients, until: computed)
    var saved: [Int] = []
    for value in computed where value != y && read.contains(value) {
      let again = reachable(from: [value], until: saved)
        .filter { isComputedPerGroup($0) && !saved.contains($0) }
      if again.reduce(0, { $0 + cost(of: $1) }) > loadCost * rows(of: value) {
        saved.append(value)
      }
    }
    return (saved, isComputedPerGroup(y) && read.contains(y))
  }

  private func isComputedPerGroup(_ value: Int) -> Bool {
    guard case .operation = values[value].content else { return false }
    return values[value].level != .all
  }

  /// The time to store and load a row, relative to an addition, which is also limited by the
  /// first-level cache.
  private var loadCost: Int { 6 }

  /// The number of rows of a value: an estimate, because a program serves windows of any size.
  private func rows(of value: Int) -> Int {
    !target.isElementwise && values[value].level == .entry ? 4 : 1
  }

  /// The time of an operation relative to an addition.
  private func cost(of value: Int) -> Int {
    guard case .operation(let operation, let operands) = values[value].content else { return 0 }
    switch operation {
    case .sum, .product, .largest, .smallest: return rows(of: operands[0])
    case .productOfOthers, .first: return 10 * rows(of: value)
    case .divide, .sqrt, .share: return 4 * rows(of: value)
    case .exp, .log, .logistic: return 8 * rows(of: value)
    case .expm1, .log1p, .tanh, .gaussian, .erf, .sin, .cos: return 12 * rows(of: value)
    case .erfc, .power: return 30 * rows(of: value)
    default: return rows(of: value)
    }
  }
}
