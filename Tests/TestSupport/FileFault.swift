import Files
import Platform
import Synchronization

/// Makes one operation of a file system fail, or this one and every later one, as if the
/// process had been killed.
package final class FileFault: Sendable {
  private let count = Atomic(0)
  private let target: Int
  private let code: Int32
  private let kills: Bool
  private let log = Mutex<[String]>([])

  package init(at target: Int, code: Int32 = ENOSPC, kills: Bool = false) {
    self.target = target
    self.code = code
    self.kills = kills
  }

  package var fileSystem: FileSystem { fileSystem(flushesAfter: 1) }

  /// The file system without flushes, whose number depends on the duration of a run.
  package var fileSystemWithoutFlushes: FileSystem { fileSystem(flushesAfter: .infinity) }

  private func fileSystem(flushesAfter: Double) -> FileSystem {
    FileSystem(flushesAfter: flushesAfter) { [self] operation, path in
      let index = count.add(1, ordering: .relaxed).oldValue
      log.withLock { $0.append("\(operation) \(path)") }
      return index == target || kills && index > target ? code : 0
    }
  }

  /// The number of operations.
  package var operations: Int { count.load(ordering: .relaxed) }

  /// The operations with their paths, in order.
  package var history: [String] { log.withLock { $0 } }

  /// The operation that failed.
  package var failed: String {
    log.withLock { $0.indices.contains(target) ? $0[target] : "none" }
  }
}
