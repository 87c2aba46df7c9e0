import NNExp

/// The columns of a file that identify its rows; predictions.csv repeats them.
public struct RowIDs: Sendable {
  /// The names of the columns.
  public let names: [String]

  /// Per column, its distinct texts and, per row, an index into them.
  private let columns: [(texts: [String], codes: [Int])]

  /// Nil if there are no such columns.
  init?(_ columns: SourceColumns?) throws {
    guard let columns, !columns.layout.names.isEmpty else { return nil }
    names = columns.layout.names
    self.columns = try names.indices.map { index in
      let cells = try columns.cells(of: index)
      guard let texts = columns.layout.categories[index] else {
        return (cells.map { $0.isNaN ? "" : shortest($0) }, Array(cells.indices))
      }
      return (texts + [""], cells.map { $0.isNaN ? texts.count : Int($0) })
    }
  }

  /// The texts of one row of the file; rows are counted from 0.
  public func texts(ofRow row: Int) -> [String] { columns.map { $0.texts[$0.codes[row]] } }
}
