import Platform
import NNExp

/// One block of memory for all numbers of a network, initialized to zero.
final class Arena<S: Scalar> {
  private let block: UnsafeMutableRawPointer
  private let start: UnsafeMutablePointer<S>
  private let count: Int

  /// - Throws: if the system refuses the memory.
  init(_ layout: Layout) throws {
    precondition(layout.scalarSize == MemoryLayout<S>.stride, "a layout of another scalar type")
    count = layout.count
    // The extra bytes allow the first element to begin on a cache line.
    let bytes = saturatingSum(layout.bytes, 128)
    guard bytes < .max, let block = calloc(bytes, 1) else {
      // The caller may continue without this memory; a later failure must not be attributed to
      // it.
      errno = 0
      throw Diagnostic(
        "the system refused \(describeBytes(layout.bytes)) of memory", failure: .environment)
    }
    useLargePages(block, bytes)
    self.block = block
    let address = UInt(bitPattern: block)
    let aligned = (address + 63) / 64 * 64
    start = (block + Int(aligned - address)).assumingMemoryBound(to: S.self)
  }

  deinit { free(block) }

  /// The elements of one region, as a tensor whose copies have the shape `shape`.
  func tensor(_ region: Layout.Region, _ shape: Shape) -> Tensor<S> {
    precondition(region.end <= count, "a region of another layout")
    return Tensor(start: start + region.first, count: region.count, shape: shape)
  }
}

/// Sets bytes to 0; large ranges on all cores.
func clear(_ start: UnsafeMutableRawPointer, _ count: Int) {
  let size = 1 << 17
  if count <= 2 * size {
    memset(start, 0, count)
    return
  }
  Workers.perform((count + size - 1) / size) { part in
    let first = part * size
    memset(start + first, 0, min(size, count - first))
  }
}
