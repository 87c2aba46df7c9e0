import NNExp

/// CSV rows in memory, as bytes: RFC 4180, but with lines that end in `\n`.
///
/// Numbers are written as the shortest decimals that read back as the same numbers. Numbers
/// that are not finite are `nan`, `inf` or `-inf`.
public struct CSVText: Sendable {
  /// The names in the header.
  public let columns: [String]

  /// The rows so far, including the header unless it was removed.
  public internal(set) var bytes: [UInt8] = []

  /// The rows so far as text.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// - Precondition: there is at least one column, and no two have the same name.
  public init(columns: [String]) {
    precondition(!columns.isEmpty, "a CSV file has at least one column")
    precondition(CSVText.duplicate(in: columns) == nil, "two columns have one name")
    self.columns = columns
    append(columns.map(Cell.text))
  }

  /// Creates rows for columns whose names come from a file. Throws if two columns have the same
  /// name.
  public init(_ file: String, columns: [String]) throws {
    if let name = CSVText.duplicate(in: columns) {
      throw Diagnostic("two columns of \(file) would be named '\(name)'")
    }
    self.init(columns: columns)
  }

  private static func duplicate(in names: [String]) -> String? {
    let sorted = names.sorted { $0.precedes(byBytes: $1) }
    return zip(sorted, sorted.dropFirst()).first { $0.hasSameBytes(as: $1) }?.0
  }

  /// Appends a row.
  ///
  /// - Precondition: the row has one cell per column.
  public mutating func append(_ row: [Cell]) {
    precondition(
      row.count == columns.count, "a row of \(row.count) cells for \(columns.count) columns")
    for (index, cell) in row.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      switch cell {
      case .empty: break
      case .int(let value): bytes.append(decimal: value)
      case .number(let value): bytes.append(shortest: value)
      case .float(let value): bytes.append(shortest: value)
      case .text(let value): append(value)
      }
    }
    // Readers skip empty lines, so that a row with one empty cell is written as `""`.
    if row.count == 1, row[0] == .empty || row[0] == .text("") { bytes += #""""#.utf8 }
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func append(_ text: String) {
    let quote = UInt8(ascii: "\"")
    let mustQuote = text.utf8.contains {
      $0 == quote || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
    }
    guard mustQuote else {
      bytes += text.utf8
      return
    }
    bytes.append(quote)
    for byte in text.utf8 {
      if byte == quote { bytes.append(quote) }
      bytes.append(byte)
    }
    bytes.append(quote)
  }
}
