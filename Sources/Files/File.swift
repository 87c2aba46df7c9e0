import Platform
import NNExp

/// An open file. It is closed when the value ends its life.
public struct File: ~Copyable, Sendable {
  private var descriptor: Int32
  /// The path that messages name.
  public let path: String
  private let system: FileSystem

  init(descriptor: Int32, path: String, in system: FileSystem) {
    self.descriptor = descriptor
    self.path = path
    self.system = system
  }

  deinit {
    if descriptor >= 0 { Platform.close(descriptor) }
  }

  /// Writes all bytes at the current position.
  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Writes the bits of numbers at the current position, in the order of bytes of the machine.
  public func write(_ numbers: [Double]) throws { try numbers.withUnsafeBytes { try write($0) } }

  private func write(_ buffer: UnsafeRawBufferPointer) throws {
    var rest = buffer[...]
    while !rest.isEmpty {
      let written = try system.require(.write, path, bytes: buffer.count) {
        let rest = UnsafeRawBufferPointer(rebasing: rest)
        let written = Platform.write(descriptor, rest.baseAddress, rest.count)
        if written == 0 { errno = EIO }
        return written == 0 ? -1 : written
      }
      rest = rest.dropFirst(written)
    }
  }

  /// Reads the next `count` bytes; fewer at the end of the file.
  public func read(_ count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled...])
        let got = try system.require(.read, path, bytes: count) {
          Platform.read(descriptor, rest.baseAddress, rest.count)
        }
        if got == 0 { break }
        filled += got
      }
    }
  }

  /// Reads a range of the file without moving the position; fewer bytes if the file ends
  /// before.
  public func read(_ range: Range<Int>) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      filled = try read(range, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// The same into the start of a buffer that has room for the range. Returns the number of bytes.
  public func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws -> Int {
    try buffer.withUnsafeMutableBytes { try read(range, into: $0) }
  }

  private func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < range.count {
      let got = try system.require(.read, path, bytes: range.count) {
        pread(
          descriptor, buffer.baseAddress.map { $0 + filled }, range.count - filled,
          range.lowerBound + filled)
      }
      if got == 0 { break }
      filled += got
    }
    return filled
  }

  /// Reads from the current position to the end. Throws a `Diagnostic` if that is more than
  /// `limit` bytes.
  public func readAll(limit: Int) throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let piece = try read(1 << 16)
      all += piece
      if all.count > limit {
        throw Diagnostic(
          "'\(path)' is larger than \(limit) bytes, the most that nnexp reads of it",
          failure: .environment)
      }
      if piece.count < 1 << 16 { return all }
    }
  }

  /// Shortens the file to `length` bytes; the next write continues there.
  public func truncate(to length: Int) throws {
    try system.perform(.truncate, path) {
      let cut = ftruncate(descriptor, length)
      return cut == 0 ? lseek(descriptor, length, SEEK_SET) : Int(cut)
    }
  }

  /// Returns when the bytes of the file are on the disk.
  public func synchronize() throws {
    try system.perform(.synchronize, path) { Int(fsync(descriptor)) }
  }

  /// The system's status of the file: kind, size, links, inode.
  public func status() throws -> stat {
    var status = stat()
    try system.perform(.inspect, path) { Int(fstat(descriptor, &status)) }
    return status
  }

  /// A second descriptor of the same open file. A lock lasts until both are closed.
  func duplicate() throws -> File {
    let copy = try system.require(.open, path) { Int(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) }
    return File(descriptor: Int32(truncatingIfNeeded: copy), path: path, in: system)
  }

  /// Acquires the kernel's lock on the file, which ends with the process. Returns false if
  /// another process holds it.
  public func lock() throws -> Bool {
    try system.perform(.lock, path, tolerating: EWOULDBLOCK) {
      Int(flock(descriptor, LOCK_EX | LOCK_NB))
    } != nil
  }

  /// Closes the file. Network file systems may report write errors only here.
  public consuming func close() throws {
    let (descriptor, path, system) = (self.descriptor, self.path, self.system)
    self.descriptor = -1
    // Not repeated if interrupted: Linux has released the descriptor by then.
    try system.perform(.close, path) {
      Platform.close(descriptor) == 0 || errno == EINTR ? 0 : -1
    }
  }
}
