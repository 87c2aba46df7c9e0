import Files
import NNExp

/// Reads a table as `CSVText` writes it row by row, from a file or from memory.
struct CSVReader {
  private static let pieceLength = 1 << 16

  /// The bytes that follow; empty at the end.
  private let nextPiece: () throws -> [UInt8]
  private var piece: [UInt8] = []
  private var position = 0
  /// Lines read so far.
  private var lineCount = 0

  init(_ file: consuming File) {
    let open = OpenFile(file)
    nextPiece = { try open.file.read(CSVReader.pieceLength) }
  }

  init(_ bytes: [UInt8]) {
    nextPiece = { [] }
    piece = bytes
  }

  /// A file that a closure can hold.
  private final class OpenFile {
    let file: File
    init(_ file: consuming File) { self.file = file }
  }

  /// The next row, line breaks within quotes included; nil after the last one.
  mutating func next() throws -> CSVRow? {
    let first = lineCount + 1
    var row: [UInt8] = []
    var isQuoted = false
    while true {
      if position == piece.count {
        piece = try nextPiece()
        position = 0
        if piece.isEmpty {
          return row.isEmpty ? nil : CSVRow(bytes: row, line: first, isWhole: false)
        }
      }
      let byte = piece[position]
      position += 1
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if byte == UInt8(ascii: "\n") {
        lineCount += 1
        if !isQuoted { return CSVRow(bytes: row, line: first, isWhole: true) }
      }
      row.append(byte)
    }
  }
}

/// A row of a CSV file as it is written there.
struct CSVRow {
  /// Without the line break at its end.
  var bytes: [UInt8]
  /// The line that it begins in, counted from 1.
  let line: Int
  /// Whether there is a line break at its end.
  let isWhole: Bool

  /// The texts of the cells, without their quotes.
  var texts: [String] { fields.map { String(decoding: $0.text, as: UTF8.self) } }

  /// The cells' texts, and where each begins in the row.
  var fields: [(text: [UInt8], start: Int)] {
    let quote = UInt8(ascii: "\"")
    var fields: [(text: [UInt8], start: Int)] = [([], 0)]
    var isQuoted = false
    var previous: UInt8 = 0
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case quote:
        // A quote that follows one which closed the cell stood for itself.
        if !isQuoted, previous == quote { fields[fields.count - 1].text.append(quote) }
        isQuoted.toggle()
      case UInt8(ascii: ",") where !isQuoted: fields.append(([], index + 1))
      default: fields[fields.count - 1].text.append(byte)
      }
      previous = byte
    }
    return fields
  }
}
