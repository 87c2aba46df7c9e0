import Glibc
public import NNExp

/// A graph with its numbers: parameters, gradients, and room for a batch.
///
/// Everything is allocated by `init`; a pass allocates nothing. A network
/// belongs to one thread at a time.
public final class Network<S: Scalar> {
  public let graph: Graph
  public let target: Target

  /// The largest batch.
  public let capacity: Int

  /// All parameters as one vector, the trainable ones first.
  public let parameters: Tensor<S>

  /// ∂L/∂parameters, in the same order.
  public let gradients: Tensor<S>

  /// Every node's state, in graph order, as one vector.
  public let state: Tensor<S>

  /// A batch's inputs and targets, to be filled before a pass.
  public let x: Tensor<S>
  public let t: Tensor<S>

  /// The part of both that training changes.
  public let trainable: Tensor<S>
  public let trainableGradients: Tensor<S>

  /// What `parameters` and `state` are; what a checkpoint saves.
  public let learned: [NamedTensor<S>]

  private let arena: Arena<S>
  private let zeroed: Tensor<S>
  private let y: [Tensor<S>]
  private let dy: [Tensor<S>]
  private let dx: Tensor<S>
  private let nodeState: [[Tensor<S>]]
  private let scratch: [[(tensor: Tensor<S>, isPerSample: Bool)]]
  /// Gradients of shards but the first, for the nodes that are sharded.
  private let partialGradients: [[Tensor<S>]]
  private let checksInputs: Bool
  /// One for each batch size, of which there are few.
  private var passes: [Passes<S>] = []

  /// Builds the network and gives every parameter its initial values.
  ///
  /// - Parameter checksInputs: gradients reach the data too, and nodes before
  ///   the first parameter.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public init(
    _ graph: Graph, target: Target, capacity: Int, seed: UInt64, checksInputs: Bool = false
  ) throws {
    self.graph = graph
    self.target = target
    self.capacity = capacity
    self.checksInputs = checksInputs

    let nodes = graph.nodes
    let layout = NetworkLayout(
      graph, target: target, capacity: capacity, scalarSize: MemoryLayout<S>.stride)
    let arena = try Arena<S>(layout.whole)
    self.arena = arena
    let outputs = nodes.map(\.plan.output)

    parameters = arena.tensor(layout.parameters, [graph.parameterCount])
    let state = arena.tensor(layout.state, [layout.state.count])
    self.state = state
    x = arena.tensor(layout.x, graph.inputShape)
    t = arena.tensor(layout.t, target.shape)
    y = zip(layout.y, outputs).map(arena.tensor)
    scratch = zip(layout.scratch, nodes).map { regions, node in
      zip(regions, node.plan.scratch).map {
        (arena.tensor($0, [$1.count]), $1.isPerSample)
      }
    }
    partialGradients = zip(layout.partialGradients, nodes).map { regions, node in
      let shapes = graph.parameters[node.parameters].map(\.shape)
      return regions.enumerated().map { arena.tensor($1, shapes[$0 % shapes.count]) }
    }
    dx = arena.tensor(layout.dx, graph.inputShape)
    gradients = arena.tensor(layout.gradients, [graph.parameterCount])
    dy = zip(layout.dy, outputs).map(arena.tensor)
    zeroed = arena.tensor(layout.zeroed, [layout.zeroed.count])
    trainable = parameters.slice(from: 0, shape: [graph.trainableCount])
    trainableGradients = gradients.slice(from: 0, shape: [graph.trainableCount])

    var position = 0
    nodeState = nodes.map { node in
      node.plan.state.map { part in
        let tensor = state.slice(from: position, shape: part.shape)
        tensor.fill(S(part.value))
        position += part.shape.count
        return tensor
      }
    }
    var learned: [NamedTensor<S>] = []
    for (node, states) in zip(nodes, nodeState) {
      for parameter in graph.parameters[node.parameters] {
        learned.append(
          NamedTensor(
            node: node.name, name: parameter.name,
            tensor: parameters.slice(from: parameter.offset, shape: parameter.shape)))
      }
      for (part, tensor) in zip(node.plan.state, states) {
        learned.append(NamedTensor(node: node.name, name: part.name, tensor: tensor))
      }
    }
    self.learned = learned
    try initialize(seed: seed)
  }

  /// Draws every parameter's initial values anew.
  private func initialize(seed: UInt64) throws {
    var mistakes = Diagnostics()
    let random = RandomStream(seed: seed, purpose: "initial values")
    let longest = graph.parameters.map(\.shape.count).max() ?? 0
    let values = UnsafeMutablePointer<Double>.allocate(capacity: max(1, longest))
    defer { values.deallocate() }
    for (index, parameter) in graph.parameters.enumerated() {
      let count = parameter.shape.count
      values.initialize(repeating: 0, count: count)
      do {
        try parameter.initializer.fill(
          Tensor(start: values, count: count, shape: parameter.shape),
          random: random.stream(index))
      } catch let fact as Diagnostic {
        var diagnostic = fact.located(at: parameter.place)
        diagnostic.message =
          "'\(parameter.node)', initial values of \(parameter.name): \(fact.message)"
        mistakes.add(diagnostic)
      }
      let tensor = parameters.slice(from: parameter.offset, shape: parameter.shape)
      for i in 0..<count { tensor[i] = S(values[i]) }
    }
    try mistakes.throwIfAny()
  }

  /// The network's output for the last forward pass, `samples` of it.
  public func output(_ samples: Int) -> Tensor<S> {
    let z = y.last!
    return Tensor(start: z.start, count: samples * z.shape.count, shape: z.shape)
  }

  /// Node k's output buffer; −1 is the data's.
  public func activation(_ k: Int) -> Tensor<S> { k < 0 ? x : y[k] }

  /// ∂L/∂ of node k's output; −1 is the data's, filled where `checksInputs`.
  public func delta(_ k: Int) -> Tensor<S> { k < 0 ? dx : dy[k] }

  /// Gradients and deltas become 0.
  @specialized(where S == Double)
  @specialized(where S == Float)
  public func zero() {
    clear(zeroed.start, zeroed.count &* MemoryLayout<S>.stride)
    if checksInputs { dx.fill(0) }
  }

  /// The passes over batches of `samples`; made at the first call.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func passes(_ samples: Int, isTraining: Bool) -> Passes<S> {
    let known = passes.first { $0.samples == samples && $0.isTraining == isTraining }
    if let known { return known }
    let made = Passes(self, samples: samples, isTraining: isTraining)
    passes.append(made)
    return made
  }
}

/// A tensor of a network with the name of its node and its own.
public struct NamedTensor<S: Scalar> {
  public let node: String
  public let name: String
  public let tensor: Tensor<S>
}

extension Network {
  /// What a node's passes read and write for some samples of a batch, as its
  /// shard with this number.
  func views(_ k: Int, samples: Range<Int>, shard: Int = 0) -> NodeViews<S> {
    func batch(_ whole: Tensor<S>) -> Tensor<S> {
      Tensor(
        start: whole.start + samples.lowerBound * whole.shape.count,
        count: samples.count * whole.shape.count, shape: whole.shape)
    }
    let node = graph.nodes[k]
    let gradients = graph.parameters[node.parameters].map {
      self.gradients.slice(from: $0.offset, shape: $0.shape)
    }
    let first = (shard - 1) * gradients.count
    return NodeViews(
      samples: samples, inputs: node.inputs.map { batch(activation($0)) }, y: batch(y[k]),
      dy: batch(dy[k]),
      dInputs: node.inputs.map { batch(delta($0)) },
      parameters: graph.parameters[node.parameters].map {
        parameters.slice(from: $0.offset, shape: $0.shape)
      },
      gradients: shard == 0
        ? gradients : Array(partialGradients[k][first..<first + gradients.count]),
      state: nodeState[k],
      scratch: scratch[k].map { part in
        part.isPerSample
          ? batch(part.tensor)
          : part.tensor.slice(from: shard * part.tensor.shape.count, shape: part.tensor.shape)
      },
      needsInputGradient: checksInputs
        || node.inputs.contains { $0 >= 0 && graph.nodes[$0].learnsFromBelow },
      needsBackward: checksInputs || node.learnsFromBelow)
  }
}

struct NodeViews<S: Scalar> {
  let samples: Range<Int>
  let inputs: [Tensor<S>]
  let y: Tensor<S>
  let dy: Tensor<S>
  let dInputs: [Tensor<S>]
  let parameters: [Tensor<S>]
  let gradients: [Tensor<S>]
  let state: [Tensor<S>]
  let scratch: [Tensor<S>]
  let needsInputGradient: Bool
  let needsBackward: Bool
}
