import NNExp

/// Escapes text for the programs that read nnexp's output. Names, paths, labels and the
/// messages of other programs can contain anything: they must not control a terminal, end a
/// line, or be read as a command or as markup.
public enum Escaping {
  /// Text for a terminal or a log. Control characters and marks that reorder text become
  /// visible (`\x1B`); line ends stay.
  ///
  /// - Parameter isForGitHub: true if GitHub's runner reads the output. No line is then a
  ///   workflow command, which begins with `::` or contains `##[`.
  public static func terminal(_ text: String, isForGitHub: Bool = false) -> String {
    let safe = text.visible(except: "\n")
    guard isForGitHub, safe.contains(byte: ":") || safe.contains(byte: "#") else { return safe }
    return safe.split(atByte: "\n", omittingEmptySubsequences: false).map(withoutCommand)
      .joined(separator: "\n")
  }

  /// Text within one line: as `terminal`, but line ends are escaped too.
  public static func line(_ text: String) -> String { text.visible() }

  /// A line that GitHub's runner shows but does not execute.
  ///
  /// - Source: actions/runner, ActionCommand.cs: it skips white space before `::`, and
  ///   recognizes `##[` at any position.
  private static func withoutCommand(_ line: Substring) -> String {
    var line = String(line)
    let start = line.unicodeScalars.firstIndex { !$0.properties.isWhitespace }
    if let start, line[start...].hasPrefix(bytes: "::") {
      line.unicodeScalars.replaceSubrange(start...start, with: "\\x3A".unicodeScalars)
    }
    return line.replacing(bytes: "##[", with: "##\\x5B")
  }

  /// An annotation for GitHub's runner: `::error file=…,line=…,col=…::message`.
  public static func gitHubError(_ message: String, file: String, line: Int, column: Int) -> String
  {
    func escaped(_ text: String, _ others: String) -> String {
      text.unicodeScalars.map { scalar in
        if "%\r\n".unicodeScalars.contains(scalar) || others.unicodeScalars.contains(scalar) {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          return "%" + (scalar.value < 16 ? "0" : "") + digits
        }
        return scalar.visible
      }.joined()
    }
    return "::error file=\(escaped(file, ":,")),line=\(line),col=\(column)::"
      + escaped(message, "")
  }

  /// Text for XML and HTML, in content and in quoted attributes. Control characters and
  /// characters that XML 1.0 does not permit become U+FFFD. Line ends and tabs stay.
  public static func xml(_ text: some StringProtocol) -> String {
    xml(text) { $0 == "\n" || $0 == "\t" ? String($0) : nil }
  }

  /// As `xml`, for an attribute, in which readers would replace line ends and tabs by spaces.
  ///
  /// - Parameter isInSingleQuotes: true if the attribute is in single quotes, so that double
  ///   quotes stay.
  public static func xmlAttribute(
    _ text: some StringProtocol, isInSingleQuotes: Bool = false
  ) -> String {
    xml(text) { scalar in
      if scalar == "\"" { return isInSingleQuotes ? "\"" : nil }
      return "\n\r\t".unicodeScalars.contains(scalar) ? "&#\(scalar.value);" : nil
    }
  }

  private static func xml(
    _ text: some StringProtocol, _ special: (Unicode.Scalar) -> String?
  ) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += special(scalar) ?? "&quot;"
      case "'": escaped += "&#39;"
      case _ where scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value:
        escaped += special(scalar) ?? "\u{FFFD}"
      case "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// Text as a part of a URL: every byte is encoded that is not a letter, a digit or one of
  /// `-._~/`.
  ///
  /// - Source: RFC 3986
  public static func url(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    let kept = Array("-._~/".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: bytes.append(byte)
      case _ where kept.contains(byte): bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Text for Markdown in which nothing is read as markup.
  public static func markdown(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      if "\\`*_{}[]<>#|&$~".unicodeScalars.contains(scalar) { escaped += "\\" }
      escaped.unicodeScalars.append(scalar)
    }
    return escaped
  }
}

extension String {
  /// The text with each occurrence of `part` replaced.
  fileprivate func replacing(bytes part: String, with other: String) -> String {
    var rest = Array(utf8)[...]
    let part = Array(part.utf8)
    var result: [UInt8] = []
    while let first = rest.firstIndex(of: part[0]) {
      result += rest[..<first]
      rest = rest[first...]
      if rest.starts(with: part) {
        result += other.utf8
        rest = rest.dropFirst(part.count)
      } else {
        result.append(rest.removeFirst())
      }
    }
    return String(decoding: result + rest, as: UTF8.self)
  }
}
