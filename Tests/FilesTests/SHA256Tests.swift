import Foundation
import TestSupport
import Testing

@testable import Files

@Suite struct SHA256Tests {
  /// NIST's examples (FIPS 180-4's companion page, and SHA256ShortMsg.rsp).
  @Test func digestsOfNISTsExamplesAreReproduced() {
    #expect(
      SHA256.hex(of: Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hex(of: [])
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hex(of: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      SHA256.hex(of: [0xD3])
        == "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1")
    #expect(
      SHA256.hex(of: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// Every length near the limits of padding, compared with Python's hashlib.
  @Test func digestsOfEveryLengthAreThoseOfPython() throws {
    struct Case: Decodable {
      let length: Int
      let sha256: String
    }
    struct Fixture: Decodable { let cases: [Case] }
    let fixture: Fixture = try Repository.reference("datasets/sha256.json")
    for one in fixture.cases {
      let message = (0..<one.length).map { UInt8($0 * 7 % 251) }
      #expect(SHA256.hex(of: message) == one.sha256, "\(one.length) bytes")
    }
  }

  /// Both implementations give the same digest, if the library is installed.
  @Test func theLibraryGivesTheSameDigests() throws {
    _ = try #require(SHA256.Library.shared)
    for length in [0, 1, 55, 56, 64, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 77] {
      let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 % 251) }
      var library = SHA256.Stream(ofBytes: SHA256.Library.shortest)
      library.update(message.span.extracting(first: length / 3))
      library.update(message.span.extracting(droppingFirst: length / 3))
      var own = SHA256()
      own.update(message.span)
      #expect(library.hex == own.hex, "\(length) bytes")
    }
  }

  /// A message that is added in parts of any length.
  @Test func aMessageInPartsHasTheSameDigest() {
    var random = SeededGenerator(seed: testSeed)
    let message = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7 % 251) }
    for _ in 0..<50 {
      var hash = SHA256()
      var start = 0
      var lengths: [Int] = []
      while start < message.count {
        lengths.append(min(Int.random(in: 0...200, using: &random), message.count - start))
        hash.update(message.span.extracting(start..<start + lengths.last!))
        start += lengths.last!
      }
      #expect(
        hash.digest() == SHA256.digest(of: message), "in parts of \(lengths), seed \(testSeed)")
    }
  }
}
