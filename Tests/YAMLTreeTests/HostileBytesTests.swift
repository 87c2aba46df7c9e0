import Foundation
import NNExp
import TestSupport
import Testing

@testable import YAMLTree

/// Any bytes give a tree, or errors with a location.
@Suite struct HostileBytesTests {
  /// The shipped experiments, and a text with every kind of syntax.
  static let samples: [[UInt8]] = {
    let folder = Repository.experiments
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let shipped = files.sorted().filter { $0.hasSuffix(".yaml") }.compactMap {
      try? [UInt8](Data(contentsOf: folder.appendingPathComponent($0)))
    }
    return shipped + [
      Array(
        """
        %YAML 1.2 # now
        ---
        "größe\\u00e9": &a [1, -2.5e-3, .inf, ~, {x: 'it''s', y: *none}]
        ? long
        : |2-
            literal

        folded: >+
          a
            b

        - nested: [[], {}, "\\x41\\\n  b"]
          again: *a
        <<: !tag x
        ...
        """.utf8)
    ]
  }()

  /// Every location is within the text, or at its end.
  private func check(_ bytes: [UInt8], _ comment: Comment) {
    do {
      _ = try parseYAML(bytes, name: "a.yaml")
    } catch let errors as Diagnostics {
      #expect(!errors.isEmpty, comment)
      for error in errors.list {
        #expect(!error.message.contains("this is not YAML"), comment)
        guard let location = error.location else {
          Issue.record("'\(error.message)' has no location: \(comment)")
          continue
        }
        let lines = location.source.lines
        #expect(location.line >= 1 && location.line <= lines.count + 1, comment)
        let line = location.line <= lines.count ? lines[location.line - 1] : ""
        #expect(location.column >= 1 && location.column <= line.unicodeScalars.count + 1, comment)
        #expect(!error.description.isEmpty)
      }
    } catch { Issue.record("\(error) is not a list of diagnostics: \(comment)") }
  }

  @Test(arguments: samples)
  func textsCutAtEveryByteAreReadOrReported(sample: [UInt8]) {
    #expect(HostileBytesTests.samples.count > 5)
    for end in 0...sample.count { check(Array(sample[..<end]), "cut at \(end)") }
  }

  @Test(arguments: 0..<8)
  func mutatedTextsAreReadOrReported(block: Int) {
    let signs =
      Array("[]{},:?-&*!|>'\"%@`#~ \n\t\r\\0a.<=".utf8) + [0, 0x80, 0xC3, 0xE2, 0xFE, 0xFF]
    withEvery("seed", in: block * 250..<block * 250 + 250) { seed in
      var random = SeededGenerator(seed: UInt64(seed))
      var bytes = HostileBytesTests.samples.randomElement(using: &random)!
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[at] = signs.randomElement(using: &random)!
        case 1: bytes.insert(signs.randomElement(using: &random)!, at: at)
        case 2: bytes.remove(at: at)
        default:
          let end = Int.random(in: at..<bytes.count, using: &random)
          bytes.insert(contentsOf: bytes[at..<end].prefix(40), at: at)
        }
        if bytes.isEmpty { bytes = [0x20] }
      }
      check(bytes, "seed \(seed)")
    }
  }

  /// Short texts of characters with a meaning in YAML.
  @Test(arguments: 0..<8)
  func randomSyntaxIsReadOrReported(block: Int) {
    let pieces = [
      "[", "]", "{", "}", ", ", ": ", ":", "? ", "- ", "&a ", "*a", "!t ", "|", ">", "'", "\"", "%",
      "@", "`", "#", " #", "~", " ", "  ", "\n", "\n  ", "\t", "\r\n", "\\", "0", "a", "a:b", "---",
      "\n---\n", "\n...\n", "<<", "=", "é",
    ]
    withEvery("seed", in: block * 1000..<block * 1000 + 1000) { seed in
      var random = SeededGenerator(seed: UInt64(1_000_000 + seed))
      let text = (0..<Int.random(in: 1...14, using: &random)).map { _ in
        pieces.randomElement(using: &random)!
      }.joined()
      check(Array(text.utf8), "seed \(seed): \(text.debugDescription)")
    }
  }

  /// Bytes that are not UTF-8 are reported on their line, after any text.
  @Test(
    arguments: [
      ([0xFF], "0xFF"), ([0xC3], "0xC3"), ([0xC3, 0x28], "0xC3"), ([0x80], "0x80"),
      ([0xC0, 0x80], "0xC0"), ([0xE2, 0x82], "0xE2"), ([0xED, 0xA0, 0x80], "0xED"),
      ([0xF4, 0x90, 0x80, 0x80], "0xF4"), ([0xF8, 0x88, 0x80, 0x80, 0x80], "0xF8"),
    ] as [([UInt8], String)])
  func invalidUTF8IsReportedOnItsLine(bytes: [UInt8], name: String) {
    let error = errors(in: Array("a: 1\nbé: \"".utf8) + bytes + Array("\"\nc: 2\n".utf8))
    #expect(
      error.hasPrefix("a.yaml:2:6: error: byte \(name) is not UTF-8; save the text as UTF-8\n"))
  }

  @Test func utf16IsReportedAsSuch() throws {
    for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
      let mark: [UInt8] = encoding == .utf16LittleEndian ? [0xFF, 0xFE] : [0xFE, 0xFF]
      let text = [UInt8](try #require("a: 1\n".data(using: encoding)))
      #expect(
        errors(in: mark + text).hasPrefix(
          "a.yaml:1:1: error: the text is encoded as UTF-16; save it as UTF-8"))
      // Without its byte order mark, the text contains NULs, which are reported too.
      #expect(errors(in: text).contains("error: character U+0000 is not permitted"))
    }
  }
}
