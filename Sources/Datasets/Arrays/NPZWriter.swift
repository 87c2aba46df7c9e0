import Files
import NNExp

/// Writes an NPZ archive of uncompressed NPY arrays in row-major order.
///
/// - Source: PKWARE, APPNOTE.TXT 6.3.10, section 4.3; NumPy, the NPY format, version 1.0.
struct NPZWriter {
  private var members: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  /// The archive.
  var bytes: [UInt8] {
    members + directory
      + [0x50, 0x4B, 5, 6] + little(0, 4) + little(count, 2) + little(count, 2)
      + little(directory.count, 4) + little(members.count, 4) + little(0, 2)
  }

  /// Adds an array of numbers.
  ///
  /// - Parameter shape: one axis or more.
  mutating func add<Number: Scalar>(_ name: String, _ values: [Number], shape: [Int]) {
    add(name, "<f\(MemoryLayout<Number>.size)", bytes(of: values), shape)
  }

  /// Adds an array of 32-bit integers.
  mutating func add(_ name: String, _ values: [Int32], shape: [Int]) {
    add(name, "<i4", bytes(of: values), shape)
  }

  private mutating func add(_ name: String, _ type: String, _ data: [UInt8], _ shape: [Int]) {
    let axes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(axes)), }"
    // The data begin at a multiple of 64 bytes.
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    let file =
      [0x93] + Array("NUMPY".utf8) + [1, 0] + little(header.utf8.count, 2) + Array(header.utf8)
      + data
    var checksum = CRC32()
    checksum.update(file)
    let path = Array((name + ".npy").utf8)
    // Flag 11 says that the name is UTF-8; ASCII needs no flag.
    let flags = path.allSatisfy { $0 < 0x80 } ? 0 : 1 << 11
    // Version 2.0; stored; 1980-01-01, 00:00.
    let facts =
      little(20, 2) + little(flags, 2) + little(0, 2) + little(0, 2) + little(0x21, 2)
      + little(Int(checksum.value), 4) + little(file.count, 4) + little(file.count, 4)
      + little(path.count, 2) + little(0, 2)
    directory += [0x50, 0x4B, 1, 2] + little(20, 2) + facts + little(0, 10)
    directory += little(members.count, 4) + path
    members += [0x50, 0x4B, 3, 4] + facts + path + file
    count += 1
  }

  private func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
  }

  /// The bytes in little-endian order, which is that of every supported processor.
  private func bytes<Number: BitwiseCopyable>(of values: [Number]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }
}
