import NNExp

/// A value of a CSV row. Empty means: not measured.
public enum Cell: Sendable, Hashable {
  case empty
  case int(Int)
  case number(Double)
  /// Written with the digits that float32 needs: 0.1, not 0.10000000149011612.
  case float(Float)
  case text(String)

  /// Empty where there is no value.
  public init(_ value: Double?) { self = value.map(Cell.number) ?? .empty }
  public init(_ value: Int?) { self = value.map(Cell.int) ?? .empty }
  public init(_ value: String?) { self = value.map(Cell.text) ?? .empty }
}

extension Cell: ExpressibleByNilLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral
{
  public init(nilLiteral: ()) { self = .empty }
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .text(value) }
}

/// CSV rows as bytes, in memory: RFC 4180, but with lines that end in `\n`.
///
/// Numbers are the shortest decimals that read back as the same numbers; what
/// is not finite is `nan`, `inf` or `-inf`.
public struct CSVText: Sendable {
  /// The header's names.
  public let columns: [String]

  /// The rows so far, the header among them unless it was taken out.
  public internal(set) var bytes: [UInt8] = []

  /// - Precondition: there is a column, and no name twice.
  public init(columns: [String]) {
    precondition(!columns.isEmpty, "a CSV file has at least one column")
    let sorted = columns.sorted { $0.precedes(byBytes: $1) }
    for (name, next) in zip(sorted, sorted.dropFirst()) {
      precondition(!name.hasSameBytes(as: next), "two columns have one name: '\(name)'")
    }
    self.columns = columns
    append(columns.map(Cell.text))
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
