import NNExp

/// The columns of a file that identify its rows, as predictions repeat them.
public struct RowIDs: Sendable {
  /// The columns' own names.
  public let names: [String]

  /// By column the distinct texts, and by row an index into them.
  private let columns: [(texts: [String], codes: [Int])]

  /// Nil if there is no such column.
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

  /// The texts of one row of the file, counted from 0.
  public func texts(ofRow row: Int) -> [String] { columns.map { $0.texts[$0.codes[row]] } }
}
