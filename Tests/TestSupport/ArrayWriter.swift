/// Writes array files in the form of NumPy and other programs.
package enum ArrayWriter {
  /// An NPY file of float64 numbers in C order.
  package static func npy(_ values: [Double], _ shape: [Int]) -> [UInt8] {
    let axes = shape.map(String.init).joined(separator: ", ")
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (\(axes),), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0] + little(header.utf8.count, 2)
      + Array(header.utf8) + values.flatMap { $0.bitPattern.littleEndianBytes }
  }

  /// An IDX file of float64 numbers.
  package static func idx(_ values: [Double], _ shape: [Int]) -> [UInt8] {
    [0, 0, 0x0E, UInt8(shape.count)] + shape.flatMap { little($0, 4).reversed() }
      + values.flatMap { $0.bitPattern.littleEndianBytes.reversed() }
  }

  /// A zip archive of stored members.
  package static func npz(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in members {
      let file = Array((name + ".npy").utf8)
      let facts: [UInt8] =
        little(20, 2) + little(0, 8) + little(Int(checksum(bytes)), 4) + little(bytes.count, 4)
        + little(bytes.count, 4) + little(file.count, 2) + little(0, 2)
      directory += [0x50, 0x4B, 1, 2] + little(20, 2) + facts + little(0, 10)
      directory += little(archive.count, 4) + file
      archive += [0x50, 0x4B, 3, 4] + facts + file + bytes
    }
    let start = archive.count
    return archive + directory + [0x50, 0x4B, 5, 6] + little(0, 4) + little(members.count, 2)
      + little(members.count, 2) + little(directory.count, 4) + little(start, 4) + little(0, 2)
  }

  private static func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
  }

  /// CRC-32 of ISO 3309.
  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { rest, _ in
        rest >> 1 ^ (rest & 1 == 1 ? 0xEDB8_8320 : 0)
      }
    }
  }
}

extension UInt64 {
  fileprivate var littleEndianBytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * UInt64($0))) }
  }
}
