internal import CZlib

/// The checksum of zip, gzip and PNG, computed by zlib over bytes that arrive in pieces.
///
/// It detects every burst of errors of up to 32 bits, and all but one in 2³² of other errors.
public struct CRC32: Sendable {
  /// The checksum of all bytes so far.
  public private(set) var value: UInt32 = 0

  /// Creates the checksum of no bytes.
  public init() {}

  public mutating func update(_ bytes: [UInt8]) {
    // For an empty input, zlib would return its start value instead.
    if bytes.isEmpty { return }
    value = UInt32(truncatingIfNeeded: crc32_z(UInt(value), bytes, bytes.count))
  }
}
