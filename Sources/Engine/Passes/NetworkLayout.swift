import NNExp

/// The regions of a network's memory.
struct NetworkLayout {
  let whole: Layout

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
  /// sample or shard, unless it is temporary.
  let y: [[Layout.Region]]
  let scratch: [[Layout.Region]]
  /// The distance from the temporary scratch memory of one shard to that of the next. The regions
  /// above are those of the first shard.
  let temporaryStep: Int
  /// For each node that is sharded, the parameter gradients of all shards except the first.
  let partialGradients: [[Layout.Region]]
  /// The gradients of the data, by port; empty for indices.
  let dx: [Layout.Region]
  /// The gradients of the parameters and of each node's outputs, adjacent so that one loop sets
  /// them to zero.
  let gradients: Layout.Region
  let dy: [[Layout.Region]]
  /// The range that each step sets to zero.
  let zeroed: Layout.Region

  init(_ graph: Graph, heads: [Head], fusion: Fusion, capacity: Int, scalarSize: Int) {
    let nodes = graph.nodes
    let shards = Shards.count(capacity)
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
    func outputs(of k: Int) -> [Layout.Region] {
      nodes[k].plan.outputs.map {
        layout.add(fusion.omitsOutput(of: k) ? 0 : $0.count, copies: capacity)
      }
    }
    y = nodes.indices.map(outputs)
    // All nodes use the same temporary memory, which each shard has for itself, because shards may
    // be at different nodes at the same time.
    let temporary = nodes.map { node in
      var own = Layout(scalarSize: scalarSize)
      let regions = node.plan.scratch.filter(\.isTemporary).map { own.add($0.count) }
      _ = own.add(0)
      return (regions: regions, count: own.count)
    }
    temporaryStep = temporary.reduce(0) { max($0, $1.count) }
    let shared = layout.add(temporaryStep, copies: shards)
    scratch = zip(nodes, temporary).map { node, temporary in
      var next = temporary.regions.makeIterator()
      return node.plan.scratch.map { part in
        if part.isTemporary, let region = next.next() {
          return Layout.Region(
            first: saturatingSum(shared.first, region.first), count: region.count)
        }
        return layout.add(part.count, copies: part.isPerSample ? capacity : shards)
      }
    }
    partialGradients = nodes.map { node in
      (1..<max(1, node.isShardable ? shards : 1)).flatMap { _ in
        graph.parameters(of: node).map { layout.add($0.shape.count) }
      }
    }
    dx = graph.ports.map { layout.add($0.kind == .values ? $0.count : 0, copies: capacity) }
    gradients = layout.add(graph.parameterCount)
    // Those that steps do not set to 0 come last.
    var dy: [[Layout.Region]] = nodes.map { _ in [] }
    for k in nodes.indices where !fusion.isOverwritten[k] { dy[k] = outputs(of: k) }
    zeroed = Layout.Region(first: gradients.first, count: layout.count - gradients.first)
    for k in nodes.indices where fusion.isOverwritten[k] { dy[k] = outputs(of: k) }
    self.dy = dy
    whole = layout
  }
}
