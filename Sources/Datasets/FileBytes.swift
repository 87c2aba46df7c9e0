internal import Glibc
import NNExp
internal import Synchronization

/// A regular file whose bytes are read where they are asked for: what is held
/// of it does not grow with it.
///
/// Every reading makes sure that the file is the one that was opened, in size
/// and time of change: what was checked and hashed is what is trained on.
final class FileBytes: Sendable {
  let path: String
  let count: Int

  private let descriptor: Int32
  private let place: Place?
  private let opened: Stamp
  private let window = Mutex(Window())

  /// Which state of a file it is.
  private struct Stamp: Equatable {
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init(_ status: stat) {
      size = Int(status.st_size)
      seconds = Int(status.st_mtim.tv_sec)
      nanoseconds = Int(status.st_mtim.tv_nsec)
    }
  }

  /// The bytes that were read last.
  private struct Window {
    var bytes: [UInt8] = []
    var start = 0

    var end: Int { start + bytes.count }
  }

  /// What one reading fetches of bytes that are asked for in order.
  let stride: Int

  init(_ path: String, stride: Int = 1 << 18, at place: Place?) throws {
    self.path = path
    self.stride = stride
    self.place = place
    let (descriptor, status) = try openRegularFile(path, at: place)
    self.descriptor = descriptor
    opened = Stamp(status)
    count = opened.size
  }

  deinit { close(descriptor) }

  /// The bytes of a range, which is within the file.
  func read(_ range: Range<Int>) throws -> [UInt8] {
    let (bytes, code) = readBytes(range, of: descriptor)
    var failure = code
    var status = stat()
    if failure == 0, fstat(descriptor, &status) != 0 { failure = errno }
    guard failure == 0 else {
      throw Diagnostic(
        "cannot read '\(path)': \(String(cString: strerror(failure)))", at: place,
        failure: .environment)
    }
    guard bytes.count == range.count, Stamp(status) == opened else {
      throw Diagnostic(
        "'\(path)' was changed while it was in use", at: place, failure: .environment)
    }
    return bytes
  }

  /// Calls `body` with the bytes of a range.
  ///
  /// Where ranges follow each other, or nearly, one reading serves many; where
  /// they lie about, it fetches no more than was asked for. `body` must not ask
  /// for other bytes of this file.
  func withBytes<Result>(
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

  /// Calls `body` with one part after another, and with the part's place in the
  /// file, until it returns false.
  func forEachPart(
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
