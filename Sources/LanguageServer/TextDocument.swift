/// The text of an open file. Positions are lines and UTF-16 units, both from 0, as in the
/// protocol; offsets are bytes.
package struct TextDocument: Sendable {
  package struct Position: Sendable, Equatable {
    package var line: Int
    package var character: Int

    package init(line: Int, character: Int) {
      (self.line, self.character) = (line, character)
    }
  }

  package private(set) var bytes: [UInt8]

  /// The offset of each line's first byte.
  private var starts: [Int]

  package init(_ text: String) {
    bytes = Array(text.utf8)
    starts = TextDocument.starts(of: bytes)
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }
  package var lineCount: Int { starts.count }

  /// The bytes of a line without its line end; empty beyond the last line.
  package func line(_ index: Int) -> ArraySlice<UInt8> {
    guard starts.indices.contains(index) else { return [] }
    var end = index + 1 < starts.count ? starts[index + 1] : bytes.count
    while end > starts[index], bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
    return bytes[starts[index]..<end]
  }

  package func lineNumber(of offset: Int) -> Int {
    var (low, high) = (0, starts.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  /// The number of bytes between the start of the line and an offset.
  package func column(of offset: Int) -> Int { offset - starts[lineNumber(of: offset)] }

  /// A position beyond the end of a line is that end; one inside a character is its start.
  package func offset(of position: Position) -> Int {
    if position.line < 0 { return 0 }
    guard starts.indices.contains(position.line) else { return bytes.count }
    let line = line(position.line)
    var units = 0
    for index in line.indices where !isContinuation(line[index]) {
      let width = line[index] >= 0xF0 ? 2 : 1
      if units + width > position.character { return index }
      units += width
    }
    return line.endIndex
  }

  package func position(of offset: Int) -> Position {
    let offset = max(0, min(offset, bytes.count))
    let number = lineNumber(of: offset)
    let units = bytes[starts[number]..<offset].reduce(0) { sum, byte in
      sum + (isContinuation(byte) ? 0 : byte >= 0xF0 ? 2 : 1)
    }
    return Position(line: number, character: units)
  }

  /// The offset of a line and column of a diagnostic: both from 1, columns in characters.
  package func offset(line: Int, column: Int) -> Int {
    guard starts.indices.contains(line - 1) else { return bytes.count }
    let bytes = self.line(line - 1)
    var characters = 1
    for index in bytes.indices where !isContinuation(bytes[index]) {
      if characters == column { return index }
      characters += 1
    }
    return bytes.endIndex
  }

  /// Replaces the text between two positions.
  package mutating func replace(from start: Position, to end: Position, by text: String) {
    let (first, last) = (offset(of: start), offset(of: end))
    bytes.replaceSubrange(min(first, last)..<max(first, last), with: text.utf8)
    starts = TextDocument.starts(of: bytes)
  }

  private static func starts(of bytes: [UInt8]) -> [Int] {
    var starts = [0]
    for (index, byte) in bytes.enumerated() {
      let isEnd =
        byte == 0x0A || byte == 0x0D && (index + 1 == bytes.count || bytes[index + 1] != 0x0A)
      if isEnd { starts.append(index + 1) }
    }
    return starts
  }

  private func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
