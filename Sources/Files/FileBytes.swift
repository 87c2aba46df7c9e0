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
  private let opened: Stamp
  private let window = Mutex(Window())

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

  public init(_ path: String, stride: Int = 1 << 18, at location: SourceLocation?) throws {
    self.path = path
    self.stride = stride
    self.location = location
    file = try FileSystem.system.openToRead(path, at: location)
    opened = Stamp(try file.status())
    count = opened.size
  }

  /// Reads a range, which must be within the file.
  public func read(_ range: Range<Int>) throws -> [UInt8] {
    let bytes: [UInt8]
    let status: stat
    do {
      bytes = try file.read(range)
      status = try file.status()
    } catch let error as Diagnostic {
      throw error.located(at: location)
    }
    guard bytes.count == range.count, Stamp(status) == opened else {
      throw Diagnostic(
        "'\(path)' was changed while it was in use", at: location, failure: .environment)
    }
    return bytes
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
