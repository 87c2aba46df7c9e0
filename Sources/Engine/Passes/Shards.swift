import NNExp

/// The division of a batch into shards, which cores process in parallel.
///
/// The shards depend only on the size of the batch, and their sums are added in order. The
/// results are therefore the same for any number of cores.
enum Shards {
  /// The largest number of shards, and the smallest number of samples in one.
  static let most = 8
  static let fewestSamples = 8

  /// The amount of work from which a batch is shared by threads: 20 µs or more.
  static let leastWork = 200_000

  static func count(_ samples: Int) -> Int { max(1, min(most, samples / fewestSamples)) }

  /// The samples of one shard of `count`.
  static func range(_ shard: Int, of count: Int, samples: Int) -> Range<Int> {
    samples * shard / count..<samples * (shard + 1) / count
  }
}

extension Graph.Node {
  /// True if shards of a batch can be computed independently, and if this saves time.
  ///
  /// Each shard has separate gradients. Setting them to zero and adding them costs as much as a few
  /// operations per parameter and shard of 8 samples, or a few dozen if the gradients do not fit in the
  /// cache. Dense layers are therefore not sharded; the cores share their matrix products instead.
  var isShardable: Bool {
    let count = plan.parameters.reduce(0) { saturatingSum($0, $1.shape.count) }
    return !plan.couplesSamples && plan.state.isEmpty
      && saturatingProduct(count, count <= 1 << 14 ? 4 : 32) <= plan.work
  }
}
