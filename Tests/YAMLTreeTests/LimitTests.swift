import NNExp
import Testing

@testable import YAMLTree

/// Texts that would need excessive memory, time or stack end early with an error that names the
/// limit. `make bench-instructions` counts how early.
@Suite struct LimitTests {
  private func repeated(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
  }

  /// Nine levels of ten aliases each, a thousand million values if expanded.
  @Test func aliasBombsEndEarly() {
    var yaml = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for (level, last) in zip("bcdefghi", "abcdefgh") {
      let aliases = Array(repeating: "*\(last)", count: 10).joined(separator: ", ")
      yaml += "\(level): &\(level) [\(aliases)]\n"
    }
    #expect(
      errors(in: Array(yaml.utf8)) == """
        a.yaml:6:16: error: alias '*e' makes the declaration larger than 1 MiB, the limit with \
        every alias written out
            f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
                           ^
        """)
  }

  /// Long texts count as much as many values.
  @Test func aliasesOfLongTextsAreBounded() {
    let yaml = "- &a \(repeated("x", 100_000))\n" + repeated("- *a\n", 20)
    #expect(
      errors(in: Array(yaml.utf8)).hasPrefix(
        "a.yaml:11:3: error: alias '*a' makes the declaration larger than 1 MiB"))
    let fewer = "- &a \(repeated("x", 100_000))\n" + repeated("- *a\n", 9)
    #expect(errors(in: Array(fewer.utf8)) == "no error")
  }

  @Test func aliasesCannotNestDeeperThanTheLimit() throws {
    let deep = repeated("[", 40) + repeated("]", 40)
    let yaml = "- &a \(deep)\n- \(repeated("[", 23))*a\(repeated("]", 23))\n"
    _ = try parse(yaml)
    let deeper = "- &a \(deep)\n- \(repeated("[", 24))*a\(repeated("]", 24))\n"
    #expect(
      errors(in: Array(deeper.utf8)) == """
        a.yaml:2:27: error: nested deeper than 64 lists or mappings
            - \(repeated("[", 24))*a\(repeated("]", 24))
                                      ^
        """)
  }

  @Test func sixtyFourLevelsAreRead() throws {
    let texts = [
      repeated("[", 64) + repeated("]", 64), repeated("- ", 64) + "x",
      (0..<64).map { repeated(" ", $0) + "a:\n" }.joined(),
    ]
    for text in texts { #expect(levels(of: try parse(text)) == 64, "\(text.prefix(10))") }
  }

  /// The number of nested collections.
  private func levels(of node: ConfigValue) -> Int {
    switch node.content {
    case .list(let items): 1 + (items.map(levels).max() ?? 0)
    case .map(let entries): 1 + (entries.map { levels(of: $0.value) }.max() ?? 0)
    default: 0
    }
  }

  @Test(arguments: [
    ("[", 16_000, "1:65"), ("- ", 5_000, "1:129"), ("{a: ", 16_000, "1:257"),
    ("[[", 500_000, "1:65"), ("[{a: ", 200_000, "1:161"), ("[\n", 16_000, "65:1"),
  ])
  func deepNestingEndsEarly(opening: String, count: Int, location: String) {
    let yaml = Array(repeated(opening, count).utf8)
    #expect(
      errors(in: yaml).hasPrefix(
        "a.yaml:\(location): error: nested deeper than 64 lists or mappings"))
  }

  @Test func textsBeyondAMebibyteAreRefused() {
    let key = "a: "
    let fits = key + repeated("x", (1 << 20) - key.utf8.count)
    #expect(errors(in: Array(fits.utf8)) == "no error")
    #expect(
      errors(in: Array((fits + "x").utf8))
        == "error: 'a.yaml' is larger than 1 MiB, the limit of a declaration")
    #expect(
      errors(in: Array(repeating: UInt8(ascii: "x"), count: 8 << 20))
        == "error: 'a.yaml' is larger than 1 MiB, the limit of a declaration")
  }

  /// A key of 1,024 characters is permitted, regardless of its bytes; a longer one is not.
  @Test func keysAreBounded() throws {
    for letter in ["k", "é", "😀"] {
      let key = repeated(letter, 1024)
      #expect(try parse(key + ": 1")[key] != nil)
      #expect(try parse("? " + key + "\n: 1")[key] != nil)
      for (yaml, location) in [
        (key + letter + ": 1", "1:1"), ("a: 1\n" + key + letter + ": 1", "2:1"),
        ("? " + key + letter, "1:3"), ("{" + key + letter + ": 1}", "1:2"),
        ("\"" + key + letter + "\": 1", "1:1"), ("a: " + key + letter + ": 1", "1:4"),
      ] {
        #expect(
          errors(in: Array(yaml.utf8)).hasPrefix(
            "a.yaml:\(location): error: a key is longer than 1,024 characters, the limit of a key"),
          "\(yaml.prefix(8))…")
      }
    }
  }

  /// No text of 1 MiB takes libyaml or the tree excessive time.
  @Test(arguments: [
    "\n", "#\n", "# x\n", "a\n", "- a\n", "[], ", "x,", "'' ", "a ", "\"\\n\" ", "- &a\n", "- *a\n",
    "? a\n", "- !x\n", "\t\n", "'\n", "\"\n", "|\n", "%TAG !a! b\n", "---\n", "...\n", ": ", "é",
    ",",
  ])
  func longRepetitionsGiveShortErrors(piece: String) {
    let count = (1 << 20) / (piece.utf8.count + 1)
    for start in ["", "[", "'", "a: |\n  "] {
      let yaml = Array((start + repeated(piece, count)).utf8)
      #expect(errors(in: yaml).utf8.count < 1 << 16, "\(start)\(piece)")
    }
  }

  /// Reading stops after twenty errors.
  @Test func errorsAreBounded() {
    let yaml = repeated("- !x y\n", 1000)
    #expect(errors(in: Array(yaml.utf8)).split(separator: "\n").count == 60)
  }
}
