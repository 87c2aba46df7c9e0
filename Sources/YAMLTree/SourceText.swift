import NNExp

/// A declaration's text after a check: UTF-8 of at most 1 MiB, without characters that YAML or
/// libyaml would count or display differently from an editor.
///
/// libyaml reports line 1 for bytes that it cannot decode, and treats U+0085, U+2028 and U+2029
/// as line ends, as in YAML 1.1. Because both are errors here, the lines and columns of all
/// remaining texts agree with those of editors.
struct SourceText {
  /// The maximum size of a file in bytes: 1 MiB.
  static let limit = 1 << 20

  let source: SourceFile

  /// The input of libyaml: UTF-8 without a byte order mark.
  let bytes: [UInt8]

  /// Throws a located diagnostic for the first byte or character that is not permitted.
  init(_ bytes: [UInt8], name: String) throws {
    guard bytes.count <= SourceText.limit else {
      throw Diagnostic("'\(name)' is larger than 1 MiB, the limit of a declaration")
    }
    self.bytes = Array(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...])
    source = SourceFile(name: name, lines: SourceText.lines(of: self.bytes))
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw Diagnostic(
        "the text is encoded as UTF-16; save it as UTF-8",
        at: SourceLocation(source: source, line: 1, column: 1))
    }
    try refuseUnreadable()
    try refuseDirectives()
  }

  private static func lines(of bytes: [UInt8]) -> [String] {
    var lines: [String] = []
    var start = 0
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        lines.append(String(decoding: bytes[start..<index], as: UTF8.self))
        if byte == UInt8(ascii: "\r"), index + 1 < bytes.count, bytes[index + 1] == 0x0A {
          index += 1
        }
        start = index + 1
      }
      index += 1
    }
    if start < bytes.count {
      lines.append(String(decoding: bytes[start...], as: UTF8.self))
    }
    return lines
  }

  private func refuseUnreadable() throws {
    var line = 1
    var column = 1
    var index = 0
    func here() -> SourceLocation { SourceLocation(source: source, line: line, column: column) }
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case 0x0A:
        line += 1
        column = 1
        index += 1
      case 0x0D:
        // If a line feed follows, that ends the line.
        if index + 1 == bytes.count || bytes[index + 1] != 0x0A {
          line += 1
          column = 1
        }
        index += 1
      case 0x09, 0x20...0x7E:
        column += 1
        index += 1
      default:
        var iterator = bytes[index...].makeIterator()
        var decoder = Unicode.UTF8.ForwardParser()
        guard case .valid(let encoded) = decoder.parseScalar(from: &iterator) else {
          throw Diagnostic(
            "byte 0x\(hexadecimal(UInt32(byte), digits: 2)) is not UTF-8; save the text as UTF-8",
            at: here())
        }
        let scalar = Unicode.UTF8.decode(encoded)
        guard scalar.isPrintableInYAML else {
          let code = hexadecimal(scalar.value, digits: 4)
          throw Diagnostic(
            "character U+\(code) is not permitted in a declaration; "
              + "inside double quotes write it as '\\u\(code)'",
            at: here())
        }
        column += 1
        index += encoded.count
      }
    }
  }

  /// Permits `%YAML 1.2` before the document, which has no effect.
  ///
  /// YAML 1.1 is an error because its scalars have other values (`no`, `010`), and `%TAG`
  /// because tags are not supported.
  private func refuseDirectives() throws {
    for (index, line) in source.lines.enumerated() {
      let words = line.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        .map(Substring.init)
      guard let first = words.first, !first.hasPrefix(bytes: "#") else { continue }
      guard line.hasPrefix(bytes: "%") else { return }
      let isVersion = first == "%YAML" && words.count > 1 && words[1] == "1.2"
      guard isVersion, words.count == 2 || words[2].hasPrefix(bytes: "#") else {
        throw Diagnostic(
          "directive '\(first)' is not supported; only '%YAML 1.2' is permitted here",
          at: SourceLocation(source: source, line: index + 1, column: 1))
      }
    }
  }
}

extension Unicode.Scalar {
  /// True for the characters that may occur unescaped in a declaration: the printable
  /// characters of YAML except U+0085, U+2028, U+2029 and U+FEFF.
  var isPrintableInYAML: Bool {
    switch value {
    case 0x09, 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
      0x10000...0x10FFFF:
      true
    default: false
    }
  }
}

private func hexadecimal(_ value: UInt32, digits: Int) -> String {
  let text = String(value, radix: 16, uppercase: true)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
