import TestSupport
import Testing

@testable import NNExp

/// Text compared by its bytes, in cases where comparing characters gives another result.
@Suite struct ByteTextTests {
  /// A combining acute accent, which belongs to the character before it.
  private let mark = "\u{301}"

  @Test func aByteIsFoundBeforeACombiningMark() {
    let path = "a/\(mark)b.\(mark)c"
    #expect(path.firstIndex(ofByte: "/") == path.utf8.index(path.startIndex, offsetBy: 1))
    #expect(path.lastIndex(ofByte: ".") == path.utf8.index(path.startIndex, offsetBy: 5))
    #expect(path.contains(byte: "/") && !path.contains(byte: "x"))
    #expect(path.firstIndex(of: "/") == nil)
    #expect("/\(mark)x".hasPrefix(bytes: "/") && !"/\(mark)x".hasPrefix("/"))
    #expect("x/".hasSuffix(bytes: "/") && !"x".hasSuffix(bytes: "xx"))
    // U+0600 forms a character with the one after it.
    #expect("\u{600}.npy".hasSuffix(bytes: ".npy"))
  }

  @Test func textIsSplitAtBytes() {
    func parts(_ text: String, maxSplits: Int = .max, omitting: Bool = true) -> [[UInt8]] {
      text.split(atByte: ",", maxSplits: maxSplits, omittingEmptySubsequences: omitting)
        .map { Array($0.utf8) }
    }
    func bytes(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
    #expect(parts("a,\(mark)b") == bytes("a", "\(mark)b"))
    #expect(parts(",a,,b,") == bytes("a", "b"))
    #expect(parts(",a,,b,", omitting: false) == bytes("", "a", "", "b", ""))
    #expect(parts("a,b,c", maxSplits: 1) == bytes("a", "b,c"))
    #expect(parts("") == [] && parts("", omitting: false) == [[]])
  }

  /// The function `split` of the standard library, applied to bytes.
  @Test func partsAreThoseOfTheStandardLibrary() {
    let letters = Array(",,ab".unicodeScalars) + ["\u{301}"]
    withEvery("seed", in: 0..<500) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "parts")
      var text = ""
      for index in 0..<Int(random.uniform(at: 0) * 9) {
        let letter = Int(random.uniform(at: index + 2) * Double(letters.count))
        text.unicodeScalars.append(letters[letter])
      }
      let most = Int(random.uniform(at: 1) * 4)
      for omitting in [true, false] {
        let expected = Array(text.utf8).split(
          separator: UInt8(ascii: ","), maxSplits: most, omittingEmptySubsequences: omitting)
        let found = text.split(
          atByte: ",", maxSplits: most, omittingEmptySubsequences: omitting)
        #expect(found.map { Array($0.utf8) } == expected.map(Array.init), "seed \(seed): \(text)")
      }
    }
  }

  @Test func canonicallyEquivalentTextsAreDifferent() {
    let pairs = [
      ("é", "e\u{301}"), ("K", "\u{212A}"), (";", "\u{37E}"),
      ("a\u{323}\u{301}", "a\u{301}\u{323}"),
    ]
    for (a, b) in pairs {
      #expect(a == b)
      #expect(!a.hasSameBytes(as: b) && a.hasSameBytes(as: a))
      #expect(![a].contains(text: b) && [b, a].firstIndex(ofText: a) == 1)
      #expect(![a].hasSameTexts(as: [b]))
      #expect(Set([a, b, a].map(ByteText.init)).count == 2)
      #expect(a.precedes(byBytes: b) != b.precedes(byBytes: a))
    }
  }

  @Test func spacesAreTrimmed() {
    #expect("  a b ".trimming(byte: " ") == "a b")
    #expect("  ".trimming(byte: " ") == "" && "".trimming(byte: " ") == "")
    #expect(Array(" \(mark)a ".trimming(byte: " ").utf8) == Array("\(mark)a".utf8))
  }

  @Test func aNameThatIsNotUTF8IsRefused() {
    #expect(validName("é") == "é")
    for bytes: [UInt8] in [[0x61, 0xFF, 0], [0xC3, 0]] {
      #expect(validName(bytes.map(CChar.init(bitPattern:))) == nil)
    }
    #expect(shown(bytes: [0x61, 0xFF, 0xC3, 0xA9, 0x0A, 0xE2, 0x80]) == "a\\xFFé\n\\xE2\\x80")
  }
}
