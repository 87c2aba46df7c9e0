import Datasets
import NNExp

/// Deals the training samples into batches, epoch by epoch.
///
/// The order is a function of (seed, epoch) alone. The last batch of an epoch
/// holds what is left.
final class Batches<S: Scalar> {
  let samples: Dataset<S>
  let batchSize: Int
  let sampling: TrainingDeclaration.Sampling

  /// Steps in an epoch, and the size of its last batch.
  let count: Int
  let lastSize: Int

  private let isStreamed: Bool
  private let random: RandomStream
  @exclusivity(unchecked) private var order: [Int]
  @exclusivity(unchecked) private var epochStream: RandomStream
  /// The content of the network's buffers, if there is only one batch.
  private var isLoaded = false

  /// - Parameter mergesLastOfOne: whether a last batch of a single sample is merged into the
  ///   one before, for layers that compute with several samples.
  init(
    _ samples: Dataset<S>, batchSize: Int?, sampling: TrainingDeclaration.Sampling, seed: UInt64,
    mergesLastOfOne: Bool = false
  ) {
    self.samples = samples
    isStreamed = samples.isStreamed
    self.batchSize = min(batchSize ?? samples.count, samples.count)
    self.sampling = sampling
    let whole = samples.count / self.batchSize
    let rest = samples.count % self.batchSize
    count = max(1, rest == 0 || rest == 1 && mergesLastOfOne ? whole : whole + 1)
    lastSize = samples.count - (count - 1) * self.batchSize
    random = RandomStream(seed: seed, purpose: "order of samples")
    epochStream = random
    order = Array(0..<samples.count)
  }

  func size(_ batch: Int) -> Int { batch == count - 1 ? lastSize : batchSize }

  /// Settles the order of one epoch. A full batch is never shuffled: its
  /// gradient is a sum over all.
  func begin(epoch: Int) {
    switch sampling {
    case .sequential: break
    case .shuffle:
      guard count > 1 else { return }
      for i in order.indices { order[i] = i }
      random.stream(epoch).shuffle(&order)
    case .random:
      epochStream = random.stream(epoch)
    }
  }

  /// The network's buffers were used for something else.
  func invalidate() { isLoaded = false }

  /// Copies one batch into the network's buffers.
  ///
  /// - Throws: where the samples are read from a file, and that fails.
  @inline(__always)
  func load(_ batch: Int, into network: Network<S>) throws {
    if isLoaded { return }
    isLoaded = count == 1 && sampling != .random
    let first = batch * batchSize
    if isStreamed {
      try network.batch.read(samples, count: size(batch)) { sample(at: first + $0) }
    } else {
      network.batch.gather(samples, count: size(batch)) { sample(at: first + $0) }
    }
  }

  /// The sample at a place of the epoch's order.
  @inline(__always)
  private func sample(at place: Int) -> Int {
    switch sampling {
    case .random: epochStream.integer(below: samples.count, at: place)
    case .shuffle: order[place]
    case .sequential: place
    }
  }
}
