import NNExp

/// The regions of a network's memory.
struct NetworkLayout {
  let whole: Layout

  /// True if tensors that are not needed at the same time share memory, which saves memory and costs a
  /// little time: gradients are then set to 0 one by one.
  let overlaps: Bool

  let parameters: Layout.Region
  /// The state of all nodes, in graph order.
  let state: Layout.Region
  /// The inputs of a batch, by port. An index occupies one element, half of which is unused in
  /// float64.
  let x: [Layout.Region]
  /// The targets of a batch, by target of the data.
  let t: [Layout.Region]
  /// For each head whose target may be missing in some samples, and for weighted samples: the
  /// outputs, targets and output gradients of the samples that have it.
  let gathered: [[Layout.Region]]
  /// The predictions of each head whose outputs are means and variances; empty for others.
  let means: [Layout.Region]
  /// The outputs of each node for a batch and each of its scratch tensors, which has a copy per
  /// sample, shard or, if it is temporary, thread.
  let y: [[Layout.Region]]
  let scratch: [[Layout.Region]]
  /// For each node, the distance from the temporary memory of one thread to that of the next. The
  /// regions above are those of the first thread. The nodes of a sharded segment share this memory.
  let temporarySteps: [Int]
  /// The number of threads that can run shards at the same time.
  let threads: Int
  /// For each node that is sharded, the parameter gradients of all shards except the first.
  let partialGradients: [[Layout.Region]]
  /// The gradients of the data, by port; empty for indices.
  let dx: [Layout.Region]
  let gradients: Layout.Region
  let dy: [[Layout.Region]]
  /// The ranges that are set to 0 before each step: the gradients of parameters that no node overwrites,
  /// and those gradients of outputs that keep their memory.
  let zeroed: [Layout.Region]
  /// For each node, the positions of the inputs and of the outputs whose gradients its backward pass
  /// sets to 0 before it adds to them.
  let clearedInputs: [[Int]]
  let clearedOutputs: [[Int]]

  /// The size of all outputs from which tensors overlap. The gain would be small below.
  static let leastBytes = 1 << 19

  /// The largest number of tensors that overlap. The time to place them grows with its square.
  private static let mostTensors = 8_192

  /// - Parameter overlaps: whether tensors overlap; nil if the size decides.
  init(
    _ graph: Graph, heads: [Head], fusion: Fusion, use: NetworkUse, capacity: Int, scalarSize: Int,
    overlaps wanted: Bool? = nil
  ) {
    let nodes = graph.nodes
    let shards = Shards.count(capacity)
    let hasBackward = use != .evaluation
    let size = nodes.flatMap(\.plan.outputs).reduce(0) { saturatingSum($0, $1.count) }
    let isLarge =
      saturatingProduct(saturatingProduct(size, capacity), scalarSize)
      >= NetworkLayout.leastBytes
    let tensors = nodes.reduce(0) {
      $0 + 2 * $1.plan.outputs.count + $1.plan.scratch.count
        + shards * $1.plan.parameters.count
    }
    let overlaps =
      use != .inspection && tensors <= NetworkLayout.mostTensors
      && (wanted ?? (isLarge || !hasBackward))
    self.overlaps = overlaps
    let segments = graph.segments(samples: capacity, waits: !hasBackward)
    // Only tensors that overlap need it.
    lazy var time = Timeline(
      graph, heads: heads, fusion: fusion, segments: segments, hasBackward: hasBackward)

    var layout = Layout(scalarSize: scalarSize)
    parameters = layout.add(graph.parameterCount)
    state = layout.add(nodes.flatMap(\.plan.state).reduce(0) { saturatingSum($0, $1.shape.count) })
    x = graph.ports.map { layout.add($0.count, copies: capacity) }
    t = heads.targets.map { layout.add($0.shape.count, copies: capacity) }
    gathered = heads.map { head in
      guard head.skipsMissing || head.isWeighted else { return [] }
      let counts = [head.outputShape.count, head.target.shape.count, head.outputShape.count]
      return counts.map { layout.add($0, copies: capacity) }
    }
    means = heads.map { head in
      layout.add(
        head.loss.outputMeaning.hasVariances ? head.predictionShape.count : 0, copies: capacity)
    }

    func count(_ output: Int, of k: Int) -> Int {
      fusion.omitsOutput(of: k) ? 0 : nodes[k].plan.outputs[output].count
    }
    var shared = SharedMemory(scalarSize: scalarSize, overlaps: overlaps)
    let outputs = nodes.indices.map { k in
      nodes[k].plan.outputs.indices.map {
        shared.add(count($0, of: k), copies: capacity, time.output($0, of: k))
      }
    }
    // A thread is at one node of a segment at a time.
    let threads = min(shards, Workers.count)
    self.threads = threads
    var temporarySteps = nodes.map { _ in 0 }
    var temporaries = nodes.map { _ in 0 }
    let own = nodes.map { node in
      var own = Layout(scalarSize: scalarSize)
      let regions = node.plan.scratch.filter(\.isTemporary).map { own.add($0.count) }
      _ = own.add(0)
      return (regions: regions, count: own.count)
    }
    for segment in segments {
      for stage in segment.isSharded ? [segment.nodes] : segment.nodes.map({ $0..<$0 + 1 }) {
        let step = stage.reduce(0) { max($0, own[$1].count) }
        let memory = shared.add(
          step, copies: segment.isSharded ? threads : 1, time.temporary(of: stage.lowerBound))
        for k in stage { (temporarySteps[k], temporaries[k]) = (step, memory) }
      }
    }
    self.temporarySteps = temporarySteps
    let kept = nodes.enumerated().map { k, node in
      node.plan.scratch.map { part in
        part.isTemporary
          ? nil
          : shared.add(
            part.count, copies: part.isPerSample ? capacity : node.isShardable ? shards : 1,
            time.scratch(of: k))
      }
    }
    let partial = nodes.enumerated().map { k, node in
      (1..<max(1, hasBackward && node.isShardable ? shards : 1)).flatMap { _ in
        graph.parameters(of: node).map {
          shared.add($0.shape.count, time.partialGradients(of: k))
        }
      }
    }
    let ports = graph.ports.enumerated().map { port, description in
      shared.add(
        hasBackward && description.kind == .values ? description.count : 0, copies: capacity,
        time.gradient(ofPort: port))
    }
    let keepsGradient = nodes.indices.map { k in
      !hasBackward || !fusion.isOverwritten[k] && (!overlaps || time.isHead[k])
    }
    let deltas = nodes.indices.map { k in
      nodes[k].plan.outputs.indices.map {
        shared.add(
          keepsGradient[k] ? 0 : count($0, of: k), copies: capacity,
          time.gradient(of: $0, of: k))
      }
    }

    let regions = shared.regions(in: &layout)
    y = outputs.map { $0.map { regions[$0] } }
    scratch = nodes.indices.map { k in
      var parts = own[k].regions.makeIterator()
      let start = regions[temporaries[k]].first
      return kept[k].map { index in
        if let index { return regions[index] }
        let part = parts.next()!
        return Layout.Region(first: saturatingSum(start, part.first), count: part.count)
      }
    }
    partialGradients = partial.map { $0.map { regions[$0] } }
    dx = ports.map { regions[$0] }
    gradients = layout.add(hasBackward ? graph.parameterCount : 0)
    let first = gradients.first
    dy = nodes.indices.map { k in
      keepsGradient[k]
        ? nodes[k].plan.outputs.indices.map {
          layout.add(hasBackward ? count($0, of: k) : 0, copies: capacity)
        }
        : deltas[k].map { regions[$0] }
    }
    func gradient(_ parameter: Graph.Parameter) -> Layout.Region {
      Layout.Region(
        first: saturatingSum(first, parameter.offset), count: parameter.shape.count)
    }
    let stored = nodes.indices.filter { hasBackward && fusion.storesGradients[$0] }
      .flatMap { graph.parameters(of: nodes[$0]).map(gradient) }
    zeroed = Layout.Region(first: first, count: layout.count - first).without(stored)
    whole = layout

    guard overlaps else {
      clearedInputs = nodes.map { _ in [] }
      clearedOutputs = clearedInputs
      return
    }
    func isCleared(_ k: Int) -> Bool {
      !keepsGradient[k] && !fusion.isOverwritten[k] && !fusion.omitsOutput(of: k)
    }
    clearedInputs = nodes.indices.map { k in
      time.inputsWithNewGradient(of: k).filter { isCleared(nodes[k].inputs[$0].node) }
    }
    // A node that is computed with the one before it has that node's passes.
    clearedOutputs = nodes.indices.map { k in
      let node = fusion.omitsOutput(of: k) ? k + 1 : k
      return isCleared(node) && !fusion.includes(k) ? time.unreadOutputs(of: node) : []
    }
  }
}
