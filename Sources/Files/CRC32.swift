internal import CZlib

/// The checksum of zip, gzip and PNG, of bytes that arrive piece by piece: zlib's.
///
/// Finds every burst of errors of up to 32 bits, and all but one in 2³² of the rest.
public struct CRC32: Sendable {
  /// The checksum of all that was added.
  public private(set) var value: UInt32 = 0

  /// Of nothing, to which more is added.
  public init() {}

  public mutating func update(_ bytes: [UInt8]) {
    // Without bytes, zlib gives its start value instead.
    if bytes.isEmpty { return }
    value = UInt32(truncatingIfNeeded: crc32_z(UInt(value), bytes, bytes.count))
  }
}
