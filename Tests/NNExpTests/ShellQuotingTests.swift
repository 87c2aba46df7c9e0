import Foundation
import NNExp
import TestSupport
import Testing

@Suite struct ShellQuotingTests {
  @Test(arguments: [
    ("", "''"), ("a/b-c_d.e=1:2,3+4@5%", "a/b-c_d.e=1:2,3+4@5%"), ("a b", "'a b'"),
    ("it's", #"'it'\''s'"#), ("'\u{301}", "''\\''\u{301}'"), ("$(id)", "'$(id)'"),
    ("~", "'~'"), ("naïve", "'naïve'"), ("\\n", #"'\n'"#),
    ("a\nb", #"$'a\012b'"#), ("it's\t\\1", #"$'it\'s\011\\1'"#), ("\u{1B}1", #"$'\0331'"#),
    ("é\u{202E}", #"$'é\342\200\256'"#),
  ])
  func aWordIsQuotedAsNeeded(_ word: String, _ quoted: String) {
    #expect(Array(quotedForShell(word).utf8) == Array(quoted.utf8))
    #expect(Array(quotedForShell(Array(word.utf8)).utf8) == Array(quoted.utf8))
  }

  @Test func bytesThatAreNotUTF8AreEscaped() {
    #expect(quotedForShell([0x61, 0xFF, 0x31]) == #"$'a\3771'"#)
    #expect(quotedForShell([0xC3]) == #"$'\303'"#)
  }

  /// bash reads 10⁵ random words back byte for byte, in any locale.
  @Test func bashReadsEveryWordBack() throws {
    let hostile: [[UInt8]] =
      "'\"\\$`!*?[]{}()<>|&;#~^=%, \t\n\r01789xuc".utf8.map { [$0] }
      + ["é", "\u{301}", "\u{85}", "\u{2028}", "\u{202E}", "😀"].map { Array($0.utf8) }
      + [[0xFF], [0xC3], [0xE2, 0x80], [0xED, 0xA0, 0x80], [0x01], [0x7F], [0x1B]]
    let scratch = Scratch()

    let perSeed = 1000
    for (seed, locale) in zip(0..<100, ["C", "C.UTF-8"].repeated(50)) {
      let random = RandomStream(seed: UInt64(seed), purpose: "shell")
      var draws = 0
      func draw(_ limit: Int) -> Int {
        draws += 1
        return Int(random.uniform(at: draws) * Double(limit))
      }
      var words: [[UInt8]] = []
      for _ in 0..<perSeed {
        var word: [UInt8] = []
        let isRandom = draw(3) == 0
        for _ in 0..<draw(9) {
          word += isRandom ? [UInt8(1 + draw(255))] : hostile[draw(hostile.count)]
        }
        words.append(word)
      }
      let quoted = words.map { quotedForShell($0) }
      #expect(
        quoted.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }, "seed \(seed)")
      scratch.put("printf '%s\\0' \(quoted.joined(separator: " "))\n", in: "script")
      let output = try runCommand(
        "/bin/bash", [scratch.path + "/script"], environment: ["LC_ALL": locale])
      let found = output.bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      try #require(found.count == perSeed, "seed \(seed)")
      for (word, back) in zip(words, found) where word != Array(back) {
        Issue.record("seed \(seed), \(locale): \(word) came back as \(Array(back))")
        return
      }
    }
  }
}

extension Array {
  fileprivate func repeated(_ count: Int) -> [Element] {
    (0..<count).flatMap { _ in self }
  }
}
