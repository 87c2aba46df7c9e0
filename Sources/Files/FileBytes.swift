import Platform
import NNExp
import Synchronization

/// A regular file whose bytes are read on demand, so that large files need no more memory than
/// small ones.
///
/// Each read checks that the file's size and time of change are those at opening. The bytes
/// that are used are therefore those that were checked and hashed.
public final class FileBytes: Sendable {
  public let path: String
  public let count: Int

  private let file: File
  private let location: SourceLocation?
  /// Nil if nobody else can open the file.
  private let opened: Stamp?
  private let window = Mutex(Window())
  private let hash = Mutex<String?>(nil)

  /// The identity of a state of the file.
  private struct Stamp: Equatable {
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init(_ status: stat) {
      size = Int(status.st_size)
      seconds = Int(status.modified.tv_sec)
      nanoseconds = Int(status.modified.tv_nsec)
    }
  }

  /// The bytes that were read last.
  private struct Window {
    var bytes: [UInt8] = []
    var start = 0

    var end: Int { start + bytes.count }
  }

  /// The number of bytes that one read fetches if bytes are requested in order.
  public let stride: Int

  public convenience init(
    _ path: String, stride: Int = 1 << 18, at location: SourceLocation?
  ) throws {
    try self.init(
      FileSystem.system.openToRead(path, at: location), path: path, stride: stride, at: location)
  }

  /// An open file, which is not written from now on.
  ///
  /// - Parameters:
  ///   - path: the name of the file in messages.
  ///   - isPrivate: whether nobody else can open the file, so that it cannot change.
  public init(
    _ file: consuming File, path: String, stride: Int = 1 << 18, at location: SourceLocation? = nil,
    isPrivate: Bool = false
  ) throws {
    self.path = path
    self.stride = stride
    self.location = location
    self.file = file
    let stamp = Stamp(try self.file.status())
    opened = isPrivate ? nil : stamp
    count = stamp.size
  }

  /// Reads a range, which must be within the file.
  public func read(_ range: Range<Int>) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try checked { file in
      bytes = try file.read(range)
      return bytes.count == range.count
    }
    return bytes
  }

  /// Reads a range, which must be within the file, into the start of a buffer, which grows if it is
  /// too small.
  public func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if buffer.count < range.count { buffer = Array(repeating: 0, count: range.count) }
    try checked { file in try file.read(range, into: &buffer) == range.count }
  }

  /// Throws unless `read` finds all of its bytes in the file as it was when it was opened.
  private func checked(_ read: (borrowing File) throws -> Bool) throws {
    let isSound: Bool
    do {
      let isWhole = try read(file)
      isSound = try isWhole && (opened == nil || Stamp(file.status()) == opened)
    } catch let error as Diagnostic {
      throw error.located(at: location)
    }
    guard isSound else {
      throw Diagnostic(
        "'\(path)' was changed while it was in use", at: location, failure: .environment)
    }
  }

  /// Whether the SHA-256 of the file is known.
  public var isHashed: Bool { hash.withLock { $0 != nil } }

  /// Notes the SHA-256 that somebody computed who has read the whole file.
  public func note(sha256: String) { hash.withLock { $0 = sha256 } }

  /// The SHA-256 of the whole file, in lowercase hexadecimal. The file is read for it unless the
  /// hash is known.
  public func sha256() throws -> String {
    if let known = hash.withLock({ $0 }) { return known }
    let computed = try SHA256.hex(of: self)
    note(sha256: computed)
    return computed
  }

  /// Calls `body` with the bytes of a range.
  ///
  /// If ranges follow each other closely, one read serves several calls; otherwise, a read
  /// fetches only the requested bytes. `body` must not read other bytes of this file.
  public func withBytes<Result>(
    _ range: Range<Int>, _ body: (borrowing Span<UInt8>) throws -> Result
  ) throws -> Result {
    try window.withLock { window in
      if range.lowerBound < window.start || range.upperBound > window.end {
        let isNext = window.end...window.end + 16 * range.count ~= range.lowerBound
        let length = isNext ? max(range.count, stride) : range.count
        window.bytes = []
        window.bytes = try read(range.lowerBound..<min(range.lowerBound + length, count))
        window.start = range.lowerBound
      }
      let first = range.lowerBound - window.start
      return try body(window.bytes.span.extracting(first..<first + range.count))
    }
  }

  /// Calls `body` with each part in order and with the part's offset in the file, until it
  /// returns false.
  public func forEachPart(
    from start: Int = 0, _ body: (_ bytes: borrowing Span<UInt8>, _ base: Int) throws -> Bool
  ) throws {
    var base = start
    while base < count {
      let bytes = try read(base..<base + min(4 * stride, count - base))
      guard try body(bytes.span, base) else { return }
      base += bytes.count
    }
  }
}
