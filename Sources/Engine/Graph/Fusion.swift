import NNExp

/// The work and memory that a network saves if nobody reads its activations.
///
/// - Two nodes become one pass: a node, and the elementwise node that is the only reader of its output.
///   The output in between is not stored.
/// - The gradient of an output is not set to 0 before each step, if its only reader overwrites it, and
///   neither are those of parameters, if the only node that has them overwrites them.
///
/// A private rewrite: it changes no result. Networks whose activations are read, for gradient checks or
/// explanations, do without it.
struct Fusion {
  /// The layer that computes a node and the next one; nil for all other nodes.
  private(set) var layers: [(any Layer)?]
  /// True if the node overwrites the gradient of its only input, and if a step overwrites the gradient
  /// of the node's output.
  private(set) var stores: [Bool]
  private(set) var isOverwritten: [Bool]
  /// True if the node overwrites the gradients of its parameters.
  private(set) var storesGradients: [Bool]

  /// Nothing is left out.
  static func none(_ graph: Graph) -> Fusion {
    Fusion(count: graph.nodes.count)
  }

  private init(count: Int) {
    layers = Array(repeating: nil, count: count)
    stores = Array(repeating: false, count: count)
    isOverwritten = stores
    storesGradients = stores
  }

  init(_ graph: Graph, heads: [Head]) {
    self.init(count: graph.nodes.count)
    let nodes = graph.nodes
    var readers = nodes.map { _ in 0 }
    for node in nodes {
      for input in node.inputs where !input.isData { readers[input.node] += 1 }
    }
    // The losses add to the gradients of the heads.
    for head in heads { readers[head.node] += 1 }
    for (k, node) in nodes.enumerated() {
      guard node.plan.canStoreInputGradient, node.inputs.count == 1, !node.inputs[0].isData
      else { continue }
      let producer = node.inputs[0].node
      stores[k] =
        readers[producer] == 1 && nodes[producer].learnsFromBelow
        && nodes[producer].plan.outputs.count == 1
      isOverwritten[producer] = stores[k]
    }
    var users = graph.parameters.map { _ in 0 }
    for node in nodes {
      for parameter in node.parameters { users[parameter] += 1 }
    }
    for (k, node) in nodes.enumerated() where node.plan.canStoreGradients {
      storesGradients[k] = node.learnsFromBelow && node.parameters.allSatisfy { users[$0] == 1 }
    }
    for k in nodes.indices.dropLast() {
      let (node, next) = (nodes[k], nodes[k + 1])
      // The first cast of each type takes long.
      guard node.plan.isFusible, k == 0 || layers[k - 1] == nil,
        node.plan.outputs.count == 1, next.isElementwise, next.inputs == [Graph.Edge(node: k)],
        readers[k] == 1, let layer = node.layer as? any FusibleLayer
      else { continue }
      layers[k] = layer.fused(with: next.layer)
    }
  }

  /// True if the node's output is not stored, because the node's layer also computes the next.
  func omitsOutput(of node: Int) -> Bool { layers[node] != nil }

  /// True if the node before computes this node, too.
  func includes(_ node: Int) -> Bool { node > 0 && layers[node - 1] != nil }
}

extension Graph.Node {
  /// True if the node has one output with the shape of its only input, and nothing else.
  fileprivate var isElementwise: Bool {
    inputShapes == [plan.output] && plan.outputs.count == 1 && plan.parameters.isEmpty
      && plan.state.isEmpty && plan.scratch.isEmpty && !plan.isRandom
      && inputPorts[0].kind == .values
  }
}
