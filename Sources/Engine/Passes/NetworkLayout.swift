import NNExp

/// The regions of a network's memory.
struct NetworkLayout {
  let whole: Layout

  let parameters: Layout.Region
  /// The state of all nodes, in graph order.
  let state: Layout.Region
  /// A batch's inputs, by port; indices have an element each, half of which is unused in
  /// float64.
  let x: [Layout.Region]
  /// A batch's targets, by target of the data.
  let t: [Layout.Region]
  /// By head of which samples may lack the target: outputs, targets and ∂L/∂outputs of
  /// those that have it.
  let gathered: [[Layout.Region]]
  /// By node: its outputs for a batch, and each scratch tensor, with a copy for every
  /// sample or shard.
  let y: [[Layout.Region]]
  let scratch: [[Layout.Region]]
  /// By node that is sharded: its parameters' gradients of every shard but the first.
  let partialGradients: [[Layout.Region]]
  /// ∂L/∂ of the data, by port; empty for indices.
  let dx: [Layout.Region]
  /// ∂L/∂ of the parameters and of each node's output, side by side: one sweep zeroes
  /// them.
  let gradients: Layout.Region
  let dy: [[Layout.Region]]

  init(_ graph: Graph, heads: [Head], capacity: Int, scalarSize: Int) {
    let nodes = graph.nodes
    let shards = Shards.count(capacity)
    var layout = Layout(scalarSize: scalarSize)
    parameters = layout.add(graph.parameterCount)
    state = layout.add(nodes.flatMap(\.plan.state).reduce(0) { saturatingSum($0, $1.shape.count) })
    x = graph.ports.map { layout.add($0.count, copies: capacity) }
    t = heads.targets.map { layout.add($0.shape.count, copies: capacity) }
    gathered = heads.map { head in
      guard head.skipsMissing else { return [] }
      let counts = [head.outputShape.count, head.target.shape.count, head.outputShape.count]
      return counts.map { layout.add($0, copies: capacity) }
    }
    y = nodes.map { $0.plan.outputs.map { layout.add($0.count, copies: capacity) } }
    scratch = nodes.map { node in
      node.plan.scratch.map { layout.add($0.count, copies: $0.isPerSample ? capacity : shards) }
    }
    partialGradients = nodes.map { node in
      (1..<max(1, node.isShardable ? shards : 1)).flatMap { _ in
        graph.parameters(of: node).map { layout.add($0.shape.count) }
      }
    }
    dx = graph.ports.map { layout.add($0.kind == .values ? $0.count : 0, copies: capacity) }
    gradients = layout.add(graph.parameterCount)
    dy = nodes.map { $0.plan.outputs.map { layout.add($0.count, copies: capacity) } }
    whole = layout
  }

  /// The range that a step begins by zeroing: gradients, dy and what lies between.
  var zeroed: Layout.Region {
    Layout.Region(first: gradients.first, count: dy.last!.last!.end - gradients.first)
  }
}
