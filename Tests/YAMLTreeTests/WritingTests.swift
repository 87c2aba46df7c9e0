import NNExp
import TestSupport
import Testing
import YAMLTree

/// A written tree is read back as the same tree.
@Suite struct WritingTests {
  @Test func treesAreWrittenInReadableBlocks() throws {
    let tree = try parse(
      """
      {name: xor, empty: {}, none: [], model: [{type: dense, units: 2, initial: {weight: [[1, 2],
      [3, 4]]}}, sigmoid, [[a], {b: [c, {d: 1}]}]], text: "a: b", lines: "a\\nb\\n", inputs: [1, 2.5, x]}
      """)
    #expect(
      writeYAML(tree) == #"""
        name: xor
        empty: {}
        none: []
        model:
          - type: dense
            units: 2
            initial:
              weight:
                - [1, 2]
                - [3, 4]
          - sigmoid
          - - [a]
            - b:
                - c
                - d: 1
        text: "a: b"
        lines: "a\nb\n"
        inputs: [1, 2.5, x]

        """#)
  }

  @Test func longListsHaveOneLinePerElement() throws {
    let short = ConfigValue(.list((1000..<1015).map { ConfigValue(.int($0)) }))
    #expect(writeYAML(.map([("a", short)])).split(separator: "\n").count == 1)
    let long = ConfigValue(.list((1000..<1020).map { ConfigValue(.int($0)) }))
    let text = writeYAML(.map([("a", long)]))
    #expect(text.hasPrefix("a:\n  - 1000\n  - 1001\n"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  static let texts = [
    "", " ", "a", "a b", " a", "a ", "a\n", "\n", "\n\na\n\n", "\t", "a\tb", "\r\n", "~", "null",
    "Null",
    "true", "FALSE", "yes", "no", "on", "off", "y", "n", "1", "-1", "+1", "1.5", "1e3", "1e-3",
    ".5",
    ".inf", "-.inf", ".nan", "0x10", "0o7", "1_000", "- a", "-", "--", "---", "--- a", "...",
    "a: b",
    "a:", ":a", ":", ": ", "a:b", "lr:0.1", "? a", "?", "#", "a #b", "a#b", "# a", "&a", "*a", "!a",
    "|", ">", "%a", "@a", "`a`", "'a'", "\"a\"", "it's", "a\"b", "a\\b", "\\", "\\n", "[a]", "[",
    "]",
    "{a}", "{", "}", ",", "a,b", "a, b", "<<", "=", "a=b", "é", "größe", "名前", "😀", "\0", "\u{7}",
    "\u{1B}[31m", "\u{7F}", "\u{80}", "\u{85}", "\u{A0}", "\u{AD}", "\u{200B}", "\u{2028}",
    "\u{2029}", "\u{202E}", "\u{FEFF}", "\u{FFFD}", "\u{FFFE}", "\u{FFFF}", "\u{10000}",
    "\u{10FFFF}", "e\u{301}", "\u{301}", "a/b.c-d+e_f", "C:\\x", "http://x:80/", "2024-01-01",
    "12:30",
  ]

  @Test(arguments: texts)
  func everyTextReadsBack(text: String) throws {
    for tree in [
      ConfigValue(.string(text)), ConfigValue(.list([ConfigValue(.string(text)), 1])),
      ConfigValue.map([(text, ConfigValue(.string(text)))]),
      ConfigValue(
        .list([.map([(text, .map([(text, ConfigValue(.list([ConfigValue(.string(text))])))]))])])),
    ] {
      let written = writeYAML(tree)
      #expect(try parse(written).isSame(as: tree), "written as \(written)")
    }
  }

  @Test func keysOfEveryLengthReadBack() throws {
    for letter in ["k", " ", "\u{0}", "\u{2028}", "\"", "é"] {
      for count in [1, 170, 171, 255, 256, 511, 512, 1021, 1022, 1023, 1024] {
        let key = String(repeating: letter, count: count)
        for value in [1, [1], [[1], 2], .map([("a", [[1]])])] as [ConfigValue] {
          for tree in [
            ConfigValue.map([(key, value), ("z", 1)]),
            ConfigValue(.list([ConfigValue.map([(key, value)])])),
          ] {
            #expect(
              try parse(writeYAML(tree)).isSame(as: tree), "\(count) of \(letter.debugDescription)")
          }
        }
      }
    }
  }

  /// Doubles without a fraction are written as integers, which are equal numbers.
  @Test func numbersReadBack() throws {
    var random = SeededGenerator(seed: 5)
    var values = [
      0, -0.0, 1, -1, 0.1, 1e15, 1e16, 1e22, 123456789012345680, 0x1p53, 0x1p63, -0x1p63,
      .greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude, .infinity,
      -.infinity,
    ]
    values += (0..<2000).map { _ in Double(bitPattern: random.next()) }.filter(\.isFinite)
    for value in values {
      let number = try #require(try parse(writeYAML(ConfigValue(.double(value)))).number)
      #expect(number.bitPattern == value.bitPattern, "\(value)")
    }
    #expect(try parse(writeYAML(ConfigValue(.double(.nan)))).number?.isNaN == true)
    for value in [0, -1, .max, .min] {
      #expect(try parse(writeYAML(ConfigValue(.int(value)))).isSame(as: ConfigValue(.int(value))))
    }
  }

  @Test func randomTreesReadBack() throws {
    try withEvery("seed", in: 0..<1500) { (seed) throws in
      var random = SeededGenerator(seed: UInt64(seed))
      let tree = randomTree(depth: 5, &random)
      let written = writeYAML(tree)
      #expect(try parse(written).isSame(as: tree), "seed \(seed):\n\(written)")
      // The flow style is read back too.
      #expect(try parse(tree.flow).isSame(as: tree), "seed \(seed): \(tree.flow)")
    }
  }

  private func randomTree(depth: Int, _ random: inout SeededGenerator) -> ConfigValue {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &random) {
    case 0: return ConfigValue(.null)
    case 1: return ConfigValue(.bool(.random(using: &random)))
    case 2: return ConfigValue(.int(Int.random(in: -1000...1000, using: &random)))
    case 3: return ConfigValue(.double(Double.random(in: -1...1, using: &random)))
    case 4: return ConfigValue(.string(WritingTests.texts.randomElement(using: &random)!))
    case 5, 6:
      return ConfigValue(
        .list(
          (0..<Int.random(in: 0...4, using: &random)).map { _ in
            randomTree(depth: depth - 1, &random)
          }))
    default:
      var entries: [(String, ConfigValue)] = []
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        let key = WritingTests.texts.randomElement(using: &random)!
        if entries.contains(where: { $0.0 == key }) { continue }
        entries.append((key, randomTree(depth: depth - 1, &random)))
      }
      return .map(entries)
    }
  }
}
