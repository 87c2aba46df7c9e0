import TestSupport
import Testing

@testable import LanguageServer

@Suite struct TextTests {
  /// ∂ is one unit and three bytes, 𝕏 is two units and four bytes.
  private static let text = "a: ∂𝕏b\r\nc: d\n\n"

  @Test(arguments: [
    (0, 0, 0), (0, 3, 3), (0, 4, 6), (0, 5, 6), (0, 6, 10), (0, 7, 11), (0, 99, 11), (1, 0, 13),
    (1, 4, 17), (2, 0, 18), (3, 0, 19), (9, 0, 19),
  ])
  func `a position is counted in UTF-16 units`(line: Int, character: Int, offset: Int) {
    let document = TextDocument(TextTests.text)
    #expect(document.offset(of: .init(line: line, character: character)) == offset)
  }

  @Test func `every offset of a character reads back`() {
    let document = TextDocument(TextTests.text)
    for offset in [0, 3, 6, 10, 11, 13, 17, 18, 19] {
      #expect(document.offset(of: document.position(of: offset)) == offset, "\(offset)")
    }
  }

  @Test func `a column of a diagnostic is counted in characters`() {
    let document = TextDocument(TextTests.text)
    #expect(document.offset(line: 1, column: 5) == 6)
    #expect(document.offset(line: 1, column: 6) == 10)
    #expect(document.offset(line: 7, column: 6) == 19)
  }

  @Test func `random changes are those of a text`() {
    withEvery("seed", in: 0..<50 as Range<UInt64>) { seed in
      var random = SeededGenerator(seed: seed)
      var document = TextDocument("")
      var units: [UInt16] = []
      for _ in 0..<40 {
        let a = Int.random(in: 0...units.count, using: &random)
        let b = Int.random(in: a...units.count, using: &random)
        // Positions inside a pair of surrogates are none.
        if [a, b].contains(where: { $0 < units.count && units[$0] & 0xFC00 == 0xDC00 }) {
          continue
        }
        let new = ["a", "𝕏", "\n", "∂: ", ""].randomElement(using: &random)!
        document.replace(from: position(a, units), to: position(b, units), by: new)
        units.replaceSubrange(a..<b, with: new.utf16)
        #expect(document.text == String(decoding: units, as: UTF16.self))
      }
    }
  }

  private func position(_ index: Int, _ units: [UInt16]) -> TextDocument.Position {
    let before = units[..<index]
    let start = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
    return .init(line: before.count { $0 == 10 }, character: index - start)
  }

  // MARK: Half-typed texts

  /// The structure of a value: `{a: [b, {}]}`.
  private func structure(_ value: LooseValue) -> String {
    switch value {
    case .empty: return "∅"
    case .scalar(let text): return text.text
    case .list(let items, _): return "[" + items.map(structure).joined(separator: ", ") + "]"
    case .map(let entries, _):
      return "{"
        + entries.map { $0.hasColon ? "\($0.key.text): \(structure($0.value))" : $0.key.text }
        .joined(separator: ", ") + "}"
    }
  }

  @Test(arguments: [
    ("a: 1\nb:\n  c: d\n", "{a: 1, b: {c: d}}"),
    ("m:\n- {type: x, n: [1, 2]}\n- y\n", "{m: [{type: x, n: [1, 2]}, y]}"),
    ("m:\n  - type: x\n    n: 1\n  - z\nb: 2", "{m: [{type: x, n: 1}, z], b: 2}"),
    ("a: {b: 1, c\nd: 2\n", "{a: {b: 1, c}, d: 2}"),
    ("a: [1, {b: \nd: 2\n", "{a: [1, {b: ∅}], d: 2}"),
    ("a: 1\nb\nc: 2\n", "{a: 1, b, c: 2}"),
    ("a:\n  b\nc: 2\n", "{a: b, c: 2}"),
    ("a: \"x # y\" # z\nb: 'it''s'\n", "{a: x # y, b: it}"),
    ("# only\n", "∅"), ("", "∅"), ("a:\n  - \n", "{a: [∅]}"),
    ("a: |\n  x: 1\nb: 2", "{a: |\n  x: 1\n, b: 2}"),
    ("a: 1\n   odd: 2\nb: 3\n", "{a: 1, b: 3}"),
  ])
  func `a half-typed text is read as far as it is recognized`(text: String, expected: String) {
    #expect(structure(LooseReader.read(Array(text.utf8))) == expected)
  }

  @Test func `any bytes are read, and nested brackets end at a limit`() {
    _ = LooseReader.read(Array(repeating: UInt8(ascii: "["), count: 100_000))
    _ = LooseReader.read(Array(String(repeating: "a:\n", count: 10_000).utf8))
    withEvery("seed", in: 0..<300 as Range<UInt64>) { seed in
      var random = SeededGenerator(seed: seed)
      let alphabet = Array("a:-{}[],'\"#|> \n\t&!\r".utf8)
      let bytes = (0..<200).map { _ in alphabet.randomElement(using: &random)! }
      _ = LooseReader.read(bytes)
    }
  }

  // MARK: Messages

  @Test func `messages are split at any boundary`() throws {
    let bytes = Array("Content-Length: 2\r\n\r\n{}Content-Length: 4\r\nX: y\r\n\r\n[12]".utf8)
    var reader = MessageReader()
    var found: [String] = []
    for byte in bytes {
      reader.append([byte])
      while let message = try reader.next() {
        found.append(String(decoding: message, as: UTF8.self))
      }
    }
    #expect(found == ["{}", "[12]"])
  }

  @Test(arguments: [
    (
      "Content-Length: 99999999999\r\n\r\n",
      "the length of a message must be at most 16777216 bytes"
    ),
    ("Content-Length: -1\r\n\r\n", "the length of a message must be at most 16777216 bytes"),
    ("Content-Length: 16777217\r\n\r\n", "the length of a message must be at most 16777216 bytes"),
    ("Accept: x\r\n\r\n", "a message has no 'Content-Length'"),
    (String(repeating: "a", count: 5000), "a message has a header of more than 4096 bytes"),
  ])
  func `a wrong header is refused before memory is allocated`(text: String, message: String) {
    var reader = MessageReader()
    reader.append(Array(text.utf8))
    #expect(errorText { try reader.next() } == "error: \(message)")
  }
}
