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
  private let checksInputs: Bool
  private var passes: [Int: Passes<S>] = [:]

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
    var room = 8 * Arena<S>.line + 2 * graph.parameterCount
    room += Arena<S>.padded(capacity * target.shape.count)
    room += 2 * Arena<S>.padded(capacity * graph.inputShape.count)
    for node in nodes {
      room += 2 * Arena<S>.padded(capacity * node.plan.output.count)
      for state in node.plan.state { room += Arena<S>.padded(state.shape.count) }
      for part in node.plan.scratch {
        room += Arena<S>.padded(part.isPerSample ? capacity * part.count : part.count)
      }
    }
    let arena = try Arena<S>(count: room)
    self.arena = arena

    parameters = arena.cut(graph.parameterCount, shape: [graph.parameterCount])
    let stateCount = nodes.flatMap(\.plan.state).reduce(0) { $0 + $1.shape.count }
    let state = arena.cut(stateCount, shape: [stateCount])
    self.state = state
    x = arena.cut(capacity * graph.inputShape.count, shape: graph.inputShape)
    t = arena.cut(capacity * target.shape.count, shape: target.shape)
    y = nodes.map { arena.cut(capacity * $0.plan.output.count, shape: $0.plan.output) }
    scratch = nodes.map { node in
      node.plan.scratch.map { part in
        let count = part.isPerSample ? capacity * part.count : part.count
        return (arena.cut(count, shape: [part.count]), part.isPerSample)
      }
    }
    dx = arena.cut(capacity * graph.inputShape.count, shape: graph.inputShape)
    // Gradients and deltas lie side by side: one sweep zeroes them.
    gradients = arena.cut(graph.parameterCount, shape: [graph.parameterCount])
    dy = nodes.map { arena.cut(capacity * $0.plan.output.count, shape: $0.plan.output) }
    trainable = parameters.slice(from: 0, shape: [graph.trainableCount])
    trainableGradients = gradients.slice(from: 0, shape: [graph.trainableCount])
    let end = dy.last!.start + dy.last!.count
    zeroed = Tensor(start: gradients.start, count: end - gradients.start, shape: [])

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
    memset(zeroed.start, 0, zeroed.count &* MemoryLayout<S>.stride)
    if checksInputs { dx.fill(0) }
  }

  /// The passes over batches of `samples`; made at the first call.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func passes(_ samples: Int, isTraining: Bool) -> Passes<S> {
    let key = samples * 2 + (isTraining ? 1 : 0)
    if let known = passes[key] { return known }
    let made = Passes(self, samples: samples, isTraining: isTraining)
    passes[key] = made
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
  /// What a node's passes read and write, for batches of `samples`.
  fileprivate func views(_ k: Int, samples: Int) -> NodeViews<S> {
    func batch(_ whole: Tensor<S>) -> Tensor<S> {
      Tensor(start: whole.start, count: samples * whole.shape.count, shape: whole.shape)
    }
    let node = graph.nodes[k]
    return NodeViews(
      inputs: node.inputs.map { batch(activation($0)) }, y: batch(y[k]), dy: batch(dy[k]),
      dInputs: node.inputs.map { batch(delta($0)) },
      parameters: graph.parameters[node.parameters].map {
        parameters.slice(from: $0.offset, shape: $0.shape)
      },
      gradients: graph.parameters[node.parameters].map {
        gradients.slice(from: $0.offset, shape: $0.shape)
      },
      state: nodeState[k],
      scratch: scratch[k].map { $0.isPerSample ? batch($0.tensor) : $0.tensor },
      needsInputGradient: checksInputs
        || node.inputs.contains { $0 >= 0 && graph.nodes[$0].learnsFromBelow },
      needsBackward: checksInputs || node.learnsFromBelow)
  }
}

private struct NodeViews<S: Scalar> {
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

/// The prepared passes of one batch size: what a training step walks through.
public final class Passes<S: Scalar> {
  public let samples: Int

  private unowned let network: Network<S>
  private let count: Int
  private let layers: UnsafeMutablePointer<any Layer>
  private let forwards: UnsafeMutablePointer<Forward<S>>
  private let backwards: UnsafeMutablePointer<Backward<S>>
  private let tables: UnsafeMutablePointer<Tensor<S>>
  /// The first node whose backward pass anything needs.
  private let firstBackward: Int
  private let randomNodes: [Int]

  fileprivate init(_ network: Network<S>, samples: Int, isTraining: Bool) {
    precondition(samples >= 1 && samples <= network.capacity)
    self.network = network
    self.samples = samples
    let nodes = network.graph.nodes
    count = nodes.count
    let views = nodes.indices.map { network.views($0, samples: samples) }
    let rows = views.reduce(0) {
      $0 + 2 * $1.inputs.count + 2 * $1.parameters.count + $1.state.count + $1.scratch.count
    }
    tables = .allocate(capacity: max(1, rows))
    layers = .allocate(capacity: count)
    forwards = .allocate(capacity: count)
    backwards = .allocate(capacity: count)
    firstBackward = views.firstIndex { $0.needsBackward } ?? count
    randomNodes = nodes.indices.filter { nodes[$0].plan.isRandom }

    var next = tables
    func table(_ tensors: [Tensor<S>]) -> Tensors<S> {
      let start = next
      for tensor in tensors {
        next.initialize(to: tensor)
        next += 1
      }
      return Tensors(start: start, count: tensors.count)
    }
    for (k, view) in views.enumerated() {
      let inputs = table(view.inputs)
      let parameters = table(view.parameters)
      let state = table(view.state)
      let scratch = table(view.scratch)
      (layers + k).initialize(to: nodes[k].layer)
      (forwards + k).initialize(
        to: Forward(
          samples: samples, inputs: inputs, y: view.y, parameters: parameters, state: state,
          scratch: scratch, isTraining: isTraining, random: RandomStream(key: 0), firstSample: 0))
      (backwards + k).initialize(
        to: Backward(
          samples: samples, inputs: inputs, y: view.y, dy: view.dy, dInputs: table(view.dInputs),
          needsInputGradient: view.needsInputGradient, parameters: parameters,
          gradients: table(view.gradients), state: state, scratch: scratch,
          isTraining: isTraining, random: RandomStream(key: 0), firstSample: 0))
    }
  }

  deinit {
    layers.deinitialize(count: count)
    layers.deallocate()
    forwards.deallocate()
    backwards.deallocate()
    tables.deallocate()
  }

  /// Gives the nodes that draw random numbers those of `step`.
  public func draw(_ random: RandomStream, step: Int) {
    for k in randomNodes {
      let stream = random.stream(step).stream(k)
      forwards[k].random = stream
      backwards[k].random = stream
    }
  }

  /// True if some node draws random numbers.
  public var isRandom: Bool { !randomNodes.isEmpty }

  /// Every node from `first` on overwrites its output.
  @specialized(where S == Double)
  @specialized(where S == Float)
  public func forward(from first: Int = 0) {
    var k = first
    while k < count {
      S.forward(layers[k], forwards[k])
      k &+= 1
    }
  }

  /// δ of the output is there; every node adds to the gradients before it.
  @specialized(where S == Double)
  @specialized(where S == Float)
  public func backward() {
    var k = count &- 1
    while k >= firstBackward {
      S.backward(layers[k], backwards[k])
      k &-= 1
    }
  }

  /// The loss's view of the batch; with δ where a gradient is wanted.
  @specialized(where S == Double)
  @specialized(where S == Float)
  public func lossPass(_ reduction: Reduction, gradient: Bool) -> LossPass<S> {
    let z = network.output(samples)
    let t = network.t
    let hasClasses = if case .classes = network.target { true } else { false }
    let dz = network.delta(count - 1)
    return LossPass(
      samples: samples, z: z,
      t: Tensor(start: t.start, count: samples * t.shape.count, shape: t.shape),
      hasClasses: hasClasses,
      dz: gradient ? Tensor(start: dz.start, count: z.count, shape: z.shape) : nil,
      scale: S(reduction.scale(samples)))
  }

  /// The first node whose output is not finite, if any.
  func firstNonFiniteNode() -> String? {
    for k in 0..<count {
      let y = forwards[k].y
      for i in y.indices where !y[i].isFinite { return network.graph.nodes[k].name }
    }
    return nil
  }
}
