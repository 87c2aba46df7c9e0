import NNExp

extension PortEncoding {
  /// The range within which each number of a sample is expected, and the name of its column.
  private var limits: [(number: Int, name: String, range: ClosedRange<Double>)] {
    if let range {
      return layout.expandedNames.enumerated().map { ($0, $1, range) }
    }
    var limits: [(Int, String, ClosedRange<Double>)] = []
    var number = 0
    for column in table {
      if let range = column.range { limits.append((number, column.name, range)) }
      number += column.width
    }
    return limits
  }

  /// One warning per column with values far outside the range of the training data; for arrays,
  /// one per port. A value is far outside if it is farther from the range than the range is wide.
  ///
  /// - Parameter rows: those of `columns` that are samples.
  func distantValues(in columns: SourceColumns, rows: [Int]) throws -> [Diagnostic] {
    if port.isIndices { return [] }
    let limits = self.limits
    if limits.isEmpty { return [] }
    var values = [Double](repeating: 0, count: columns.layout.width)
    // By column, or one for all numbers of an array: the first value and the number of rows.
    var found: [(row: Int, value: Double, limit: Int, rows: Int)?] =
      Array(repeating: nil, count: range == nil ? limits.count : 1)
    for row in rows {
      try columns.decode(row, into: &values)
      for (index, limit) in limits.enumerated() {
        let (low, high) = (limit.range.lowerBound, limit.range.upperBound)
        let value = values[limit.number]
        guard value < low - (high - low) || value > high + (high - low) else { continue }
        let slot = range == nil ? index : 0
        found[slot] = found[slot] ?? (row, value, index, 0)
        found[slot]?.rows += 1
        // One number is enough.
        if range != nil { break }
      }
    }
    return found.compactMap { first in
      guard let first else { return nil }
      let limit = limits[first.limit]
      let others =
        first.rows == 1 ? "" : "; \(first.rows) of \(rows.count) rows are"
      return Diagnostic(
        "'\(limit.name)' is \(shortest(first.value)) in row \(first.row + 1), far outside the "
          + "training data's \(shortest(limit.range.lowerBound)) to "
          + "\(shortest(limit.range.upperBound))\(others)", severity: .warning)
    }
  }
}
