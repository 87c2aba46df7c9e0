import Datasets
import NNExp

/// Assigns the training samples to the batches of each epoch.
///
/// The order depends only on the seed and the epoch. The last batch of an epoch contains the
/// remaining samples. A step trains on one batch, or on several whose gradients are averaged.
final class Batches<S: Scalar> {
  let samples: Dataset<S>
  let batchSize: Int
  let sampling: TrainingDeclaration.Sampling

  /// The number of batches per epoch, and the size of the last one.
  let parts: Int
  let lastSize: Int
  /// The number of batches per step, and of steps per epoch.
  let partsPerStep: Int
  let count: Int

  private let isStreamed: Bool
  /// Reads streamed samples before they are needed; nil if there is one thread, or one batch.
  let ahead: ReadAhead<S>?
  private let random: RandomStream
  @exclusivity(unchecked) private var order: [Int]
  @exclusivity(unchecked) private var epochStream: RandomStream
  /// True if there is only one batch, and the network's buffers contain it.
  private var isLoaded = false

  /// - Parameter mergesLastOfOne: whether a last batch of a single sample is merged into the
  ///   one before, for layers that compute with several samples.
  init(
    _ samples: Dataset<S>, batchSize: Int?, sampling: TrainingDeclaration.Sampling, seed: UInt64,
    mergesLastOfOne: Bool = false, partsPerStep: Int = 1
  ) {
    self.samples = samples
    isStreamed = samples.isStreamed
    self.batchSize = min(batchSize ?? samples.count, samples.count)
    self.sampling = sampling
    let whole = samples.count / self.batchSize
    let rest = samples.count % self.batchSize
    parts = max(1, rest == 0 || rest == 1 && mergesLastOfOne ? whole : whole + 1)
    lastSize = samples.count - (parts - 1) * self.batchSize
    self.partsPerStep = min(partsPerStep, parts)
    count = (parts - 1) / self.partsPerStep + 1
    ahead =
      isStreamed && parts > 1 && Workers.count > 1
      ? ReadAhead(samples, batchSize: self.batchSize, count: parts) : nil
    random = RandomStream(seed: seed, purpose: "order of samples")
    epochStream = random
    order = Array(0..<samples.count)
  }

  func size(_ batch: Int) -> Int { batch == parts - 1 ? lastSize : batchSize }

  /// The batches of a step.
  func parts(of step: Int) -> Range<Int> {
    let first = step * partsPerStep
    return first..<min(first + partsPerStep, parts)
  }

  func samples(of steps: Range<Int>) -> Int {
    if steps.isEmpty { return 0 }
    let last = parts(of: steps.upperBound - 1)
    return (parts(of: steps.lowerBound).lowerBound..<last.upperBound).reduce(0) { $0 + size($1) }
  }

  /// Computes the order of the samples in an epoch. A full batch is not shuffled, because its
  /// gradient is a sum over all samples.
  func begin(epoch: Int) {
    ahead?.begin()
    switch sampling {
    case .sequential: break
    case .shuffle:
      guard parts > 1 else { return }
      for i in order.indices { order[i] = i }
      random.stream(epoch).shuffle(&order)
    case .random:
      epochStream = random.stream(epoch)
    }
  }

  /// Records that the network's buffers were used for something else.
  func invalidate() { isLoaded = false }

  /// Copies one batch into the network's buffers.
  ///
  /// - Throws: if the samples are read from a file and reading fails.
  @inline(__always)
  func load(_ batch: Int, into network: Network<S>) throws {
    if isLoaded { return }
    isLoaded = parts == 1 && sampling != .random
    let first = batch * batchSize
    if let sparseInput = network.sparseInput {
      sparseInput.load(size(batch)) { sample(at: first + $0) }
    } else if let ahead {
      try ahead.load(batch, count: size(batch), into: network) { sample(at: $0) }
    } else if isStreamed {
      try network.batch.read(samples, count: size(batch)) { sample(at: first + $0) }
    } else {
      network.batch.gather(samples, count: size(batch)) { sample(at: first + $0) }
    }
  }

  /// The sample at a position in the epoch's order.
  @inline(__always)
  private func sample(at position: Int) -> Int {
    switch sampling {
    case .random: epochStream.integer(below: samples.count, at: position)
    case .shuffle: order[position]
    case .sequential: position
    }
  }
}
