import Datasets
import NNExp
import Platform

/// Reads the next streamed samples on another thread while the network trains on the ones before.
///
/// The numbers do not depend on when they are read. They are read in blocks of whole batches, so that
/// a block takes longer than starting a thread.
final class ReadAhead<S: Scalar>: BackgroundWork {
  /// The number of batches in a block.
  let batches: Int

  private let samples: Dataset<S>
  private let batchSize: Int
  private let last: Int

  /// The block that is read, and the samples that it consists of.
  @exclusivity(unchecked) private var block = -1
  @exclusivity(unchecked) private var wanted: [Int] = []
  @exclusivity(unchecked) private var found: Result<Dataset<S>, any Error>?

  /// The block that batches are taken from.
  @exclusivity(unchecked) private var current: Dataset<S>?
  @exclusivity(unchecked) private var currentBlock = -1

  /// The smallest number of samples' numbers in a block of several batches.
  private static var leastNumbers: Int { 1 << 15 }

  /// - Parameter count: the number of batches in an epoch.
  init(_ samples: Dataset<S>, batchSize: Int, count: Int) {
    self.samples = samples
    self.batchSize = batchSize
    last = count - 1
    let numbers = max(1, saturatingProduct(batchSize, samples.width))
    batches = min(count, (ReadAhead.leastNumbers - 1) / numbers + 1)
  }

  /// The memory of a block that is read while the network trains, in bytes.
  var bytes: Int {
    min(samples.count, batches * batchSize)
      * (samples.width * MemoryLayout<S>.stride + MemoryLayout<Int>.stride)
  }

  /// Forgets what was read, because the order of the samples changes.
  func begin() {
    wait()
    (block, currentBlock, current) = (-1, -1, nil)
  }

  /// Copies a batch to the network.
  ///
  /// - Parameter sample: the sample at a position of the epoch.
  func load(_ batch: Int, count: Int, into network: Network<S>, sample: (Int) -> Int) throws {
    let own = batch / batches
    if own != currentBlock {
      if own != block { read(own, sample) }
      wait()
      (current, currentBlock) = (try found?.get(), own)
      found = nil
      // A block of one batch may be large: the next one is read once this one is copied.
      if batches > 1 { read(own + 1, sample) }
    }
    guard let rows = current else { return }
    let first = (batch - own * batches) * batchSize
    network.batch.gather(rows, count: count) { first + $0 }
    if batches == 1 {
      current = nil
      read(own + 1, sample)
    }
  }

  /// Starts to read a block.
  private func read(_ block: Int, _ sample: (Int) -> Int) {
    wait()
    let first = block * batches
    guard first <= last else { return }
    let isLast = first + batches > last
    let end = isLast ? samples.count : (first + batches) * batchSize
    wanted = (first * batchSize..<end).map(sample)
    self.block = block
    start()
  }

  override func perform() {
    found = Result { try samples.held(wanted.count) { wanted[$0] } }
  }
}

/// Work on another thread that its owner waits for.
class BackgroundWork: @unchecked Sendable {
  private let hasEnded = Semaphore()
  private var isRunning = false

  /// The work.
  func perform() {}

  /// Starts the work, or does it if there is no thread for it.
  final func start() {
    wait()
    isRunning = true
    let me = Unmanaged.passRetained(self)
    let hasStarted = startThread(
      { me in
        let work = Unmanaged<BackgroundWork>.fromOpaque(me!).takeRetainedValue()
        work.perform()
        work.hasEnded.signal()
        return nil
      }, me.toOpaque())
    if hasStarted { return }
    me.release()
    perform()
    hasEnded.signal()
  }

  /// Returns when the work has ended.
  final func wait() {
    if isRunning { hasEnded.wait() }
    isRunning = false
  }
}
