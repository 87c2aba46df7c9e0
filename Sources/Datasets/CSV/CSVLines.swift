import Files
import NNExp
internal import Synchronization

/// The rows of a CSV file that is read in parts: where each begins, and what
/// its columns mean. A row is read again whenever it is asked for. By reference, as each
/// row that is read looks at it.
final class CSVLines: Sendable {
  /// Rows.
  var count: Int { max(0, starts.count - 1) }

  private let file: FileBytes

  /// Where each row begins and the last one ends.
  private let starts: [Int]
  private let delimiter: UInt8

  /// Which number of a row a position of the file is; −1 for none.
  private let slots: [Int]

  /// The number of each text; nil for a column of numbers.
  private let codes: [[ByteText: Int]?]

  /// The type of each column that the file declares, if it is not one of numbers.
  private let types: [(any ColumnType)?]

  /// Which columns may have empty cells: they are NaN.
  private let areIncomplete: [Bool]

  /// The row that was read last: its ports are asked for one after the other.
  private let latest = Mutex<(row: Int, cells: [Double])>((-1, []))

  init(
    _ file: FileBytes, starts: [Int], delimiter: UInt8, slots: [Int],
    codes: [[ByteText: Int]?], types: [(any ColumnType)?], areIncomplete: [Bool]
  ) {
    self.file = file
    self.starts = starts
    self.delimiter = delimiter
    self.slots = slots
    self.codes = codes
    self.types = types
    self.areIncomplete = areIncomplete
  }

  /// The same rows, whose texts in the columns from `first` on are numbered as
  /// in `categories`.
  ///
  /// - Precondition: there is no other text in them.
  func numbered(from first: Int, as categories: [[String]?]) -> CSVLines {
    var codes = codes
    for (column, texts) in categories.enumerated() where texts != nil {
      codes[first + column] = Dictionary(
        uniqueKeysWithValues: zip(texts!.map(ByteText.init), texts!.indices))
    }
    return CSVLines(
      file, starts: starts, delimiter: delimiter, slots: slots, codes: codes, types: types,
      areIncomplete: areIncomplete)
  }

  /// The bytes that are held for each row.
  static let bytesPerRow = MemoryLayout<Int>.stride

  /// Calls `body` with the numbers of a row, one a column; texts are numbered.
  func withRow<Result>(_ row: Int, _ body: ([Double]) -> Result) throws -> Result {
    try latest.withLock { latest in
      if latest.row != row {
        latest.row = -1
        if latest.cells.isEmpty { latest.cells = Array(repeating: 0, count: codes.count) }
        try read(row, into: &latest.cells)
        latest.row = row
      }
      return body(latest.cells)
    }
  }

  /// The number of a text; nil if the column had no such text before.
  private func number(of text: String, _ slot: Int) -> Double? {
    var category = text
    if let type = types[slot], let value = try? type.read(text) {
      switch value {
      case .number(let number): return codes[slot] == nil && number.isFinite ? number : nil
      case .category(let name): category = name
      }
    }
    return codes[slot].flatMap { $0[ByteText(category)] }.map(Double.init)
  }

  private func read(_ row: Int, into cells: inout [Double]) throws {
    let isSound = try file.withBytes(starts[row]..<starts[row + 1]) { bytes in
      var scanner = CSVScanner(delimiter: delimiter, position: 0)
      for slot in slots {
        guard let field = try? scanner.next(in: bytes) else { return false }
        guard slot >= 0 else { continue }
        if areIncomplete[slot], bytes.isBlank(field.range) {
          cells[slot] = .nan
          continue
        }
        if types[slot] != nil || codes[slot] != nil {
          guard let text = CSVOrigin.text(of: field, in: bytes), let cell = number(of: text, slot)
          else {
            return false
          }
          cells[slot] = cell
        } else {
          guard case .number(let value) = decimal(bytes, field.range) else { return false }
          cells[slot] = value
        }
      }
      return true
    }
    guard isSound else {
      throw Diagnostic("'\(file.path)' was changed while it was in use", failure: .environment)
    }
  }
}
