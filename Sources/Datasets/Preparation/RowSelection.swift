import NNExp

/// The rows of a source that become samples.
struct RowSelection {
  /// The rows in the order of the source.
  private(set) var rows: [Int]

  /// The number of rows that were left out because a cell is missing.
  let dropped: Int

  /// Selects all rows except those with a missing cell in a column of `fill: drop_row`.
  init(of ports: [SourcePort], count: Int) throws {
    var isComplete = [Bool](repeating: true, count: count)
    for port in ports {
      for (index, column) in port.table.enumerated()
      where column.fill == .dropRow && column.missing > 0 {
        for (row, cell) in try port.columns.cells(of: index).enumerated() where cell.isNaN {
          isComplete[row] = false
        }
      }
    }
    rows = Array(0..<count)
    if isComplete.contains(false) { rows.removeAll { !isComplete[$0] } }
    dropped = count - rows.count
  }

  /// Keeps a random part of the rows in the order of the source.
  mutating func limit(to most: Int?, seed: UInt64) {
    guard let most, most < rows.count else { return }
    let order = RandomStream(seed: seed, purpose: "limit").permutation(rows.count)
    rows = order.prefix(most).sorted().map { rows[$0] }
  }
}
