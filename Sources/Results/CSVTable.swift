public import NNExp

/// A table of numbers that nnexp wrote, such as metrics.csv: the names of its columns,
/// and rows of numbers and empty cells.
public struct CSVTable: Sendable {
  public let columns: [String]
  public private(set) var rows: [[Double?]] = []

  private let bytes: [UInt8]
  private let path: String

  /// Reads a file's bytes; lines may end in `\r\n`, and empty lines are no rows. Throws,
  /// with the location, if they are no such table.
  ///
  /// - Parameter isGrowing: whether a run may be writing the file. A last row without its
  ///   line break is then left out.
  public init(_ bytes: [UInt8], path: String, isGrowing: Bool = false) throws {
    self.bytes = bytes
    self.path = path
    var reader = CSVReader(bytes)
    columns = try reader.next().map { CSVTable.withoutReturn($0).texts } ?? []
    for (index, column) in columns.enumerated() where columns[..<index].contains(text: column) {
      throw Diagnostic("the column '\(column)' is there twice", at: headerPlace(of: index))
    }
    while let next = try reader.next() {
      let row = CSVTable.withoutReturn(next)
      if row.bytes.isEmpty || isGrowing && !row.isWhole { continue }
      let texts = row.texts
      guard texts.count == columns.count else {
        throw Diagnostic(
          "a row of \(texts.count) cells under \(columns.count) columns",
          at: place(in: row, cell: 0))
      }
      rows.append(
        try texts.enumerated().map { index, text in
          if text.isEmpty { return nil }
          guard let number = Double(text) else {
            throw Diagnostic("expected a number, found '\(text)'", at: place(in: row, cell: index))
          }
          return number
        })
    }
  }

  /// The position of a column in each row; nil if there is no such column.
  public func index(of column: String) -> Int? { columns.firstIndex(ofText: column) }

  private static func withoutReturn(_ row: CSVRow) -> CSVRow {
    var row = row
    if row.bytes.last == UInt8(ascii: "\r") { row.bytes.removeLast() }
    return row
  }

  /// The location of a column's name; of the file's beginning, if it has no header.
  public func headerPlace(of column: Int) -> Place {
    var reader = CSVReader(bytes)
    let header = (try? reader.next()) ?? nil
    return place(in: header ?? CSVRow(bytes: [], line: 1, isWhole: false), cell: column)
  }

  private func place(in row: CSVRow, cell: Int) -> Place {
    let before = row.bytes[..<row.fields[cell].start]
    let lines = String(decoding: bytes, as: UTF8.self).split(
      atByte: "\n", omittingEmptySubsequences: false
    ).map { line in
      line.hasSuffix(bytes: "\r") ? String(Substring(line.utf8.dropLast())) : String(line)
    }
    let breaks = before.count { $0 == UInt8(ascii: "\n") }
    let text = before.suffix(before.count - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) - 1)
    return Place(
      source: Source(name: path, lines: lines), line: row.line + breaks,
      column: String(decoding: text, as: UTF8.self).unicodeScalars.count + 1)
  }
}
