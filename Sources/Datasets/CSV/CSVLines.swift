import Files
import NNExp
internal import Synchronization

/// The rows of a streamed CSV file: their positions, and the meaning of their columns. A
/// row is read again each time it is requested. By reference, because each read uses it.
final class CSVLines: Sendable {
  /// Rows.
  var count: Int { max(0, starts.count - 1) }

  private let file: FileBytes

  /// The start of each row and the end of the last one.
  private let starts: [Int]
  private let format: CSVFormat

  /// Which number of a row a position of the file is; −1 for none.
  private let slots: [Int]

  /// One per column.
  private let cells: [CellReader]

  /// The row that was read last: its ports are asked for one after the other.
  private let latest = Mutex<(row: Int, cells: [Double])>((-1, []))

  init(
    _ file: FileBytes, starts: [Int], format: CSVFormat, slots: [Int], cells: [CellReader]
  ) {
    self.file = file
    self.starts = starts
    self.format = format
    self.slots = slots
    self.cells = cells
  }

  /// The same rows, whose texts in the columns from `first` on are numbered as
  /// in `categories`.
  ///
  /// - Precondition: there is no other text in them.
  func numbered(from first: Int, as categories: [[String]?]) -> CSVLines {
    var cells = cells
    for (column, texts) in categories.enumerated() {
      guard let texts else { continue }
      cells[first + column] = cells[first + column].numbered(as: texts)
    }
    return CSVLines(file, starts: starts, format: format, slots: slots, cells: cells)
  }

  /// The bytes that are held for each row.
  static let bytesPerRow = MemoryLayout<Int>.stride

  /// Calls `body` with the numbers of a row, one per column; texts are numbered.
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

  private func read(_ row: Int, into values: inout [Double]) throws {
    let isSound = try file.withBytes(starts[row]..<starts[row + 1]) { bytes in
      var scanner = format.scanner()
      for slot in slots {
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
