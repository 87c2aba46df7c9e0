import Files
import NNExp

/// A CSV file: its bytes and its columns' names. Its locations are found again by
/// scanning, once a message needs one.
struct CSVTable: Sendable {
  static let mostColumns = 100_000

  let path: String
  let hasHeader: Bool
  let names: [String]
  let bytes: CSVBytes
  let delimiter: UInt8

  /// Where the first sample begins.
  let start: Int

  /// Reads the first line. A UTF-8 byte order mark before it does not count.
  init(_ bytes: CSVBytes, path: String, delimiter: UInt8, hasHeader: Bool) throws {
    self.bytes = bytes
    self.path = path
    self.delimiter = delimiter
    self.hasHeader = hasHeader
    let origin = CSVOrigin(path: path, bytes: bytes)
    let mark = try bytes.read(0..<min(3, bytes.count))
    if mark.starts(with: [0xFF, 0xFE]) || mark.starts(with: [0xFE, 0xFF]) {
      throw Diagnostic("the file is UTF-16; save it as UTF-8", at: origin.location(at: 0))
    }
    let head = mark == [0xEF, 0xBB, 0xBF] ? 3 : 0
    guard try !origin.isBlank(from: head) else {
      throw Diagnostic("the file is empty", at: origin.location(at: head))
    }
    var names: [String] = []
    var seen: Set<ByteText> = []
    var end = head
    try origin.forEachPart(from: head) { bytes, base in
      var scanner = CSVScanner(delimiter: delimiter, position: 0)
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
        let name =
          hasHeader ? try origin.text(of: field, in: bytes, base: base) : "column_\(names.count)"
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
    start = hasHeader ? end : head
  }

  var origin: CSVOrigin { CSVOrigin(path: path, bytes: bytes) }

  /// The field of a sample (from 0), by its location in the file; nil where the
  /// file has no such field.
  func field(row: Int, column: Int) -> CSVField? {
    var found: CSVField?
    var skipped = 0
    try? origin.forEachPart(from: start) { bytes, base in
      var scanner = CSVScanner(delimiter: delimiter, position: 0)
      while skipped < row {
        guard scanner.position < bytes.count else { return true }
        if try scanner.next(in: bytes).endsRecord { skipped += 1 }
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
}
