import NNExp
import Testing

@testable import Results

// FIPS 180-4's examples, as NIST publishes them.
@Test(arguments: [
  ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
  ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  (
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
  ),
  (
    String(repeating: "a", count: 1_000_000),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
  ),
])
func publishedDigests(_ text: String, _ expected: String) {
  #expect(hexadecimal(SHA256.digest(of: Array(text.utf8))) == expected)
}

// python3 -c "import hashlib as h; s = lambda b: h.sha256(b).digest();
//   print(s(b''.join(s(bytes(i*i % 251 for i in range(n))) for n in range(300))).hex())"
private let digestOfDigests = "4fcde63deb51d7918da68e522043b3c02ebd25ea2d86669816a9d9d529ff9984"

@Test func everyLengthAroundABlock() {
  let digests = (0..<300).map { n in SHA256.digest(of: (0..<n).map { UInt8($0 * $0 % 251) }) }
  #expect(hexadecimal(SHA256.digest(of: digests.flatMap { $0 })) == digestOfDigests)
}

@Test(arguments: 0..<50)
func piecesMakeNoDifference(_ seed: UInt64) {
  let random = RandomStream(seed: seed, purpose: "pieces")
  let bytes = (0..<1000).map { UInt8(random.integer(below: 256, at: $0)) }
  var hash = SHA256()
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = random.integer(below: 150, at: 2000 + rest.count)
    hash.update(Array(rest.prefix(count)))
    rest = rest.dropFirst(max(1, count))
    if count == 0 { hash.update([bytes[rest.startIndex - 1]]) }
    // Looking does not end it.
    _ = hash.finalize()
  }
  #expect(hash.finalize() == SHA256.digest(of: bytes), "seed \(seed)")
}

@Test func filesAreHashed() throws {
  let scratch = Scratch()
  scratch.put("abc", in: "data.csv")
  let path = scratch.path + "/data.csv"
  #expect(
    try FileHash(of: path)
      == FileHash(
        path: path, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
  #expect(
    thrown(replacing: scratch.path) { try FileHash(of: path + "x") }
      == "3 error: there is no file '$/data.csvx'")
  #expect(
    thrown(replacing: scratch.path) { try FileHash(of: scratch.path) }
      == "3 error: '$' is not a regular file")
}
