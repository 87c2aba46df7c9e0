import Glibc
import NNExp

/// One block of memory for a network's numbers, all zero at first.
final class Arena<S: Scalar> {
  private let block: UnsafeMutableRawPointer
  private let start: UnsafeMutablePointer<S>
  private let count: Int

  /// - Throws: if the system refuses the memory.
  init(_ layout: Layout) throws {
    precondition(layout.scalarSize == MemoryLayout<S>.stride, "a layout of another scalar type")
    count = layout.count
    // A line more, so that the first element can begin one.
    let bytes = saturatingSum(layout.bytes, 128)
    guard bytes < .max, let block = calloc(bytes, 1) else {
      // It may be done without; a failure later on is not for want of it then.
      errno = 0
      throw Diagnostic(
        "the system refused \(describeBytes(layout.bytes)) of memory", failure: .environment)
    }
    self.block = block
    let address = UInt(bitPattern: block)
    let aligned = (address + 63) / 64 * 64
    start = (block + Int(aligned - address)).assumingMemoryBound(to: S.self)
  }

  deinit { free(block) }

  /// The elements of one region; those of one copy have `shape`.
  func tensor(_ region: Layout.Region, _ shape: Shape) -> Tensor<S> {
    precondition(region.end <= count, "a region of another layout")
    return Tensor(start: start + region.first, count: region.count, shape: shape)
  }
}
