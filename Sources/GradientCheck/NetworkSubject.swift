public import Datasets
public import Engine
public import NNExp

/// A float64 network with a frozen batch and the values of a network in training.
///
/// Its tensors are all parameters and all activations: the data, the outputs of the nodes,
/// and the inputs of the losses. All passes use the random numbers of one step, training mode
/// and the same initial state.
public final class NetworkSubject: GradientSubject {
  public let tensors: [SubjectTensor]

  let network: Network<Double>
  let passes: Passes<Double>
  let value: Losses<Double>
  let gradient: Losses<Double>
  private let slots: [Slot]
  private let count: Int

  /// The state at the start of every pass.
  private let state: [Double]

  /// ∂L/∂y of every output of every node, after the last complete backward pass.
  private(set) var deltas: [[[Double]]] = []

  /// The numbers and the gradient of a tensor, and the first node that depends on it.
  private struct Slot {
    let values: Tensor<Double>
    let gradient: Tensor<Double>
    let firstNode: Int
    /// The nodes and losses that read it.
    let readers: [Int]
    var heads: [Int] = []
    /// The index among the node's parameters; nil for an activation.
    var parameter: Int? = nil
  }

  /// The output of a node whose parameter is changed entry by entry, for the original values
  /// of all entries.
  private struct Kept {
    let tensor: Int
    let y: [Double]
    /// The entry whose contribution to the output is at present changed.
    var entry: Int?
    /// The input of the next node in its last pass, if it is elementwise; empty if unknown.
    var nextInput: [Double] = []
  }
  private var kept: Kept?

  /// Whether the recomputation for a single entry agrees with the forward pass, by tensor.
  private var trust: [Bool?]

  /// - Parameters:
  ///   - trained: the network whose parameters and state are copied.
  ///   - samples: the samples of the batch.
  public init<S: Scalar>(of trained: Network<S>, samples: Dataset<S>, seed: UInt64) throws {
    let graph = trained.graph
    let count = samples.count
    let network = try Network<Double>(
      graph, heads: trained.heads, capacity: count, seed: seed, checksInputs: true)
    for i in network.parameters.indices { network.parameters[i] = Double(trained.parameters[i]) }
    for i in network.state.indices { network.state[i] = Double(trained.state[i]) }
    try network.load(Dataset(converting: samples))
    state = network.state.indices.map { network.state[$0] }
    self.count = count
    let passes = network.passes(count, isTraining: true)
    passes.draw(RandomStream(seed: seed, purpose: "gradient check"), step: 0)
    self.network = network
    self.passes = passes
    value = passes.losses(gradient: false)
    gradient = passes.losses(gradient: true)

    // The work of each node and all later ones, for the budget of the checker.
    var workFrom = [Int](repeating: 0, count: graph.nodes.count + 1)
    for k in graph.nodes.indices.reversed() {
      let (product, overflow) = graph.nodes[k].plan.work.multipliedReportingOverflow(by: count)
      let (sum, tooLarge) = workFrom[k + 1].addingReportingOverflow(overflow ? 1 << 60 : product)
      workFrom[k] = tooLarge ? Int.max : sum
    }

    var tensors: [SubjectTensor] = []
    var slots: [Slot] = []
    var listed: Set<Graph.Edge> = []
    var listedParameters: Set<Int> = []
    for (k, node) in graph.nodes.enumerated() {
      // An activation is listed at the first node that reads it. Its gradient is the sum over
      // all nodes that read it. Indices have no gradient.
      for (position, source) in node.inputs.enumerated()
      where node.inputPorts[position].kind == .values && listed.insert(source).inserted {
        let readers = graph.nodes.reduce(0) { $0 + $1.inputs.count { $0 == source } }
        tensors.append(
          SubjectTensor(
            node: node.name, type: node.typeName,
            name: NetworkSubject.inputName(position, of: node.inputs.count), kind: .input,
            shape: node.inputPorts[position].shape, samples: count, location: node.location,
            work: workFrom[source.node + 1],
            readers: readers + graph.readingHeads(of: source).count))
        slots.append(
          Slot(
            values: network.activation(source), gradient: network.delta(source),
            firstNode: source.node + 1, readers: graph.readers(of: source),
            heads: graph.readingHeads(of: source)))
      }
      // A shared tensor is listed at the first node that uses it, with the name of its owner.
      for (position, index) in node.parameters.enumerated()
      where listedParameters.insert(index).inserted {
        let parameter = graph.parameters[index]
        let owner = graph.nodes.first { $0.name == parameter.node } ?? node
        tensors.append(
          SubjectTensor(
            node: owner.name, type: owner.typeName, name: parameter.name, kind: .parameter,
            shape: parameter.shape, location: owner.location, work: workFrom[k]))
        // An entry of a shared tensor affects the outputs of several nodes.
        slots.append(
          Slot(
            values: network.parameters.slice(from: parameter.offset, shape: parameter.shape),
            gradient: network.gradients.slice(from: parameter.offset, shape: parameter.shape),
            firstNode: k, readers: parameter.users.sorted(),
            parameter: parameter.isShared ? nil : position))
      }
    }
    for head in network.heads {
      let edge = Graph.Edge(node: head.node)
      tensors.append(
        SubjectTensor(
          node: head.reportName, type: head.lossName, name: "z", kind: .input,
          shape: head.outputShape, samples: count,
          work: saturatingSum(workFrom[head.node + 1], head.outputShape.count * count)))
      slots.append(
        Slot(
          values: network.activation(edge), gradient: network.delta(edge),
          firstNode: head.node + 1, readers: graph.readers(of: edge),
          heads: graph.readingHeads(of: edge)))
    }
    self.tensors = tensors
    self.slots = slots
    trust = Array(repeating: nil, count: slots.count)
    passes.forward()
  }

  /// The name `x`, or `x1`, `x2`, … if a node reads several activations.
  static func inputName(_ position: Int, of count: Int) -> String {
    count == 1 ? "x" : "x\(position + 1)"
  }

  public func value(of tensor: Int, at index: Int) -> Double { slots[tensor].values[index] }

  public func setValue(_ x: Double, of tensor: Int, at index: Int) {
    slots[tensor].values[index] = x
  }

  public func loss(changing tensor: Int) -> Double {
    kept?.nextInput = []
    restoreState()
    passes.forward(from: slots[tensor].firstNode)
    return value.evaluate()
  }

  /// Restores the state, which layers can change during a pass and read in the next one.
  func restoreState() {
    state.withUnsafeBufferPointer { copy($0, to: network.state) }
  }

  public func loss(changing tensor: Int, at index: Int) -> Double {
    let slot = slots[tensor]
    guard let parameter = slot.parameter, trust[tensor] != false else {
      return loss(changing: tensor)
    }
    let node = slot.firstNode
    let y = network.activation(Graph.Edge(node: node))
    if kept?.tensor != tensor { kept = Kept(tensor: tensor, y: y.indices.map { y[$0] }) }
    if kept?.entry != index {
      if kept?.entry != nil { kept?.y.withUnsafeBufferPointer { copy($0, to: y) } }
      kept?.entry = index
    }
    restoreState()
    guard passes.forward(node: node, changing: parameter, at: index) else {
      trust[tensor] = false
      return loss(changing: tensor)
    }
    if trust[tensor] == nil {
      let isTrusted = agrees(y) { passes.forward(from: node) }
      trust[tensor] = isTrusted
      // This entry is recomputed in the same way as all later ones.
      guard isTrusted else { return loss(changing: tensor) }
      kept?.y.withUnsafeBufferPointer { copy($0, to: y) }
      _ = passes.forward(node: node, changing: parameter, at: index)
    }
    // One entry changes few of the outputs.
    let isElementwise = passes.forward(node: node + 1, updating: &kept!.nextInput)
    passes.forward(from: isElementwise ? node + 2 : node + 1)
    return value.evaluate()
  }

  private func copy(_ values: UnsafeBufferPointer<Double>, to tensor: Tensor<Double>) {
    if let start = values.baseAddress { tensor.start.update(from: start, count: values.count) }
  }

  /// Whether `body` changes the numbers only by rounding.
  private func agrees(_ tensor: Tensor<Double>, after body: () -> Void) -> Bool {
    let before = tensor.indices.map { tensor[$0] }
    body()
    let scale = before.reduce(0) { max($0, abs($1)) }
    return zip(before, tensor.indices).allSatisfy { abs($0 - tensor[$1]) <= 1e-12 * scale }
  }

  public func analyticGradients() -> [[Double]] {
    kept = nil
    network.zero()
    restoreState()
    passes.forward()
    gradient.evaluate()
    passes.backward()
    deltas = network.graph.nodes.indices.map { k in
      outputEdges(k).map { edge in
        let delta = network.delta(edge).slice(0..<count * network.graph.port(of: edge).count)
        return delta.indices.map { delta[$0] }
      }
    }
    return slots.map { slot in slot.gradient.indices.map { slot.gradient[$0] } }
  }

  func outputEdges(_ node: Int) -> [Graph.Edge] {
    network.graph.nodes[node].plan.outputs.indices.map { Graph.Edge(node: node, output: $0) }
  }

  public func roundedGradients(_ step: RoundingStep) -> [[Double]] {
    kept = nil
    return afterMove(step) {
      network.zero()
      let outputs = forward(rounding: step)
      gradient.evaluate()
      for k in network.graph.nodes.indices.reversed() {
        for (edge, own) in zip(outputEdges(k), outputs[k]) {
          step.move(network.delta(edge))
          own.withUnsafeBufferPointer { copy($0, to: network.activation(edge)) }
        }
        passes.backward(node: k)
      }
      return slots.map { slot in slot.gradient.indices.map { slot.gradient[$0] } }
    }
  }

  public func roundedLoss(_ step: RoundingStep) -> Double {
    kept = nil
    return afterMove(step) {
      forward(rounding: step)
      return value.evaluate()
    }
  }

  /// A result of the network after perturbing its data and parameters; restores all values.
  private func afterMove<Result>(_ step: RoundingStep, _ body: () -> Result) -> Result {
    let graph = network.graph
    let leaves =
      [network.parameters]
      + graph.ports.indices.filter { graph.ports[$0].kind == .values }.map {
        network.activation(Graph.Edge(node: -1, output: $0))
      }
    let values = leaves.map { leaf in leaf.indices.map { leaf[$0] } }
    for leaf in leaves { step.move(leaf) }
    let result = body()
    for (leaf, row) in zip(leaves, values) { row.withUnsafeBufferPointer { copy($0, to: leaf) } }
    restoreState()
    passes.forward()
    return result
  }

  /// Runs a forward pass in which every output is perturbed after it is computed, and returns
  /// the original outputs. A backward pass needs the original ones: it may search for the
  /// number that it has copied to its output.
  @discardableResult
  private func forward(rounding step: RoundingStep) -> [[[Double]]] {
    restoreState()
    return network.graph.nodes.indices.map { k in
      passes.forward(node: k)
      return outputEdges(k).map { edge in
        let y = network.activation(edge)
        let own = y.indices.map { y[$0] }
        step.move(y)
        return own
      }
    }
  }

  public func readers(of tensor: Int) -> [any IsolatedLayer] {
    let slot = slots[tensor]
    let nodes = slot.readers.map { node -> any IsolatedLayer in
      IsolatedNode(node, of: self, samples: count, gradient: slot.gradient)
    }
    return nodes
      + slot.heads.map { IsolatedLoss($0, of: self, gradient: slot.gradient) }
  }

  public func activations(after tensor: Int) -> [Double] {
    var activations: [Double] = []
    for k in slots[tensor].firstNode..<network.graph.nodes.count {
      for edge in outputEdges(k) {
        let y = network.activation(edge)
        for i in y.indices { activations.append(y[i]) }
      }
    }
    return activations
  }

  /// The number of repetitions of a node's forward pass. They reveal a change that happens
  /// once in so many passes.
  private static let repetitions = 64

  public func firstNondeterministicNode() -> SubjectNode? {
    kept = nil
    restoreState()
    passes.forward()
    for k in network.graph.nodes.indices {
      func outputs() -> [UInt64] {
        restoreState()
        passes.forward(node: k)
        return outputEdges(k).flatMap { edge in
          let y = network.activation(edge)
          return y.indices.map { y[$0].bitPattern }
        }
      }
      let first = outputs()
      for _ in 0..<NetworkSubject.repetitions where outputs() != first { return node(k) }
    }
    return nil
  }

  public func firstNonfiniteNode() -> SubjectNode? {
    kept = nil
    restoreState()
    passes.forward()
    for k in network.graph.nodes.indices {
      for edge in outputEdges(k) {
        let y = network.activation(edge)
        for i in y.indices where !y[i].isFinite { return node(k) }
      }
    }
    return nil
  }

  func node(_ k: Int) -> SubjectNode {
    let node = network.graph.nodes[k]
    return SubjectNode(name: node.name, type: node.typeName, location: node.location)
  }
}

extension Graph {
  /// The nodes that read an edge.
  fileprivate func readers(of edge: Edge) -> [Int] {
    nodes.indices.filter { nodes[$0].inputs.contains(edge) }
  }
}
