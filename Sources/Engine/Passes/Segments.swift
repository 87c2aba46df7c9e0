import NNExp

/// A sequence of nodes that run with or without shards.
struct Segment {
  let nodes: Range<Int>

  /// True if every shard runs through all nodes without waiting for the other shards.
  let isSharded: Bool
}

extension Graph {
  /// The sequences of shardable nodes for which sharing is worthwhile, and the nodes between them.
  ///
  /// A sequence that is sharded for some samples is also sharded for more samples.
  ///
  /// - Parameter waits: true if the shards wait for each other after each node. A sharded segment
  ///   then has one node.
  func segments(samples: Int, waits: Bool) -> [Segment] {
    var segments: [Segment] = []
    var first = 0
    while first < nodes.count {
      let isShardable = nodes[first].isShardable
      let end = nodes[first...].firstIndex { $0.isShardable != isShardable } ?? nodes.count
      let work = nodes[first..<end].reduce(0) { saturatingSum($0, $1.plan.work) }
      let isWorthIt =
        Shards.count(samples) > 1 && saturatingProduct(work, samples) >= Shards.leastWork
      if isShardable && isWorthIt {
        segments +=
          waits
          ? (first..<end).map { Segment(nodes: $0..<$0 + 1, isSharded: true) }
          : [Segment(nodes: first..<end, isSharded: true)]
      } else if let last = segments.last, !last.isSharded {
        segments[segments.count - 1] = Segment(
          nodes: last.nodes.lowerBound..<end, isSharded: false)
      } else {
        segments.append(Segment(nodes: first..<end, isSharded: false))
      }
      first = end
    }
    return segments
  }
}
