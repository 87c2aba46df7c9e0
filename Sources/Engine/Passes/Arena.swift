import Glibc
import NNExp

/// One block of memory for a network's numbers, all zero at first.
///
/// Tensors are cut from it in order; each cut starts on a cache line unless it
/// must touch the one before it.
final class Arena<S: Scalar> {
  private let start: UnsafeMutablePointer<S>
  private let capacity: Int
  private(set) var used = 0

  /// - Parameter count: elements; the system refuses by throwing.
  init(count: Int) throws {
    capacity = max(1, count)
    guard let block = calloc(capacity + Arena.line, MemoryLayout<S>.stride) else {
      // It may be done without; a failure later on is not for want of it then.
      errno = 0
      throw Diagnostic(
        "the system refused \(describeBytes(capacity * MemoryLayout<S>.stride)) of memory",
        failure: .environment)
    }
    self.block = block
    let address = UInt(bitPattern: block)
    let aligned = (address + 63) / 64 * 64
    start = (block + Int(aligned - address)).assumingMemoryBound(to: S.self)
  }

  private let block: UnsafeMutableRawPointer

  deinit { free(block) }

  /// Elements in a cache line of 64 bytes.
  static var line: Int { 64 / MemoryLayout<S>.stride }

  /// `count` rounded up to whole cache lines.
  static func padded(_ count: Int) -> Int { (count + line - 1) / line * line }

  /// The next `count` elements.
  func cut(_ count: Int, shape: Shape, aligned: Bool = true) -> Tensor<S> {
    if aligned { used = Arena.padded(used) }
    precondition(used + count <= capacity, "the arena is smaller than what is cut from it")
    defer { used += count }
    return Tensor(start: start + used, count: count, shape: shape)
  }
}
