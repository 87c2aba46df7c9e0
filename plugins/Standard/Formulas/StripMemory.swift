import NNExp
import Synchronization

/// Memory for the strips of a loss or metric, whose passes have no scratch memory. Blocks are
/// allocated once and used again, so that a step allocates nothing.
final class StripMemory: Sendable {
  private struct Block: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    let bytes: Int
  }

  private let free = Mutex<[Block]>([])

  deinit {
    free.withLock { for block in $0 { block.start.deallocate() } }
  }

  /// Calls `body` with memory for `count` numbers.
  func with<S: Scalar, Result>(
    _ count: Int, of type: S.Type, _ body: (UnsafeMutablePointer<S>) -> Result
  ) -> Result {
    let bytes = count * MemoryLayout<S>.stride
    let found = free.withLock { $0.popLast() }
    let block: Block
    if let found, found.bytes >= bytes {
      block = found
    } else {
      found?.start.deallocate()
      block = Block(start: .allocate(byteCount: bytes, alignment: 64), bytes: bytes)
    }
    defer { free.withLock { $0.append(block) } }
    return body(block.start.bindMemory(to: S.self, capacity: count))
  }
}
