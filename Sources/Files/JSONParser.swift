import NNExp

extension JSON {
  /// The maximum nesting of lists and objects.
  static let deepest = 128

  /// Reads a JSON text in UTF-8 according to RFC 8259, restricted by RFC 7493 (I-JSON): no
  /// duplicate keys, no unpaired surrogates, no numbers beyond float64, no byte order mark, no
  /// comments.
  ///
  /// - Throws: a `Diagnostic` of kind `.environment` with the location in `file`: nnexp wrote
  ///   these files, so that the disk or an edit caused the error.
  public init(parsing bytes: [UInt8], from file: String) throws {
    var parser = JSONParser(bytes)
    do {
      self = try parser.parse()
    } catch {
      throw error.diagnostic(in: bytes, from: file)
    }
  }
}

/// An error in a JSON text, with the offset of its byte.
private struct JSONSyntaxError: Error {
  let message: String
  let offset: Int

  func diagnostic(in bytes: [UInt8], from file: String) -> Diagnostic {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let before = bytes[..<offset]
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let source = SourceFile(name: file, lines: lines.map { String(decoding: $0, as: UTF8.self) })
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let column = String(decoding: before[start...], as: UTF8.self).unicodeScalars.count + 1
    return Diagnostic(
      message, at: SourceLocation(source: source, line: line, column: column), failure: .environment
    )
  }
}

private struct JSONParser {
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func parse() throws(JSONSyntaxError) -> JSON {
    let isASCII = bytes.allSatisfy { $0 < 0x80 }
    if !isASCII, let invalid = firstInvalidUTF8(in: bytes) {
      throw JSONSyntaxError(message: "this byte is not UTF-8", offset: invalid)
    }
    let value = try value()
    skipSpace()
    if position < bytes.count { throw syntaxError("expected the end of the text, found \(found)") }
    return value
  }

  // MARK: Values

  private mutating func value() throws(JSONSyntaxError) -> JSON {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"): return try number()
    case .some(let byte) where isDigit(byte): return try number()
    default:
      if consume("null") { return .null }
      if consume("true") { return .bool(true) }
      if consume("false") { return .bool(false) }
      throw syntaxError("expected a value, found \(found)")
    }
  }

  private mutating func object() throws(JSONSyntaxError) -> JSON {
    var members: [JSON.Member] = []
    // For few keys, comparing with each is faster than hashing.
    let few = 32
    var keys: Set<ByteText> = []
    try enter()
    if !consumeAfterSpace("}") {
      repeat {
        skipSpace()
        let start = position
        guard next == UInt8(ascii: "\"") else {
          throw syntaxError("expected a key, found \(found)")
        }
        let key = try string()
        if members.count == few { keys = Set(members.map { ByteText($0.key) }) }
        let isNew =
          members.count < few
          ? !members.contains { $0.key.hasSameBytes(as: key) } : keys.insert(ByteText(key)).inserted
        guard isNew else {
          throw JSONSyntaxError(message: "the key '\(key)' occurs twice", offset: start)
        }
        guard consumeAfterSpace(":") else { throw syntaxError("expected ':', found \(found)") }
        members.append(JSON.Member(key, try value()))
      } while consumeAfterSpace(",")
      guard consumeAfterSpace("}") else { throw syntaxError("expected ',' or '}', found \(found)") }
    }
    depth -= 1
    return .object(members)
  }

  private mutating func array() throws(JSONSyntaxError) -> JSON {
    var items: [JSON] = []
    try enter()
    if !consumeAfterSpace("]") {
      repeat { items.append(try value()) } while consumeAfterSpace(",")
      guard consumeAfterSpace("]") else { throw syntaxError("expected ',' or ']', found \(found)") }
    }
    depth -= 1
    return .array(items)
  }

  private mutating func enter() throws(JSONSyntaxError) {
    depth += 1
    if depth > JSON.deepest { throw syntaxError("nested deeper than \(JSON.deepest)") }
    position += 1
  }

  /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
  private mutating func number() throws(JSONSyntaxError) -> JSON {
    let start = position
    var isInteger = true
    _ = consume("-")
    if !consume("0") { try digits() }
    if consume(".") {
      isInteger = false
      try digits()
    }
    if consume("e") || consume("E") {
      isInteger = false
      _ = consume("+") || consume("-")
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    // −0 and numbers beyond the range of `Int` are not integers.
    if isInteger, let value = Int(text), value != 0 || text == "0" { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      throw JSONSyntaxError(message: "the number \(text) is beyond float64", offset: start)
    }
    return .number(value)
  }

  private mutating func digits() throws(JSONSyntaxError) {
    let start = position
    while let byte = next, isDigit(byte) { position += 1 }
    if position == start { throw syntaxError("expected a digit, found \(found)") }
  }

  // MARK: Strings

  private mutating func string() throws(JSONSyntaxError) -> String {
    let start = position
    position += 1
    while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      position += 1
    }
    let plain = bytes[(start + 1)..<position]
    if next == UInt8(ascii: "\"") {
      position += 1
      return String(decoding: plain, as: UTF8.self)
    }
    var text = Array(plain)
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        let scalar = try escape()
        text += String(Character(scalar)).utf8
      case 0..<0x20: throw syntaxError("a control character must be escaped")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw JSONSyntaxError(message: "this text has no closing '\"'", offset: start)
  }

  private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
    let start = position
    position += 1
    defer { position += 1 }
    switch next {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{08}"
    case UInt8(ascii: "f"): return "\u{0C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw JSONSyntaxError(message: "unknown escape", offset: start)
    }
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // A surrogate: it must be the first of a pair.
    let unpaired = JSONSyntaxError(message: "unpaired surrogate", offset: start)
    guard first < 0xDC00 else { throw unpaired }
    position += 1
    guard consume("\\"), next == UInt8(ascii: "u") else { throw unpaired }
    let second = try hexadecimal()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw unpaired }
    return scalar
  }

  /// Reads the four digits after `u`, up to the last of them.
  private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      position += 1
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw syntaxError("expected four hexadecimal digits, found \(found)")
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  // MARK: Bytes

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// The next character or the end of the text, in words for messages.
  private var found: String {
    guard let byte = next else { return "the end of the text" }
    if byte < 0x20 || byte == 0x7F { return "a control character" }
    let rest = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
    return "'\(rest.unicodeScalars.first.map(String.init) ?? "")'"
  }

  private func syntaxError(_ message: String) -> JSONSyntaxError {
    JSONSyntaxError(message: message, offset: position)
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func consume(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard bytes.count - position >= count else { return false }
    for i in 0..<count where bytes[position + i] != word.utf8Start[i] { return false }
    position += count
    return true
  }

  private mutating func consumeAfterSpace(_ word: StaticString) -> Bool {
    skipSpace()
    return consume(word)
  }
}

private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

/// The offset of the first byte that is not valid UTF-8.
private func firstInvalidUTF8(in bytes: [UInt8]) -> Int? {
  var codec = UTF8()
  var input = bytes.makeIterator()
  var offset = 0
  while true {
    switch codec.decode(&input) {
    case .scalarValue(let scalar): offset += UTF8.width(scalar)
    case .emptyInput: return nil
    case .error: return offset
    }
  }
}
