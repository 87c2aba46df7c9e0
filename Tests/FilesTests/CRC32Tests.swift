import NNExp
import Testing

@testable import Files

private func checksum(_ bytes: [UInt8]) -> UInt32 {
  var crc = CRC32()
  crc.update(bytes)
  return crc.value
}

// The check value from the catalogue of CRC algorithms, and values of Python's zlib.crc32.
@Test(
  arguments: [
    ("", 0), ("123456789", 0xCBF4_3926), ("a", 0xE8B7_BE43),
    ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
  ] as [(String, UInt32)])
func publishedChecksumsAreReproduced(_ text: String, _ expected: UInt32) {
  #expect(checksum(Array(text.utf8)) == expected)
}

// python3 -c "import zlib; print(hex(zlib.crc32(b''.join(
//   zlib.crc32(bytes(i*i % 251 for i in range(n))).to_bytes(4, 'little') for n in range(300)))))"
@Test func checksumsOfEveryLengthAreThoseOfZlib() {
  let checksums = (0..<300).map { n in checksum((0..<n).map { UInt8($0 * $0 % 251) }) }
  #expect(
    checksum(checksums.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }) == 0x8345_9610)
}

@Test(arguments: 0..<50)
func aTextInPiecesHasTheSameChecksum(_ seed: UInt64) {
  let random = RandomStream(seed: seed, purpose: "pieces")
  let bytes = (0..<1000).map { UInt8(random.integer(below: 256, at: $0)) }
  var crc = CRC32()
  var rest = bytes[...]
  var draw = 2000
  while !rest.isEmpty {
    let piece = rest.prefix(random.integer(below: 150, at: draw))
    crc.update(Array(piece))
    rest = rest.dropFirst(piece.count)
    draw += 1
  }
  #expect(crc.value == checksum(bytes), "seed \(seed)")
}
