import NNExp

/// CSV rows as bytes, in memory: RFC 4180, but with lines that end in `\n`.
///
/// Numbers are the shortest decimals that read back as the same numbers; what
/// is not finite is `nan`, `inf` or `-inf`.
public struct CSVText: Sendable {
  /// The header's names.
  public let columns: [String]

  /// The rows so far, the header among them unless it was taken out.
  public internal(set) var bytes: [UInt8] = []

  /// The rows so far as text.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// - Precondition: there is a column, and no name twice.
  public init(columns: [String]) {
    precondition(!columns.isEmpty, "a CSV file has at least one column")
    precondition(CSVText.duplicate(in: columns) == nil, "two columns have one name")
    self.columns = columns
    append(columns.map(Cell.text))
  }

  /// The same with names that a file gave. Throws if two columns would have one name.
  public init(_ file: String, columns: [String]) throws {
    if let name = CSVText.duplicate(in: columns) {
      throw Diagnostic("two columns of \(file) would be named '\(name)'")
    }
    self.init(columns: columns)
  }

  private static func duplicate(in names: [String]) -> String? {
    var known: Set<ByteText> = []
    return names.first { !known.insert(ByteText($0)).inserted }
  }

  /// Appends a row.
  ///
  /// - Precondition: one cell a column.
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
    // Readers skip an empty line; a single empty cell must not look like one.
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
