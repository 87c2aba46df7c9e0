import NNExp

/// The SHA-256 of bytes that arrive piece by piece.
///
/// - Source: FIPS 180-4, §6.2.
public struct SHA256: Sendable {
  private var state = SHA256.initialState
  /// Bytes that do not fill a block yet.
  private var rest: [UInt8] = []
  private var count: UInt64 = 0

  public init() { rest.reserveCapacity(64) }

  /// The digest of one piece.
  public static func digest(of bytes: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalize()
  }

  /// Adds bytes.
  public mutating func update(_ bytes: [UInt8]) {
    count &+= UInt64(bytes.count)
    var position = 0
    if !rest.isEmpty {
      position = min(64 - rest.count, bytes.count)
      rest += bytes[..<position]
      if rest.count < 64 { return }
      rest.withUnsafeBytes { SHA256.compress($0, into: &state) }
      rest.removeAll(keepingCapacity: true)
    }
    let whole = (bytes.count - position) & ~63
    bytes.withUnsafeBytes { buffer in
      SHA256.compress(
        UnsafeRawBufferPointer(rebasing: buffer[position..<position + whole]), into: &state)
    }
    rest += bytes[(position + whole)...]
  }

  /// The 32 bytes of the digest of all that was added.
  public func finalize() -> [UInt8] {
    var last = rest + [0x80]
    last += repeatElement(0, count: (120 - last.count) % 64)
    withUnsafeBytes(of: (count &* 8).bigEndian) { last += $0 }
    var state = state
    last.withUnsafeBytes { SHA256.compress($0, into: &state) }
    return (0..<8).flatMap { i in
      (0..<4).map { UInt8(truncatingIfNeeded: state[i] >> (24 - 8 * $0)) }
    }
  }

  /// Works whole blocks of 64 bytes into the state.
  private static func compress(_ blocks: UnsafeRawBufferPointer, into state: inout SIMD8<UInt32>) {
    var w = InlineArray<64, UInt32>(repeating: 0)
    var start = 0
    while start < blocks.count {
      for t in 0..<16 {
        w[t] = UInt32(
          bigEndian: blocks.loadUnaligned(fromByteOffset: start &+ 4 &* t, as: UInt32.self))
      }
      for t in 16..<64 {
        let a = w[t &- 15]
        let b = w[t &- 2]
        let s0 = rotated(a, 7) ^ rotated(a, 18) ^ (a >> 3)
        let s1 = rotated(b, 17) ^ rotated(b, 19) ^ (b >> 10)
        w[t] = w[t &- 16] &+ s0 &+ w[t &- 7] &+ s1
      }
      var (a, b, c, d) = (state[0], state[1], state[2], state[3])
      var (e, f, g, h) = (state[4], state[5], state[6], state[7])
      for t in 0..<64 {
        let s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
        let choice = (e & f) ^ (~e & g)
        let t1 = h &+ s1 &+ choice &+ roundConstants[t] &+ w[t]
        let s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
        let majority = (a & b) ^ (a & c) ^ (b & c)
        (h, g, f, e) = (g, f, e, d &+ t1)
        (d, c, b, a) = (c, b, a, t1 &+ s0 &+ majority)
      }
      state &+= SIMD8(a, b, c, d, e, f, g, h)
      start &+= 64
    }
  }

  @inline(__always)
  private static func rotated(_ x: UInt32, _ bits: UInt32) -> UInt32 {
    x &>> bits | x &<< (32 &- bits)
  }

  /// The first 32 bits of the fractional parts of the square roots of the first
  /// eight primes.
  private static let initialState = SIMD8<UInt32>(
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
    0x5BE0_CD19)

  /// The same of the cube roots of the first 64 primes.
  private static let roundConstants: InlineArray<64, UInt32> = [
    0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4,
    0xAB1C_5ED5, 0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE,
    0x9BDC_06A7, 0xC19B_F174, 0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F,
    0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA, 0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7,
    0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967, 0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC,
    0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85, 0xA2BF_E8A1, 0xA81A_664B,
    0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070, 0x19A4_C116,
    0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
    0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7,
    0xC671_78F2,
  ]
}

/// A file and the SHA-256 of its bytes, in hexadecimal.
public struct FileHash: Sendable, Hashable {
  public var path: String
  public var sha256: String

  public init(path: String, sha256: String) {
    self.path = path
    self.sha256 = sha256
  }

  /// Reads the file.
  public init(of path: String, fileSystem: FileSystem = .system) throws {
    guard let file = try fileSystem.currentFolder.openIfThere(path) else {
      throw Diagnostic("there is no file '\(path)'", failure: .environment)
    }
    var hash = SHA256()
    while true {
      let piece = try file.read(1 << 16)
      if piece.isEmpty { break }
      hash.update(piece)
    }
    self.init(path: path, sha256: hexadecimal(hash.finalize()))
  }
}

/// Two digits a byte, in lower case.
func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
