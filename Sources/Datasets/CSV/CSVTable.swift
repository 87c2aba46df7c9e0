import Files
import NNExp

/// A CSV file: its bytes and the names of its columns. The location of a cell is found by
/// scanning the file again if a message needs it.
struct CSVTable: Sendable {
  static let mostColumns = 100_000

  let path: String
  let format: CSVFormat
  let names: [String]
  let bytes: CSVBytes

  /// The offset of the first sample.
  let start: Int

  var hasHeader: Bool { format.hasHeader }

  /// Reads the first line. A UTF-8 byte order mark before it is ignored.
  init(_ bytes: CSVBytes, path: String, format: CSVFormat) throws {
    self.bytes = bytes
    self.path = path
    self.format = format
    let origin = CSVOrigin(path: path, bytes: bytes, encodingNotes: CSVTable.encodingNotes)
    let head = try bytes.read(0..<min(4096, bytes.count))
    try ForeignFile.check(head, origin)
    var line = head.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard try !origin.isBlank(from: line) else {
      throw Diagnostic("the file is empty", at: origin.location(at: line))
    }
    line = try CSVTable.skip(format.skippedLines, in: origin, from: line)
    var names: [String] = []
    var seen: Set<ByteText> = []
    var end = line
    try origin.forEachPart(from: line) { bytes, base in
      var scanner = format.scanner()
      scanner.position = format.endOfComments(in: bytes, from: 0)
      line = base + scanner.position
      var isAtEnd = false
      while !isAtEnd {
        let field: CSVField
        do throws(CSVFault) {
          field = try scanner.next(in: bytes)
        } catch {
          throw origin.diagnostic(of: error, base: base)
        }
        guard names.count < CSVTable.mostColumns else {
          throw Diagnostic(
            "more than \(CSVTable.mostColumns) columns",
            at: origin.location(of: field.moved(by: base)))
        }
        var name =
          format.hasHeader
          ? try origin.text(of: field, in: bytes, base: base) : "column_\(names.count)"
        if !field.isQuoted { name = String(Substring(name).trimmed) }
        guard seen.insert(ByteText(name)).inserted else {
          throw Diagnostic(
            "two columns are named '\(excerpt(name))'",
            at: origin.location(of: field.moved(by: base)),
            notes: [.init("write 'header: false' if the first line holds no names")])
        }
        names.append(name)
        isAtEnd = field.endsRecord
      }
      end = base + scanner.position
      return false
    }
    self.names = names
    start = format.hasHeader ? end : line
    try checkFirstLine(from: line)
  }

  var origin: CSVOrigin {
    CSVOrigin(path: path, bytes: bytes, encodingNotes: CSVTable.encodingNotes)
  }

  private static let encodingNotes = [
    Diagnostic.Note("write 'encoding: latin1' if it is ISO 8859-1 or Windows-1252")
  ]

  /// The offset after `count` lines.
  private static func skip(_ count: Int, in origin: CSVOrigin, from start: Int) throws -> Int {
    guard count > 0 else { return start }
    var lines = 0
    var position = start
    var isAfterCR = false
    try origin.bytes.forEachBlock(from: start) { bytes, base in
      for i in 0..<bytes.count {
        let byte = bytes[i]
        if lines == count, !(isAfterCR && byte == 0x0A) { return false }
        position = base + i + 1
        if byte == 0x0A && !isAfterCR || byte == 0x0D { lines += 1 }
        isAfterCR = byte == 0x0D
      }
      return true
    }
    guard position < origin.bytes.count else {
      throw Diagnostic(
        "the file has no line left after 'skip_rows: \(count)'", at: origin.location(at: start))
    }
    return position
  }

  /// The field of a sample (counted from 0) with its location in the file; nil if the file
  /// has no such field.
  func field(row: Int, column: Int) -> CSVField? {
    var found: CSVField?
    var skipped = 0
    try? origin.forEachPart(from: start) { bytes, base in
      var scanner = format.scanner()
      scanner.position = format.endOfComments(in: bytes, from: 0)
      while skipped < row {
        guard scanner.position < bytes.count else { return true }
        if try scanner.next(in: bytes).endsRecord {
          skipped += 1
          scanner.position = format.endOfComments(in: bytes, from: scanner.position)
        }
      }
      guard scanner.position < bytes.count else { return true }
      guard try !origin.isBlank(from: base + scanner.position) else { return false }
      for position in 0...column {
        let field = try scanner.next(in: bytes)
        if position == column { found = field.moved(by: base) }
        if field.endsRecord { return false }
      }
      return false
    }
    return found
  }

  func location(row: Int, column: Int) -> SourceLocation {
    origin.location(of: field(row: row, column: column))
  }

  /// The text of a cell; nil if there is no such cell.
  func text(row: Int, column: Int) -> String? {
    field(row: row, column: column).flatMap { try? origin.text(of: $0) }
  }

  // MARK: Checks of the declared format

  /// Throws if the first line shows that the file does not have the declared format.
  private func checkFirstLine(from start: Int) throws {
    let location = origin.location(at: start)
    let line = location.source.lines.first ?? ""
    let first = line.utf8.first
    func refuse(_ fact: String, _ remedy: String) -> Diagnostic {
      Diagnostic(fact, at: location, notes: [.init(remedy)])
    }
    if format.comment == nil, first == UInt8(ascii: "#") || first == UInt8(ascii: "%") {
      let mark = String(UnicodeScalar(first ?? 0x23))
      let isHeader =
        text(row: 0, column: 0) != nil && text(row: 0, column: names.count - 1) != nil
        && (names.count > 1 || !line.contains(byte: " "))
        && text(row: 0, column: names.count) == nil
      if !isHeader {
        throw refuse(
          "the file begins with a line of comments",
          "write 'comment: \"\(mark)\"' to leave such lines out")
      }
    }
    if names.count == 1, !format.skipsBlanks {
      let bytes = Array(line.utf8)
      for (mark, name) in [(";", "\";\""), ("\t", "tab"), (",", "\",\""), ("|", "\"|\"")] {
        guard let byte = mark.utf8.first, byte != format.delimiter else { continue }
        let count = bytes.count(where: { $0 == byte })
        if count > 0 {
          throw refuse(
            "the first line is one field, but holds \(counted(count, mark == "\t" ? "tab" : "'\(mark)'"))",
            "write 'delimiter: \(name)' if that separates the fields")
        }
      }
    }
    if format.delimiter == 0x20, !format.skipsBlanks, line.contains(text: "  ") || first == 0x20 {
      throw refuse(
        "there are runs of blanks between fields",
        "write 'delimiter: whitespace' to read a run as one")
    }
    if format.hasHeader, !format.headerIsDeclared, names.count > 1,
      names.allSatisfy({ isNumber($0) }),
      names.indices.allSatisfy({ column in text(row: 0, column: column).map(isNumber) ?? false })
    {
      throw refuse(
        "the first line holds numbers where names of columns are expected",
        "write 'header: false' if it is the first row, or 'header: true' if the numbers are names")
    }
  }

  private func isNumber(_ text: String) -> Bool {
    if case .notANumber = format.numbers.read(Array(text.utf8)) { false } else { true }
  }
}

extension CSVFormat {
  func scanner() -> CSVScanner { CSVScanner(delimiter: delimiter, skipsBlanks: skipsBlanks) }

  /// The offset after the comments that begin with the first byte of a line.
  func endOfComments(in bytes: borrowing Span<UInt8>, from start: Int) -> Int {
    guard let comment else { return start }
    var i = start
    while i < bytes.count, bytes[i] == comment {
      while i < bytes.count, bytes[i] != 0x0A, bytes[i] != 0x0D { i += 1 }
      if i < bytes.count {
        i += bytes[i] == 0x0D && i + 1 < bytes.count && bytes[i + 1] == 0x0A ? 2 : 1
      }
    }
    return i
  }
}
