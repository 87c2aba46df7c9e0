/// The checksum of a record of an event file: CRC-32C (Castagnoli), whose bits TensorBoard rotates
/// and offsets, so that the checksum of bytes that contain checksums differs from a checksum.
enum CRC32C {
  static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let value = ~bytes.reduce(~0 as UInt32) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
    return (value >> 15 | value << 17) &+ 0xA282_EAD8
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0x82F6_3B78 : 0) }
  }
}
