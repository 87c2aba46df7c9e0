import Foundation
import NNExp
import TestSupport
import Testing

@testable import Sweeps

@Suite struct ShellWordsTests {
  @Test(arguments: [
    ("", []), ("  ", []), ("a", ["a"]), (" a\t b\n", ["a", "b"]),
    ("--comment='two words' -p x", ["--comment=two words", "-p", "x"]),
    ("--comment=\"it's \\\"so\\\" \\n\"", ["--comment=it's \"so\" \\n"]),
    ("'' \"\"", ["", ""]), ("a\\ b \\'", ["a b", "'"]), ("'a\\'", ["a\\"]),
    ("$HOME `id`", ["$HOME", "`id`"]), ("'\u{301}a b' c", ["\u{301}a b", "c"]),
  ])
  func textIsSplitIntoShellWords(_ text: String, _ words: [String]) throws {
    #expect(try shellWords(text, of: "--slurm-options") == words)
  }

  @Test(arguments: [
    ("--comment='x", "--slurm-options contains an unclosed '; close it: --comment='x"),
    ("a \"b", "--slurm-options contains an unclosed \"; close it: a \"b"),
    ("a\\", "--slurm-options ends in a backslash: a\\"),
  ])
  func openQuotesAreReported(_ text: String, _ message: String) {
    let error = #expect(throws: Diagnostic.self) {
      try shellWords(text, of: "--slurm-options")
    }
    #expect(error?.message == message)
  }

  /// Quoted words are read back unchanged, here and by the shell.
  @Test func quotedWordsReadBack() throws {
    let characters = Array("ab'\"\\ $`*?[]{}()<>|&;#!~%é=\u{301}".unicodeScalars)
    try withEvery("seed", in: 0..<200) { (seed) throws in
      let random = RandomStream(seed: UInt64(seed), purpose: "words")
      let words = (0..<3).map { word in
        let length = Int(random.uniform(at: word) * 9)
        return (0..<length).reduce(into: "") {
          $0.unicodeScalars.append(
            characters[Int(random.uniform(at: 9 + 9 * word + $1) * Double(characters.count))])
        }
      }
      let text = words.map(quotedForShell).joined(separator: " ")
      #expect(try shellWords(text, of: "").hasSameTexts(as: words), "seed \(seed): \(text)")
      if seed % 20 == 0 {
        #expect(try shell(text).hasSameTexts(as: words), "seed \(seed): \(text)")
      }
    }
  }

  /// The words according to a shell.
  private func shell(_ text: String) throws -> [String] {
    try runCommand("/bin/sh", ["-c", "printf '%s\\n' \(text)"]).output
      .split(atByte: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }
}
