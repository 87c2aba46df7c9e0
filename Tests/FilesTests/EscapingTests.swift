import NNExp
import TestSupport
import Testing

@testable import Files

/// Fault 50: no text controls the program that shows it.
@Suite struct EscapingTests {
  @Test(arguments: [
    ("plain: text\nin lines\n", "plain: text\nin lines\n"),
    ("a\u{1B}[31mb", "a\\x1B[31mb"), ("a\rb\tc", "a\\rb\\tc"), ("\u{202E}x", "\\u202Ex"),
    ("\u{7F}\u{9B}", "\\x7F\\x9B"), ("\u{2028}", "\\u2028"), ("žluť — δ", "žluť — δ"),
    ("::error::x", "::error::x"),
  ])
  func textForATerminalIsEscaped(_ text: String, _ expected: String) {
    #expect(Escaping.terminal(text) == expected)
  }

  @Test(arguments: [
    ("::error::x", "\\x3A:error::x"), ("a\n::add-mask::b", "a\n\\x3A:add-mask::b"),
    (" \u{3000}::x", " \u{3000}\\x3A:x"), ("a ::b:: c", "a ::b:: c"),
    ("x ##[error]y", "x ##\\x5Berror]y"), ("###[#", "###\\x5B#"), (":\n:", ":\n:"),
    ("::\u{301}x", "\\x3A:\u{301}x"), ("", ""), ("\n", "\n"),
  ])
  func textForGitHubIsEscaped(_ text: String, _ expected: String) {
    #expect(Escaping.terminal(text, isForGitHub: true) == expected)
  }

  @Test func anAnnotationIsOneCommand() {
    #expect(
      Escaping.gitHubError("50% of\n::x\u{1B}", file: "a:b,c\n.yaml", line: 3, column: 7)
        == "::error file=a%3Ab%2Cc%0A.yaml,line=3,col=7::50%25 of%0A::x\\x1B")
  }

  @Test func textForXMLIsEscaped() {
    let text = "<a b='\"&'>\n\t\r\u{0}\u{7F}\u{FFFE}</a>"
    #expect(
      Escaping.xml(text)
        == "&lt;a b=&#39;&quot;&amp;&#39;&gt;\n\t\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}&lt;/a&gt;")
    #expect(
      Escaping.xmlAttribute(text)
        == "&lt;a b=&#39;&quot;&amp;&#39;&gt;&#10;&#9;&#13;\u{FFFD}\u{FFFD}\u{FFFD}&lt;/a&gt;")
  }

  @Test func textForMarkdownIsEscaped() {
    #expect(Escaping.markdown("[a](b) `c` $d$ | <e>") == "\\[a\\](b) \\`c\\` \\$d\\$ \\| \\<e\\>")
  }

  /// Texts of characters with a special meaning, in any order.
  @Test(arguments: UInt64(0)..<200)
  func randomTextIsHarmlessOnceEscaped(_ seed: UInt64) {
    let scalars = Array("::##[]\n\r\t\u{1B}\u{0}\u{9B}\u{202E}\u{301} %,<>&'\"ax".unicodeScalars)
    var random = SeededGenerator(seed: seed)
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0..<40, using: &random) {
      text.append(scalars.randomElement(using: &random)!)
    }
    let shown = Escaping.terminal(String(text), isForGitHub: true)
    #expect(shown.unicodeScalars.allSatisfy { $0 == "\n" || !$0.isUnsafeInText })
    #expect(shown.utf8.firstRange(of: "##[".utf8) == nil)
    for line in shown.split(atByte: "\n") {
      let first = line.unicodeScalars.drop { $0.properties.isWhitespace }
      #expect(!Substring(first).hasPrefix(bytes: "::"), "seed \(seed)")
    }
    #expect(Escaping.line(String(text)).unicodeScalars.allSatisfy { !$0.isUnsafeInText })
    for xml in [Escaping.xml(String(text)), Escaping.xmlAttribute(String(text))] {
      #expect(xml.utf8.allSatisfy { !"<>\"'".utf8.contains($0) }, "seed \(seed)")
    }
    let annotation = Escaping.gitHubError(String(text), file: String(text), line: 1, column: 1)
    #expect(annotation.unicodeScalars.allSatisfy { !$0.isUnsafeInText }, "seed \(seed)")
  }
}
