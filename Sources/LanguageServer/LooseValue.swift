/// A value in a text that may be half-typed, with its location as bytes.
///
/// `parseYAML` rejects such a text. This reader accepts every text: it reads what it recognizes
/// and skips the rest. It only serves completion, hover and navigation; errors are those of the
/// real reader.
package indirect enum LooseValue: Sendable {
  case empty(at: Int)
  case scalar(LooseText)
  case list([LooseValue], range: Range<Int>)
  case map([LooseEntry], range: Range<Int>)

  package var start: Int {
    switch self {
    case .empty(let offset): offset
    case .scalar(let text): text.range.lowerBound
    case .list(_, let range), .map(_, let range): range.lowerBound
    }
  }

  package var text: LooseText? { if case .scalar(let text) = self { text } else { nil } }

  package var entries: [LooseEntry] {
    if case .map(let entries, _) = self { entries } else { [] }
  }

  package var items: [LooseValue] {
    if case .list(let items, _) = self { items } else { [] }
  }

  /// The value under a key of a mapping.
  package subscript(key: String) -> LooseValue? { entries.first { $0.key.text == key }?.value }
}

/// A scalar: its text without quotes, and its range without quotes.
package struct LooseText: Sendable {
  package let text: String
  package let range: Range<Int>
}

package struct LooseEntry: Sendable {
  package let key: LooseText
  package let value: LooseValue
  /// Whether a colon follows the key.
  package let hasColon: Bool
  /// Whether the mapping is in braces.
  package let isFlow: Bool
}

/// Reads any text as a `LooseValue`. The time is linear in the length of the text.
package struct LooseReader {
  private static let depthLimit = 64

  private let bytes: [UInt8]
  private var p = 0
  private var lineStart = 0
  private var depth = 0

  package static func read(_ bytes: [UInt8]) -> LooseValue {
    var reader = LooseReader(bytes)
    var value = LooseValue.empty(at: 0)
    while reader.skipToContent() {
      let before = reader.p
      let next = reader.block(atLeast: 0, otherwise: reader.p)
      // Later fragments of a broken text are kept if they are mappings as well.
      switch (value, next) {
      case (.map(let a, let range), .map(let b, let other)):
        value = .map(a + b, range: range.lowerBound..<other.upperBound)
      case (.map, _), (.list, _): break
      default: value = next
      }
      if reader.p == before { reader.skipLine() }
    }
    return value
  }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { (p, lineStart) = (3, 3) }
  }

  private var byte: UInt8? { p < bytes.count ? bytes[p] : nil }
  private var column: Int { p - lineStart }

  private func at(_ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }
  private func isBlank(_ byte: UInt8?) -> Bool { byte == 0x20 || byte == 0x09 }
  private func isLineEnd(_ byte: UInt8?) -> Bool { byte == 0x0A || byte == 0x0D || byte == nil }

  private mutating func newLine() {
    if at(p) == 0x0D { p += 1 }
    if at(p) == 0x0A { p += 1 }
    lineStart = p
  }

  private mutating func skipLine() {
    while !isLineEnd(byte) { p += 1 }
    if p < bytes.count { newLine() }
  }

  private mutating func skipBlanks() { while isBlank(byte) { p += 1 } }

  private var isComment: Bool {
    byte == UInt8(ascii: "#") && (p == lineStart || isBlank(bytes[p - 1]))
  }

  /// Moves to the next byte that is neither a blank, a comment nor a line end. False at the end.
  private mutating func skipToContent() -> Bool {
    while true {
      skipBlanks()
      guard let byte else { return false }
      if isComment || isLineEnd(byte) { skipLine() } else { return true }
    }
  }

  // MARK: Blocks

  private var isDash: Bool {
    byte == UInt8(ascii: "-") && (isBlank(at(p + 1)) || isLineEnd(at(p + 1)))
  }

  /// The value that begins at the next content, if that is indented at least this far.
  private mutating func block(atLeast indent: Int, otherwise offset: Int) -> LooseValue {
    let start = (p, lineStart)
    guard depth < LooseReader.depthLimit, skipToContent(), column >= indent else {
      (p, lineStart) = start
      return .empty(at: offset)
    }
    depth += 1
    defer { depth -= 1 }
    let own = column
    if isDash { return list(at: own) }
    if keyEnd() != nil { return map(at: own) }
    return inline(parent: own - 1)
  }

  private mutating func list(at indent: Int) -> LooseValue {
    let start = p
    var items: [LooseValue] = []
    while true {
      p += 1
      skipBlanks()
      if isLineEnd(byte) || isComment {
        items.append(block(atLeast: indent + 1, otherwise: p))
      } else {
        items.append(block(atLeast: 0, otherwise: p))
      }
      guard advance(to: indent), isDash else { break }
    }
    return .list(items, range: start..<p)
  }

  private mutating func map(at indent: Int) -> LooseValue {
    let start = p
    var entries: [LooseEntry] = []
    while true {
      let key = readKey()
      skipBlanks()
      let hasColon = byte == UInt8(ascii: ":")
      var value = LooseValue.empty(at: p)
      if hasColon {
        p += 1
        skipBlanks()
        value = .empty(at: p)
        skipProperties()
        if isLineEnd(byte) || isComment {
          value = nested(below: indent, otherwise: p)
        } else {
          value = inline(parent: indent)
        }
      }
      entries.append(LooseEntry(key: key, value: value, hasColon: hasColon, isFlow: false))
      guard advance(to: indent), !isDash else { break }
    }
    return .map(entries, range: start..<p)
  }

  /// The value under a key whose line contains nothing else. A list may have the indentation of
  /// the key.
  private mutating func nested(below indent: Int, otherwise offset: Int) -> LooseValue {
    let start = (p, lineStart)
    if skipToContent(), column == indent, isDash { return list(at: indent) }
    (p, lineStart) = start
    return block(atLeast: indent + 1, otherwise: offset)
  }

  /// Moves to the next content with exactly this indentation. Content that is indented further
  /// belongs to nothing and is skipped. False if the block ends.
  private mutating func advance(to indent: Int) -> Bool {
    while true {
      let start = (p, lineStart)
      if p > lineStart, !isLineEnd(byte), !isBlank(byte), !isComment { skipLine() }
      guard skipToContent() else { return false }
      if column == indent { return true }
      if column < indent {
        (p, lineStart) = start
        return false
      }
      skipLine()
    }
  }

  /// Anchors and tags.
  private mutating func skipProperties() {
    while byte == UInt8(ascii: "&") || byte == UInt8(ascii: "!") {
      while !isLineEnd(byte), !isBlank(byte) { p += 1 }
      skipBlanks()
    }
  }

  /// The offset behind the key that begins here: before a colon, or at the end of a line with a
  /// single word, which will become a key. Nil if there is no key.
  private func keyEnd() -> Int? {
    var i = p
    guard let first = at(i) else { return nil }
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      i += 1
      while let byte = at(i), byte != first, !isLineEnd(byte) { i += byte == 0x5C ? 2 : 1 }
      i += 1
      while isBlank(at(i)) { i += 1 }
      return at(i) == UInt8(ascii: ":") ? i : nil
    }
    if [UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "|"), UInt8(ascii: ">")].contains(first)
    {
      return nil
    }
    while !isLineEnd(at(i)) {
      if at(i) == UInt8(ascii: ":"), isBlank(at(i + 1)) || isLineEnd(at(i + 1)) { return i }
      if at(i) == UInt8(ascii: "#"), i > p, isBlank(at(i - 1)) { return nil }
      i += 1
    }
    return nil
  }

  private mutating func readKey() -> LooseText {
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return quoted() }
    var end = keyEnd() ?? p
    if end == p { while !isLineEnd(at(end)) { end += 1 } }
    let start = p
    p = end
    while end > start, isBlank(at(end - 1)) { end -= 1 }
    return text(start..<end)
  }

  private func text(_ range: Range<Int>) -> LooseText {
    LooseText(text: String(decoding: bytes[range], as: UTF8.self), range: range)
  }

  /// A value that begins on the current line.
  ///
  /// - Parameter parent: the indentation of the mapping or list; lines with it or less end the
  ///   value.
  private mutating func inline(parent indent: Int) -> LooseValue {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["): return flow(parent: indent)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .scalar(quoted())
    case UInt8(ascii: "|"), UInt8(ascii: ">"):
      let start = p
      skipLine()
      skipLines(below: indent)
      return .scalar(text(start..<max(start, p)))
    default: return .scalar(plain(parent: indent))
    }
  }

  private mutating func skipLines(below indent: Int) {
    while p < bytes.count {
      var i = p
      while at(i) == 0x20 { i += 1 }
      if !isLineEnd(at(i)), i - p <= indent { return }
      skipLine()
    }
  }

  private mutating func quoted() -> LooseText {
    let quote = byte
    p += 1
    let start = p
    while let byte, byte != quote, !isLineEnd(byte) {
      p += byte == 0x5C && quote == UInt8(ascii: "\"") && !isLineEnd(at(p + 1)) ? 2 : 1
    }
    let result = text(start..<min(p, bytes.count))
    if byte == quote { p += 1 }
    return result
  }

  private mutating func plain(parent indent: Int) -> LooseText {
    let start = p
    var end = p
    while !isLineEnd(byte), !isComment {
      if !isBlank(byte) { end = p + 1 }
      p += 1
    }
    return text(start..<end)
  }

  // MARK: Brackets

  /// Moves to the next content inside brackets. False if the text ends, or if a line is not
  /// indented beyond the parent: the closing bracket has not been typed yet.
  private mutating func advanceInFlow(_ indent: Int) -> Bool {
    while true {
      skipBlanks()
      guard let byte else { return false }
      guard isComment || isLineEnd(byte) else { return true }
      let start = (p, lineStart)
      skipLine()
      var i = p
      while isBlank(at(i)) { i += 1 }
      if !isLineEnd(at(i)), i - p <= indent, at(i) != UInt8(ascii: "]"), at(i) != UInt8(ascii: "}")
      {
        (p, lineStart) = start
        return false
      }
    }
  }

  private mutating func flow(parent indent: Int) -> LooseValue {
    let start = p
    let isMap = byte == UInt8(ascii: "{")
    let close = isMap ? UInt8(ascii: "}") : UInt8(ascii: "]")
    guard depth < LooseReader.depthLimit else {
      skipLine()
      return .empty(at: start)
    }
    depth += 1
    defer { depth -= 1 }
    p += 1
    var items: [LooseValue] = []
    var entries: [LooseEntry] = []
    while advanceInFlow(indent), let byte {
      if byte == close {
        p += 1
        break
      }
      if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
        || byte == UInt8(ascii: ":")
      {
        p += 1
        continue
      }
      let value = flowValue(indent)
      if isMap, let key = value.text {
        entries.append(flowEntry(key, indent))
      } else if !isMap, let key = value.text, isColon {
        // `[a: b]` is a mapping in a list.
        items.append(.map([flowEntry(key, indent)], range: key.range.lowerBound..<p))
      } else if !isMap {
        items.append(value)
      }
    }
    return isMap ? .map(entries, range: start..<p) : .list(items, range: start..<p)
  }

  private var isColon: Bool {
    var i = p
    while isBlank(at(i)) { i += 1 }
    return at(i) == UInt8(ascii: ":")
  }

  private mutating func flowEntry(_ key: LooseText, _ indent: Int) -> LooseEntry {
    guard isColon else {
      return LooseEntry(key: key, value: .empty(at: p), hasColon: false, isFlow: true)
    }
    skipBlanks()
    p += 1
    skipBlanks()
    var value = LooseValue.empty(at: p)
    if advanceInFlow(indent), let byte, byte != UInt8(ascii: ","), byte != UInt8(ascii: "}"),
      byte != UInt8(ascii: "]")
    {
      value = flowValue(indent)
    }
    return LooseEntry(key: key, value: value, hasColon: true, isFlow: true)
  }

  private mutating func flowValue(_ indent: Int) -> LooseValue {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["): return flow(parent: indent)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .scalar(quoted())
    default:
      let start = p
      var end = p
      while let byte, !isLineEnd(byte), byte != UInt8(ascii: ","), byte != UInt8(ascii: "}"),
        byte != UInt8(ascii: "]"), byte != UInt8(ascii: "{"), byte != UInt8(ascii: "["), !isComment
      {
        if byte == UInt8(ascii: ":"),
          isBlank(at(p + 1)) || isLineEnd(at(p + 1)) || at(p + 1) == UInt8(ascii: ",")
            || at(p + 1) == UInt8(ascii: "}")
        {
          break
        }
        if !isBlank(byte) { end = p + 1 }
        p += 1
      }
      if p == start { p += 1 }
      return .scalar(text(start..<max(start, min(end, p))))
    }
  }
}
