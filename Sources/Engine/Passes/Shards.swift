import NNExp

/// How a batch is split, so that cores can share it.
///
/// The shards follow from the batch's size alone, never from the machine's
/// cores, and what they add up is added in their order: the numbers are the same
/// on any machine.
enum Shards {
  /// No more shards than this, and no fewer samples in one.
  static let most = 8
  static let fewestSamples = 8

  /// Work of a batch that is worth a loop over threads: 20 µs or more.
  static let leastWork = 200_000

  static func count(_ samples: Int) -> Int { max(1, min(most, samples / fewestSamples)) }

  /// The samples of one shard of `count`.
  static func range(_ shard: Int, of count: Int, samples: Int) -> Range<Int> {
    samples * shard / count..<samples * (shard + 1) / count
  }
}

extension Graph.Node {
  /// True if shards of a batch can pass through on their own, and gain by it.
  ///
  /// Each shard has gradients of its own, which cost as much to zero and to add
  /// as a few dozen operations a parameter: a dense layer is left whole, and the
  /// cores share its matrix products instead.
  var isShardable: Bool {
    let count = plan.parameters.reduce(0) { saturatingSum($0, $1.shape.count) }
    return !plan.couplesSamples && plan.state.isEmpty
      && saturatingProduct(count, 32) <= plan.work
  }
}
