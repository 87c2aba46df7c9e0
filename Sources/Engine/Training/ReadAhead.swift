import Datasets
import NNExp
import Platform

/// Reads the next streamed samples on another thread while the network trains on the ones before.
///
/// The numbers do not depend on when they are read. They are read in blocks of whole batches, so that
/// a block takes longer than starting a thread. The memory is allocated once.
final class ReadAhead<S: Scalar>: BackgroundWork, @unchecked Sendable {
  /// The number of batches in a block.
  let batches: Int

  private let samples: Dataset<S>
  private let batchSize: Int
  private let last: Int

  /// The block that is read, its samples, and the error if it cannot be read.
  @exclusivity(unchecked) private var block = -1
  @exclusivity(unchecked) private var wanted: [Int] = []
  @exclusivity(unchecked) private var failure: (any Error)?
  @exclusivity(unchecked) private var inputs: [S]
  @exclusivity(unchecked) private var indices: [Int32]
  @exclusivity(unchecked) private var targets: [S]

  /// The block that batches are taken from. A block of one batch is taken from the memory that it is
  /// read into.
  @exclusivity(unchecked) private var current: Dataset<S>
  @exclusivity(unchecked) private var currentBlock = -1

  /// The smallest number of samples' numbers in a block of several batches.
  private static var leastNumbers: Int { 1 << 15 }

  /// - Parameter count: the number of batches in an epoch.
  init(_ samples: Dataset<S>, batchSize: Int, count: Int) {
    self.samples = samples
    self.batchSize = batchSize
    last = count - 1
    let widths = samples.widths
    let numbers = saturatingProduct(batchSize, widths.inputs + widths.indices + widths.targets)
    batches = min(count, (ReadAhead.leastNumbers - 1) / max(1, numbers) + 1)
    // The last batch of an epoch may have one sample more.
    let size = min(samples.count, batches * batchSize + 1)
    wanted.reserveCapacity(size)
    inputs = Array(repeating: 0, count: size * widths.inputs)
    indices = Array(repeating: 0, count: size * widths.indices)
    targets = Array(repeating: 0, count: size * widths.targets)
    current =
      batches == 1
      ? Dataset(inputs: [], targets: [], count: 0)
      : Dataset(inputs: inputs, indices: indices, targets: targets, count: size)
  }

  /// The memory of the blocks, in bytes.
  var bytes: Int {
    let integers = wanted.capacity * MemoryLayout<Int>.stride
    let numbers = (inputs.count + targets.count) * MemoryLayout<S>.stride
    return integers
      + (batches == 1 ? 1 : 2) * (numbers + indices.count * MemoryLayout<Int32>.stride)
  }

  /// Forgets what was read, because the order of the samples changes.
  func begin() {
    wait()
    (block, currentBlock) = (-1, -1)
  }

  /// Copies a batch to the network.
  ///
  /// - Parameter sample: the sample at a position of the epoch.
  func load(_ batch: Int, count: Int, into network: Network<S>, sample: (Int) -> Int) throws {
    let own = batch / batches
    if batches == 1 {
      try finish(own, sample)
      copy(count, into: network)
      read(own + 1, sample)
      return
    }
    if own != currentBlock {
      try finish(own, sample)
      swap(&inputs, &current.inputs)
      swap(&indices, &current.indices)
      swap(&targets, &current.targets)
      currentBlock = own
      read(own + 1, sample)
    }
    let first = (batch - own * batches) * batchSize
    network.batch.gather(current, count: count) { first + $0 }
  }

  /// Copies the batch that was read.
  @inline(never)
  private func copy(_ count: Int, into network: Network<S>) {
    let rows = Dataset(inputs: inputs, indices: indices, targets: targets, count: count)
    network.batch.gather(rows, count: count) { $0 }
  }

  /// Returns when a block has been read.
  private func finish(_ own: Int, _ sample: (Int) -> Int) throws {
    if own != block { read(own, sample) }
    wait()
    if let failure { throw failure }
  }

  /// Starts to read a block.
  private func read(_ block: Int, _ sample: (Int) -> Int) {
    wait()
    let first = block * batches
    guard first <= last else { return }
    let isLast = first + batches > last
    let end = isLast ? samples.count : (first + batches) * batchSize
    wanted.removeAll(keepingCapacity: true)
    for position in first * batchSize..<end { wanted.append(sample(position)) }
    self.block = block
    start()
  }

  override func perform() {
    // A span needs a local variable; moving the arrays copies no numbers.
    var (inputs, indices, targets): ([S], [Int32], [S]) = ([], [], [])
    func exchange() {
      swap(&inputs, &self.inputs)
      swap(&indices, &self.indices)
      swap(&targets, &self.targets)
    }
    exchange()
    defer { exchange() }
    do {
      var inputSpan = inputs.mutableSpan
      var indexSpan = indices.mutableSpan
      var targetSpan = targets.mutableSpan
      try samples.read(
        wanted.count, inputs: &inputSpan, indices: &indexSpan, targets: &targetSpan
      ) { wanted[$0] }
    } catch { failure = error }
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
