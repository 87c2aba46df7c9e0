import NNExp

/// The ticks in which a tensor is needed: one interval, or two with a pause in which its memory may be
/// overwritten.
struct Lifetime {
  let first: ClosedRange<Int>
  let second: ClosedRange<Int>

  init(_ interval: ClosedRange<Int>) { self.init(interval, interval) }

  init(_ first: ClosedRange<Int>, _ second: ClosedRange<Int>) {
    (self.first, self.second) = (first, second)
  }

  func overlaps(_ other: Lifetime) -> Bool {
    first.overlaps(other.first) || first.overlaps(other.second) || second.overlaps(other.first)
      || second.overlaps(other.second)
  }
}

/// The order in which the passes of a step need the tensors of a network.
///
/// The ticks of a step are the forward passes of all stages, the losses, the backward passes of the
/// stages in reverse, and the end. A stage is a node, or the nodes of a sharded segment, because one
/// shard may be at the last of them while another is at the first.
///
/// - A node's output is needed from its forward pass to that of its last reader, or to the last
///   backward pass that reads it. An output that a loss reads is needed to the end.
/// - The gradient of an output is needed from the backward pass of its last reader to its own.
struct Timeline {
  private let graph: Graph
  private let fusion: Fusion
  /// The stage of each node, and the number of stages.
  private let stages: [Int]
  private let count: Int
  private let hasBackward: Bool
  /// The first node whose backward pass is run.
  private let firstBackward: Int
  /// The nodes that read each output, in ascending order.
  private let readers: [[[Int]]]
  /// True for the nodes whose output a loss reads.
  let isHead: [Bool]

  /// - Parameter segments: those of a batch of the network's capacity.
  init(
    _ graph: Graph, heads: [Head], fusion: Fusion, segments: [Segment], hasBackward: Bool
  ) {
    self.graph = graph
    self.fusion = fusion
    self.hasBackward = hasBackward
    var stages: [Int] = []
    for segment in segments {
      let first = (stages.last ?? -1) + 1
      stages += segment.nodes.indices.map {
        segment.isSharded ? first : first + $0 - segment.nodes.lowerBound
      }
    }
    self.stages = stages
    count = (stages.last ?? -1) + 1
    let nodes = graph.nodes
    firstBackward =
      hasBackward ? nodes.firstIndex(where: \.learnsFromBelow) ?? nodes.count : nodes.count
    var readers: [[[Int]]] = nodes.map { $0.plan.outputs.map { _ in [] } }
    for (k, node) in nodes.enumerated() {
      for edge in node.inputs where !edge.isData && readers[edge.node][edge.output].last != k {
        readers[edge.node][edge.output].append(k)
      }
    }
    self.readers = readers
    var isHead = nodes.map { _ in false }
    for head in heads { isHead[head.node] = true }
    self.isHead = isHead
  }

  func forward(_ node: Int) -> Int { stages[node] }
  func backward(_ node: Int) -> Int { 2 * count - stages[node] }
  private var end: Int { 2 * count + 1 }

  /// A tensor that is always needed.
  var always: Lifetime { Lifetime(0...end) }

  private func runsBackward(_ node: Int) -> Bool { node >= firstBackward }

  /// The node whose layer computes this node's output.
  private func producer(of node: Int) -> Int { fusion.includes(node) ? node - 1 : node }

  private func reads(_ tensors: Plan.BackwardReads, inBackwardOf node: Int) -> Bool {
    runsBackward(node) && graph.nodes[node].plan.backwardReads.contains(tensors)
  }

  func output(_ output: Int, of node: Int) -> Lifetime {
    let producer = producer(of: node)
    if isHead[node] { return Lifetime(forward(producer)...end) }
    var last = forward(producer)
    if reads(.outputs, inBackwardOf: producer) { last = backward(producer) }
    for reader in readers[node][output] {
      last = max(last, reads(.inputs, inBackwardOf: reader) ? backward(reader) : forward(reader))
    }
    return Lifetime(forward(producer)...last)
  }

  func gradient(of output: Int, of node: Int) -> Lifetime {
    span(of: readers[node][output] + [producer(of: node)])
  }

  /// The gradient of a port of the data.
  func gradient(ofPort port: Int) -> Lifetime {
    span(
      of: graph.nodes.indices.filter {
        graph.nodes[$0].inputs.contains(Graph.Edge(node: -1, output: port))
      })
  }

  /// From the first of the nodes' backward passes to the last.
  private func span(of nodes: [Int]) -> Lifetime {
    let ticks = nodes.filter(runsBackward).map(backward)
    guard let first = ticks.min(), let last = ticks.max() else { return Lifetime(end...end) }
    return Lifetime(first...last)
  }

  /// Memory that the forward pass fills for the backward pass.
  func scratch(of node: Int) -> Lifetime {
    Lifetime(forward(node)...(runsBackward(node) ? backward(node) : forward(node)))
  }

  /// Memory that each pass of a node uses for itself.
  func temporary(of node: Int) -> Lifetime {
    let tick = forward(node)
    return Lifetime(
      tick...tick, hasBackward ? backward(node)...backward(node) : tick...tick)
  }

  func partialGradients(of node: Int) -> Lifetime { Lifetime(backward(node)...backward(node)) }

  /// The inputs of a node whose gradients its backward pass is the first to add to.
  func inputsWithNewGradient(of node: Int) -> [Int] {
    let inputs = graph.nodes[node].inputs
    return inputs.indices.filter { position in
      let edge = inputs[position]
      return !edge.isData && readers[edge.node][edge.output].last == node
        && inputs.firstIndex(of: edge) == position
    }
  }

  /// The outputs of a node that no node reads.
  func unreadOutputs(of node: Int) -> [Int] {
    readers[node].indices.filter { readers[node][$0].isEmpty }
  }
}
