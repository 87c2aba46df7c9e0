import Files
import NNExp
internal import Synchronization

/// The rows of a streamed CSV file and the meaning of its columns. A row is read each time it is
/// needed: from a file of numbers, or from the text of the CSV file. The type is a class because
/// every read uses it.
final class CSVLines: Sendable {
  /// The number of rows.
  var count: Int { stored?.numbers.count ?? max(0, starts.count - 1) }

  private let file: FileBytes

  /// The start of each row and the end of the last one; empty if the numbers are stored.
  private let starts: [Int]
  private let format: CSVFormat

  /// Per column of the file, the index of its number in a row; −1 for columns that are not
  /// read.
  private let slots: [Int]

  /// The reader of each column.
  private let cells: [CellReader]

  /// The numbers of the rows, in which a text is a code of `ScannedColumn`, and the texts of each
  /// column.
  typealias Stored = (numbers: NDArray, texts: [[String]])

  private let stored: Stored?

  /// The number of each text of each column.
  private let values: [[Double]]

  /// The row that was read last. It is kept because the ports of a row are read one after the
  /// other.
  private let latest = Mutex<(row: Int, cells: [Double])>((-1, []))

  init(
    _ file: FileBytes, starts: [Int], format: CSVFormat, slots: [Int], cells: [CellReader],
    stored: Stored?
  ) {
    self.file = file
    self.starts = starts
    self.format = format
    self.slots = slots
    self.cells = cells
    self.stored = stored
    values =
      stored.map { stored in
        zip(stored.texts, cells).map { texts, cell in texts.map { cell.number(of: $0) ?? .nan } }
      } ?? []
  }

  /// The same rows, in which the texts of the columns from `first` on have the indices of
  /// `categories`.
  ///
  /// - Precondition: the columns contain no other texts.
  func numbered(from first: Int, as categories: [[String]?]) -> CSVLines {
    var cells = cells
    for (column, texts) in categories.enumerated() {
      guard let texts else { continue }
      cells[first + column] = cells[first + column].numbered(as: texts)
    }
    return CSVLines(
      file, starts: starts, format: format, slots: slots, cells: cells, stored: stored)
  }

  /// The memory of the positions of the rows, in bytes.
  var bytes: Int { starts.count * MemoryLayout<Int>.stride }

  /// Calls `body` with the numbers of a row, one per column; a text is the index of its
  /// category.
  func withRow<Result>(_ row: Int, _ body: ([Double]) -> Result) throws -> Result {
    try latest.withLock { latest in
      if latest.row != row {
        latest.row = -1
        if latest.cells.isEmpty { latest.cells = Array(repeating: 0, count: cells.count) }
        try read(row, into: &latest.cells)
        latest.row = row
      }
      return body(latest.cells)
    }
  }

  private func read(_ row: Int, into numbers: inout [Double]) throws {
    guard let stored else { return try parse(row, into: &numbers) }
    try stored.numbers.decode(row, into: &numbers)
    for slot in numbers.indices {
      if let code = ScannedColumn.code(of: numbers[slot]) { numbers[slot] = values[slot][code] }
    }
  }

  private func parse(_ row: Int, into values: inout [Double]) throws {
    let isSimple = format.isSimple
    // A short decimal is only read if some bytes follow it.
    let end = min(starts[row + 1] + shortDecimalRoom, file.count)
    let isSound = try file.withBytes(starts[row]..<end) { bytes in
      var scanner = format.scanner()
      for slot in slots {
        if isSimple, slot >= 0, cells[slot].isDecimal {
          let short = shortDecimal(bytes, at: scanner.position, before: format.delimiter)
          if let (value, end) = short {
            values[slot] = value
            _ = scanner.end(at: end, in: bytes)
            continue
          }
        }
        guard let field = try? scanner.next(in: bytes) else { return false }
        guard slot >= 0 else { continue }
        if cells[slot].isDecimal, case .number(let value) = decimal(bytes, field.range) {
          values[slot] = value
          continue
        }
        guard let text = CSVOrigin.text(of: field, in: bytes),
          let value = cells[slot].number(of: text)
        else { return false }
        values[slot] = value
      }
      return true
    }
    guard isSound else {
      throw Diagnostic("'\(file.path)' was changed while it was in use", failure: .environment)
    }
  }
}
