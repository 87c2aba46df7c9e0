import Files
public import NNExp

/// A table of numbers that nnexp wrote, such as metrics.csv: the names of the columns, and rows
/// of numbers and empty cells.
public struct CSVTable: Sendable {
  public private(set) var columns: [String] = []
  public private(set) var rows: [[Double?]] = []

  private let origin: CSVOrigin
  private var header: [CSVField] = []

  /// Reads the bytes of a file and ignores empty lines. Throws a located diagnostic if they are
  /// not such a table.
  ///
  /// - Parameter isGrowing: true if a run may be writing the file. A last row without a line
  ///   end is then ignored.
  public init(_ bytes: [UInt8], path: String, isGrowing: Bool = false) throws {
    let end = isGrowing ? bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0 : bytes.count
    let bytes = Array(bytes[..<end])
    origin = CSVOrigin(path: path, bytes: .held(bytes))
    var scanner = CSVScanner(delimiter: UInt8(ascii: ","))
    while scanner.position < bytes.count {
      let row: [CSVField]
      do throws(CSVFault) { row = try scanner.nextRecord(in: bytes.span) } catch {
        throw origin.diagnostic(of: error)
      }
      if row.count == 1, row[0].range.isEmpty, !row[0].isQuoted { continue }
      let texts = try row.map { try origin.text(of: $0, in: bytes.span) }
      if header.isEmpty {
        try readHeader(row, texts)
      } else {
        rows.append(try numbers(row, texts))
      }
    }
  }

  private mutating func readHeader(_ row: [CSVField], _ texts: [String]) throws {
    header = row
    columns = texts
    for (index, column) in columns.enumerated() where columns[..<index].contains(text: column) {
      throw Diagnostic("the column '\(column)' occurs twice", at: headerLocation(of: index))
    }
  }

  private func numbers(_ row: [CSVField], _ texts: [String]) throws -> [Double?] {
    guard texts.count == columns.count else {
      throw Diagnostic(
        "a row of \(texts.count) cells under \(columns.count) columns",
        at: origin.location(of: row[0]))
    }
    return try zip(row, texts).map { field, text in
      if text.isEmpty { return nil }
      guard let number = Double(text) else {
        throw Diagnostic("expected a number, found '\(text)'", at: origin.location(of: field))
      }
      return number
    }
  }

  /// The index of a column in each row; nil if there is no such column.
  public func index(of column: String) -> Int? { columns.firstIndex(ofText: column) }

  /// The location of a column's name; the beginning of the file if it has no header.
  public func headerLocation(of column: Int) -> SourceLocation {
    header.indices.contains(column) ? origin.location(of: header[column]) : origin.location(at: 0)
  }
}
