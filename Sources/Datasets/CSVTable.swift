import NNExp

/// A CSV file: its bytes and its columns' names. Its places are found again by
/// scanning, once a message needs one.
struct CSVTable: Sendable {
  static let mostColumns = 100_000

  let path: String
  let hasHeader: Bool
  let names: [String]
  let bytes: [UInt8]
  let delimiter: UInt8

  /// Where the first sample begins.
  let start: Int

  /// Reads the first line. A UTF-8 byte order mark before it does not count.
  init(_ bytes: [UInt8], path: String, delimiter: UInt8, hasHeader: Bool) throws {
    self.bytes = bytes
    self.path = path
    self.delimiter = delimiter
    self.hasHeader = hasHeader
    let origin = CSVOrigin(path: path, bytes: bytes)
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw Diagnostic("the file is UTF-16; save it as UTF-8", at: origin.place(at: 0))
    }
    let head = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard !CSVTable.isBlank(bytes.span, from: head) else {
      throw Diagnostic("the file is empty", at: origin.place(at: head))
    }
    var scanner = CSVScanner(delimiter: delimiter, position: head)
    var names: [String] = []
    var seen: Set<String> = []
    var isAtEnd = false
    while !isAtEnd {
      let field: CSVField
      do throws(CSVFault) {
        field = try scanner.next(in: bytes.span)
      } catch {
        throw origin.diagnostic(of: error)
      }
      let place = field.isQuoted ? field.range.lowerBound - 1 : field.range.lowerBound
      guard names.count < CSVTable.mostColumns else {
        throw Diagnostic(
          "more than \(CSVTable.mostColumns) columns", at: origin.place(at: place))
      }
      let name = hasHeader ? try origin.text(of: field) : "column_\(names.count)"
      guard seen.insert(name).inserted else {
        throw Diagnostic(
          "two columns are named '\(excerpt(name))'", at: origin.place(at: place),
          notes: [.init("write 'header: false' if the first line holds no names")])
      }
      names.append(name)
      isAtEnd = field.endsRecord
    }
    self.names = names
    start = hasHeader ? scanner.position : head
  }

  var origin: CSVOrigin { CSVOrigin(path: path, bytes: bytes) }

  /// True if nothing but line ends is left.
  static func isBlank(_ bytes: borrowing Span<UInt8>, from start: Int) -> Bool {
    var i = start
    while i < bytes.count {
      guard bytes[i] == 0x0A || bytes[i] == 0x0D else { return false }
      i += 1
    }
    return true
  }

  /// The field of a sample (from 0); nil where the file has no such field.
  func field(row: Int, column: Int) -> CSVField? {
    var scanner = CSVScanner(delimiter: delimiter, position: start)
    var skipped = 0
    while skipped < row {
      guard scanner.position < bytes.count, let field = try? scanner.next(in: bytes.span) else {
        return nil
      }
      if field.endsRecord { skipped += 1 }
    }
    guard !CSVTable.isBlank(bytes.span, from: scanner.position) else { return nil }
    for position in 0...column {
      guard let field = try? scanner.next(in: bytes.span) else { return nil }
      if position == column { return field }
      if field.endsRecord { return nil }
    }
    return nil
  }

  func place(row: Int, column: Int) -> Place {
    origin.place(of: field(row: row, column: column))
  }
}

/// Tells places and texts of a CSV file.
struct CSVOrigin: Sendable {
  let path: String
  let bytes: [UInt8]

  func place(of field: CSVField?) -> Place {
    guard let field else { return place(at: bytes.count) }
    return place(at: field.isQuoted ? field.range.lowerBound - 1 : field.range.lowerBound)
  }

  /// Line and column (in characters) of a byte.
  func place(at offset: Int) -> Place {
    var line = 1
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var i = start
    while i < offset {
      if bytes[i] == 0x0A || (bytes[i] == 0x0D && (i + 1 >= bytes.count || bytes[i + 1] != 0x0A)) {
        line += 1
        start = i + 1
      }
      i += 1
    }
    let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
    // The lines before are not shown; only their number counts.
    let lines =
      Array(repeating: "", count: line - 1) + [String(decoding: bytes[start..<end], as: UTF8.self)]
    let column =
      String(decoding: bytes[start..<max(start, offset)], as: UTF8.self).unicodeScalars.count
    return Place(source: Source(name: path, lines: lines), line: line, column: column + 1)
  }

  /// The text of a field, without quotes; throws where it is not UTF-8.
  func text(of field: CSVField) throws -> String {
    var content = Array(bytes[field.range])
    if field.hasDoubledQuotes {
      var single: [UInt8] = []
      var i = 0
      while i < content.count {
        single.append(content[i])
        i += content[i] == UInt8(ascii: "\"") ? 2 : 1
      }
      content = single
    }
    guard let text = String(validating: content, as: UTF8.self) else {
      throw Diagnostic("this field is not UTF-8", at: place(of: field))
    }
    return text
  }

  func diagnostic(of fault: CSVFault) -> Diagnostic {
    Diagnostic(fault.message, at: place(at: fault.offset))
  }
}
