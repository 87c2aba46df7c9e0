import Platform
import NNExp

/// The terminal at standard output.
enum Terminal {
  static let isPresent = isatty(1) == 1

  /// Its width in characters; 80 if it is unknown or there is no terminal.
  static var width: Int {
    var size = winsize()
    guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Whether output may hold colors: on a terminal, unless `NO_COLOR` is set; everywhere if
  /// `CLICOLOR_FORCE` is.
  ///
  /// - Source: no-color.org and bixense.com/clicolors, as of 2024: empty values count as unset
  static let isColored = isColored(1)

  /// The same for standard error.
  static let isErrorColored = isColored(2)

  private static func isColored(_ descriptor: Int32) -> Bool {
    func isSet(_ name: String) -> Bool { getenv(name).map { $0[0] != 0 } ?? false }
    if isSet("NO_COLOR") { return false }
    if let force = getenv("CLICOLOR_FORCE"), force[0] != 0, strcmp(force, "0") != 0 { return true }
    guard isatty(descriptor) == 1 else { return false }
    return getenv("TERM").map { strcmp($0, "dumb") != 0 } ?? true
  }

  /// The words of messages and verdicts that have a color, with its code.
  private static let words: [(text: String, color: String)] = [
    ("error:", "1;31"), ("warning:", "1;33"), ("note:", "1;36"), ("PASS", "32"), ("passed", "32"),
    ("ZERO", "32"),
    ("KINK", "33"), ("INCONCLUSIVE", "33"), ("FAIL", "1;31"), ("NONFINITE", "1;31"),
    ("NONDETERMINISTIC", "1;31"), ("not met", "1;31"), ("DO NOT", "1;31"),
  ]

  /// The best value of a table in color.
  static func best(_ text: String) -> String { "\u{1B}[1;32m\(text)\u{1B}[0m" }

  /// The text with these words in color.
  static func colored(_ text: String) -> String {
    let bytes = Array(text.utf8)
    func isLetter(_ index: Int) -> Bool {
      bytes.indices.contains(index)
        && (UInt8(ascii: "a")...UInt8(ascii: "z") ~= bytes[index] | 0x20
          || bytes[index] == UInt8(ascii: "_"))
    }
    var colored: [UInt8] = []
    var index = 0
    while index < bytes.count {
      let word =
        isLetter(index - 1)
        ? nil
        : words.first {
          bytes[index...].starts(with: $0.text.utf8) && !isLetter(index + $0.text.utf8.count)
        }
      if let word {
        colored += "\u{1B}[\(word.color)m\(word.text)\u{1B}[0m".utf8
        index += word.text.utf8.count
      } else {
        colored.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: colored, as: UTF8.self)
  }
}
