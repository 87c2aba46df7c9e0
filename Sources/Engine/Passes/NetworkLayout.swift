import NNExp

/// The regions of a network's memory.
struct NetworkLayout {
  let whole: Layout

  let parameters: Layout.Region
  /// The state of all nodes, in graph order.
  let state: Layout.Region
  /// A batch's inputs and targets.
  let x: Layout.Region
  let t: Layout.Region
  /// By node: the outputs of a batch, and each scratch tensor, with a copy for every
  /// sample or shard.
  let y: [Layout.Region]
  let scratch: [[Layout.Region]]
  /// By node that is sharded: its parameters' gradients of every shard but the first.
  let partialGradients: [[Layout.Region]]
  /// ∂L/∂ of the data.
  let dx: Layout.Region
  /// ∂L/∂ of the parameters and of each node's output, side by side: one sweep zeroes
  /// them.
  let gradients: Layout.Region
  let dy: [Layout.Region]

  init(_ graph: Graph, target: Target, capacity: Int, scalarSize: Int) {
    let nodes = graph.nodes
    let shards = Shards.count(capacity)
    var layout = Layout(scalarSize: scalarSize)
    parameters = layout.add(graph.parameterCount)
    state = layout.add(nodes.flatMap(\.plan.state).reduce(0) { saturatingSum($0, $1.shape.count) })
    x = layout.add(graph.inputShape.count, copies: capacity)
    t = layout.add(target.shape.count, copies: capacity)
    y = nodes.map { layout.add($0.plan.output.count, copies: capacity) }
    scratch = nodes.map { node in
      node.plan.scratch.map { layout.add($0.count, copies: $0.isPerSample ? capacity : shards) }
    }
    partialGradients = nodes.map { node in
      (1..<max(1, node.isShardable ? shards : 1)).flatMap { _ in
        graph.parameters[node.parameters].map { layout.add($0.shape.count) }
      }
    }
    dx = layout.add(graph.inputShape.count, copies: capacity)
    gradients = layout.add(graph.parameterCount)
    dy = nodes.map { layout.add($0.plan.output.count, copies: capacity) }
    whole = layout
  }

  /// The range that a step begins by zeroing: gradients, dy and what lies between.
  var zeroed: Layout.Region {
    Layout.Region(first: gradients.first, count: dy.last!.end - gradients.first)
  }
}
