public import NNExp

/// Writes a value as YAML that reads back as the same value: block style, with short lists of
/// scalars on one line.
public func writeYAML(_ config: ConfigValue) -> String {
  var writer = BlockWriter()
  writer.write(config, indent: 0)
  return String(decoding: writer.text, as: UTF8.self)
}

private struct BlockWriter {
  static let lineLimit = 100

  /// The text in UTF-8.
  var text: [UInt8] = []

  /// Writes a value's lines.
  ///
  /// - Parameter isBegun: true if the first line already extends to `indent`, because it
  ///   contains a dash.
  mutating func write(_ config: ConfigValue, indent: Int, isBegun: Bool = false) {
    switch config.content {
    case .map(let entries) where !entries.isEmpty:
      for (index, entry) in entries.enumerated() {
        if index > 0 || !isBegun { write(margin: indent) }
        let start = text.count
        ConfigValue.append(quoted: entry.key, to: &text)
        if text.count - start > TreeBuilder.keyLimit, isTooLong(text[start...]) {
          // Because of quotes and escapes, it is longer than a key on one line may be.
          text.insert(contentsOf: "? ".utf8, at: start)
          endLine()
          write(margin: indent)
          write(entry.value, after: ":", at: indent, indent: indent + 2)
        } else {
          write(
            entry.value, after: ":", at: indent + ConfigValue.quoted(entry.key).count,
            indent: indent + 2)
        }
      }
    case .list(let items) where !items.isEmpty:
      for (index, item) in items.enumerated() {
        if index > 0 || !isBegun { write(margin: indent) }
        write(item, after: "-", at: indent, indent: indent + 2)
      }
    default:
      if !isBegun { write(margin: indent) }
      config.writeFlow(to: &text)
      endLine()
    }
  }

  /// Writes a mark and the value that it introduces, on the same line or on the following lines.
  ///
  /// - Parameter column: the number of characters before the mark.
  private mutating func write(
    _ config: ConfigValue, after mark: Unicode.Scalar, at column: @autoclosure () -> Int,
    indent: Int
  ) {
    text.append(UInt8(ascii: mark))
    let start = text.count
    text.append(UInt8(ascii: " "))
    if config.isFlat {
      config.writeFlow(to: &text)
      if !config.isLong || fits(text[start...], after: column() + 1) { return endLine() }
      text.removeLast(text.count - start)
      text.append(UInt8(ascii: " "))
    }
    if mark == "-" {
      // The first line of the element follows the dash.
      write(config, indent: indent, isBegun: true)
    } else {
      text.removeLast()
      endLine()
      write(config, indent: indent)
    }
  }

  /// True if a line with `count` characters has room for `more`.
  private func fits(_ more: ArraySlice<UInt8>, after count: Int) -> Bool {
    count + more.count <= BlockWriter.lineLimit
      || count + String(decoding: more, as: UTF8.self).count <= BlockWriter.lineLimit
  }

  private func isTooLong(_ key: ArraySlice<UInt8>) -> Bool {
    String(decoding: key, as: UTF8.self).unicodeScalars.count > TreeBuilder.keyLimit
  }

  private mutating func write(margin: Int) {
    for _ in 0..<margin { text.append(UInt8(ascii: " ")) }
  }

  private mutating func endLine() { text.append(UInt8(ascii: "\n")) }
}

extension ConfigValue {
  /// True for scalars, and for collections that are empty or contain only scalars.
  fileprivate var isFlat: Bool {
    switch content {
    case .map(let entries): entries.isEmpty
    case .list(let items): items.allSatisfy(\.isScalar)
    default: true
    }
  }

  /// True for a list with elements, which may be longer than a line.
  fileprivate var isLong: Bool {
    if case .list(let items) = content { !items.isEmpty } else { false }
  }

  private var isScalar: Bool {
    switch content {
    case .list, .map: false
    default: true
    }
  }
}
