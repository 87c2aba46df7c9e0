public import Datasets
import Platform
public import NNExp

/// A graph with its memory: parameters, gradients, and buffers for a batch.
///
/// `init` allocates everything; a pass allocates nothing. Only one thread may use a network at
/// a time.
public final class Network<S: Scalar> {
  public let graph: Graph
  public let heads: [Head]

  /// The largest number of samples in a batch.
  public let capacity: Int

  /// All parameters as one vector; the trainable ones come first. Numbers that are read from it
  /// while a network trains are those of the last step at the time of the call.
  public var parameters: Tensor<S> {
    sparseInput?.settle()
    return allParameters
  }
  private let allParameters: Tensor<S>

  /// The node that trains on the entries of its input that are not 0; nil if there is none.
  @exclusivity(unchecked) private(set) var sparseInput: SparseInput<S>?

  /// ∂L/∂parameters, in the same order.
  public let gradients: Tensor<S>

  /// The state of all nodes as one vector, in graph order.
  public let state: Tensor<S>

  /// The parts of `parameters` and `gradients` that training changes.
  public var trainable: Tensor<S> { parameters.slice(from: 0, shape: [graph.trainableCount]) }
  public let trainableGradients: Tensor<S>

  /// The tensors of `parameters` and `state`, which a checkpoint saves.
  public var learned: [NamedTensor<S>] {
    sparseInput?.settle()
    return allLearned
  }
  private let allLearned: [NamedTensor<S>]

  /// The buffers of a batch's samples, filled before a pass.
  let batch: BatchBuffers<S>

  /// The nodes that are computed with the node before them.
  let fusion: Fusion

  private let arena: Arena<S>
  /// The gradients that are set to 0 before each step.
  private let zeroed: [Tensor<S>]
  private let y: [[Tensor<S>]]
  private let dy: [[Tensor<S>]]
  private let dx: [Tensor<S>]
  private let nodeState: [[Tensor<S>]]
  private let scratch: [[ScratchMemory<S>]]
  /// The number of threads that have temporary scratch memory.
  let threads: Int
  /// True if every shard of a batch has temporary scratch memory, because there are at least as many
  /// threads.
  let hasMemoryPerShard: Bool
  /// The gradients of all shards except the first, for the nodes that are sharded.
  private let partialGradients: [[Tensor<S>]]
  private let gathered: [GatheredHead<S>?]
  private let means: [Tensor<S>?]
  private let checksInputs: Bool
  /// False for a network that only evaluates: it has no gradients.
  let hasBackward: Bool
  /// True if outputs are overwritten after their last reader, and gradients are set to 0 one by one.
  let overlaps: Bool
  private let clearedInputs: [[Int]]
  private let clearedOutputs: [[Int]]
  /// One per batch size. There are few sizes.
  private var passes: [Passes<S>] = []

  /// Builds the network and sets every parameter to its initial values.
  ///
  /// - Parameters:
  ///   - checksInputs: true if gradients are also computed for the data and for nodes before the
  ///     first parameter.
  ///   - use: the passes, and the tensors that are read after them.
  ///   - overlaps: whether tensors share memory at different times; nil if the size decides.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package init(
    _ graph: Graph, heads: [Head], capacity: Int, seed: UInt64, checksInputs: Bool = false,
    use: NetworkUse = .inspection, overlaps: Bool?
  ) throws {
    self.graph = graph
    self.heads = heads
    self.capacity = capacity
    self.checksInputs = checksInputs

    let nodes = graph.nodes
    let fusion = use == .inspection ? Fusion.none(graph) : Fusion(graph, heads: heads)
    self.fusion = fusion
    hasBackward = use != .evaluation
    let layout = NetworkLayout(
      graph, heads: heads, fusion: fusion, use: use, capacity: capacity,
      scalarSize: MemoryLayout<S>.stride, overlaps: overlaps)
    self.overlaps = layout.overlaps
    (clearedInputs, clearedOutputs) = (layout.clearedInputs, layout.clearedOutputs)
    let arena = try Arena<S>(layout.whole)
    self.arena = arena

    allParameters = arena.tensor(layout.parameters, [graph.parameterCount])
    let state = arena.tensor(layout.state, [layout.state.count])
    self.state = state
    batch = BatchBuffers(
      graph.ports, inputs: zip(layout.x, graph.ports).map { arena.tensor($0, $1.shape) },
      targets: zip(layout.t, heads.targets).map { arena.tensor($0, $1.shape) })
    func outputs(_ regions: [[Layout.Region]]) -> [[Tensor<S>]] {
      zip(regions, nodes).map { regions, node in
        zip(regions, node.plan.outputs).map { arena.tensor($0, $1.shape) }
      }
    }
    y = outputs(layout.y)
    gathered = zip(layout.gathered, heads).map { regions, head in
      regions.isEmpty
        ? nil
        : GatheredHead(
          z: arena.tensor(regions[0], head.outputShape),
          t: arena.tensor(regions[1], head.target.shape),
          dz: arena.tensor(regions[2], head.outputShape))
    }
    means = zip(layout.means, heads).map { region, head in
      region.count == 0 ? nil : arena.tensor(region, head.predictionShape)
    }
    threads = layout.threads
    hasMemoryPerShard = threads == Shards.count(capacity)
    scratch = nodes.indices.map { k in
      zip(layout.scratch[k], nodes[k].plan.scratch).map {
        ScratchMemory(
          tensor: arena.tensor($0, [$1.count]), part: $1,
          step: $1.isTemporary ? layout.temporarySteps[k] : $1.count)
      }
    }
    partialGradients = zip(layout.partialGradients, nodes).map { regions, node in
      let shapes = graph.parameters(of: node).map(\.shape)
      return regions.enumerated().map { arena.tensor($1, shapes[$0 % shapes.count]) }
    }
    dx = zip(layout.dx, graph.ports).map { arena.tensor($0, $1.shape) }
    gradients = arena.tensor(layout.gradients, [layout.gradients.count])
    dy = outputs(layout.dy)
    zeroed = layout.zeroed.map { arena.tensor($0, [$0.count]) }
    trainableGradients = gradients.slice(
      from: 0, shape: [hasBackward ? graph.trainableCount : 0])

    var position = 0
    nodeState = nodes.map { node in
      node.plan.state.map { part in
        let tensor = state.slice(from: position, shape: part.shape)
        tensor.fill(S(part.value))
        position += part.shape.count
        return tensor
      }
    }
    allLearned = Network.learned(graph, allParameters, nodeState)
    try initialize(seed: seed)
  }

  /// Builds a network whose size decides whether tensors share memory.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public convenience init(
    _ graph: Graph, heads: [Head], capacity: Int, seed: UInt64, checksInputs: Bool = false,
    use: NetworkUse = .inspection
  ) throws {
    try self.init(
      graph, heads: heads, capacity: capacity, seed: seed, checksInputs: checksInputs, use: use,
      overlaps: nil)
  }

  /// Every tensor under the name of its owner, in graph order.
  private static func learned(
    _ graph: Graph, _ parameters: Tensor<S>, _ state: [[Tensor<S>]]
  ) -> [NamedTensor<S>] {
    var learned: [NamedTensor<S>] = []
    for (node, states) in zip(graph.nodes, state) {
      for parameter in graph.parameters(of: node) where parameter.node == node.name {
        learned.append(
          NamedTensor(
            node: node.name, name: parameter.name,
            tensor: parameters.slice(from: parameter.offset, shape: parameter.shape)))
      }
      for (part, tensor) in zip(node.plan.state, states) {
        learned.append(NamedTensor(node: node.name, name: part.name, tensor: tensor))
      }
    }
    return learned
  }

  /// Sets every parameter to its initial values.
  private func initialize(seed: UInt64) throws {
    var errors = Diagnostics()
    let random = RandomStream(seed: seed, purpose: "initial values")
    let longest = graph.parameters.map(\.shape.count).max() ?? 0
    let values = UnsafeMutablePointer<Double>.allocate(capacity: max(1, longest))
    defer { values.deallocate() }
    for parameter in graph.parameters {
      let count = parameter.shape.count
      values.initialize(repeating: 0, count: count)
      do {
        try parameter.initializer.fill(
          Tensor(start: values, count: count, shape: parameter.shape),
          random: random.stream(parameter.randomStream))
      } catch let fact as Diagnostic {
        var diagnostic = fact.located(at: parameter.location)
        diagnostic.message =
          "'\(parameter.node)', initial values of \(parameter.name): \(fact.message)"
        errors.add(diagnostic)
      }
      let tensor = parameters.slice(from: parameter.offset, shape: parameter.shape)
      for i in 0..<count { tensor[i] = S(values[i]) }
    }
    try errors.throwIfAny()
  }

  /// The output that a head's loss reads, for the first `samples` samples, after a forward
  /// pass.
  public func output(_ samples: Int, of head: Int = 0) -> Tensor<S> {
    let z = y[heads[head].node][0]
    return Tensor(start: z.start, count: samples * z.shape.count, shape: z.shape)
  }

  /// The buffer of the values of an edge.
  public func activation(_ edge: Graph.Edge) -> Tensor<S> {
    edge.isData ? batch.inputs[edge.output] : y[edge.node][edge.output]
  }

  /// The gradient ∂L/∂x of an edge. That of the data is computed only if `checksInputs`.
  public func delta(_ edge: Graph.Edge) -> Tensor<S> {
    edge.isData ? dx[edge.output] : dy[edge.node][edge.output]
  }

  /// The targets of a batch, by target of the data.
  public func target(_ index: Int) -> Tensor<S> { batch.targets[index] }

  /// The loaded indices of a port of the data; empty if the port has values.
  public func indices(ofPort port: Int, samples: Int) -> Indices {
    batch.indices(port, graph.ports[port], samples: 0..<samples)
  }

  /// Copies all samples into the buffers of a batch for the next passes.
  ///
  /// - Precondition: there are at most `capacity` samples.
  public func load(_ samples: Dataset<S>) throws {
    precondition(samples.count <= capacity, "\(samples.count) samples exceed \(capacity)")
    try batch.load(samples, count: samples.count) { $0 }
  }

  /// Gives all loaded samples the weight 1.
  public func ignoreWeights() {
    if heads[0].isWeighted { batch.targets[batch.targets.count - 1].fill(1) }
  }

  /// Sets the gradients of parameters to 0, and those gradients of outputs that the backward passes do
  /// not set to 0.
  @specialized(where S == Double)
  @specialized(where S == Float)
  public func zero() {
    for part in zeroed { clear(part.start, part.count &* MemoryLayout<S>.stride) }
    if checksInputs { for dx in dx { dx.fill(0) } }
  }

  /// The passes over batches of `samples`, created by the first call.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func passes(_ samples: Int, isTraining: Bool) -> Passes<S> {
    let known = passes.first { $0.samples == samples && $0.isTraining == isTraining }
    if let known { return known }
    let made = Passes(self, samples: samples, isTraining: isTraining)
    passes.append(made)
    return made
  }

  /// The losses for a batch; with gradients if requested.
  @specialized(where S == Double)
  @specialized(where S == Float)
  func losses(_ samples: Int, gradient: Bool) -> Losses<S> {
    func first(_ whole: Tensor<S>) -> Tensor<S> {
      Tensor(start: whole.start, count: samples * whole.shape.count, shape: whole.shape)
    }
    return Losses(
      heads.indices.map { index in
        let head = heads[index]
        return HeadLoss(
          head, samples: samples, z: first(y[head.node][0]),
          t: first(batch.targets[head.targetIndex]),
          dz: gradient ? first(dy[head.node][0]) : nil, gathered: gathered[index],
          weights: head.isWeighted ? first(batch.targets[batch.targets.count - 1]) : nil,
          means: means[index].map(first))
      })
  }
}

extension Network {
  /// Trains the node that reads the data on the entries of `samples` that are not 0, if it can do
  /// so and few are not 0. Called before the first training passes are created.
  ///
  /// - Parameter batchSize: the largest number of samples in a batch.
  func readEntries(of samples: Dataset<S>, batchSize: Int) throws {
    sparseInput = try SparseInput(self, samples, batchSize: batchSize)
  }

  /// The bytes of the training on entries, less those of the gradient that it does not need.
  public var entryBytes: Int { sparseInput?.bytes ?? 0 }

  /// Calls `body` with the parts of the trainable gradients; the others are 0.
  @inline(__always)
  func forEachGradient(_ body: (Tensor<S>) -> Void) {
    guard let sparseInput else { return body(trainableGradients) }
    body(trainableGradients.slice(0..<sparseInput.range.lowerBound))
    body(trainableGradients.slice(sparseInput.range.upperBound..<trainableGradients.count))
    body(sparseInput.gradient)
  }

  /// Calls `body` with all parameters, in any order, and with the position of the first of each tensor
  /// in a copy of them. The weight of `sparseInput` may be arranged by column: returns whether it is.
  @inline(__always) @discardableResult
  func forEachParameter(_ body: (Tensor<S>, Int) -> Void) -> Bool {
    guard let sparseInput, sparseInput.hasChanged else {
      body(allParameters, 0)
      return false
    }
    let range = sparseInput.range
    body(allParameters.slice(0..<range.lowerBound), 0)
    body(sparseInput.columns, range.lowerBound)
    body(allParameters.slice(range.upperBound..<allParameters.count), range.upperBound)
    return true
  }

  /// Calls `body`, which reads and may change all trainable gradients. Changes of gradients that are 0
  /// because a step skips them have no effect.
  func withGradients(_ body: () throws -> Void) rethrows {
    guard let sparseInput else { return try body() }
    try sparseInput.withGradient(in: trainableGradients, body)
  }
}

/// A tensor of a network with the names of its node and parameter.
public struct NamedTensor<S: Scalar> {
  public let node: String
  public let name: String
  public let tensor: Tensor<S>
}

extension Network {
  /// The tensors that a node's passes read and write for a range of samples, which is the shard
  /// `shard` of the batch.
  func views(_ k: Int, samples: Range<Int>, shard: Int = 0) -> NodeViews<S> {
    func batch(_ whole: Tensor<S>) -> Tensor<S> {
      Tensor(
        start: whole.start + samples.lowerBound * whole.shape.count,
        count: samples.count * whole.shape.count, shape: whole.shape)
    }
    /// An empty tensor if the edge carries indices.
    func values(_ edge: Graph.Edge, _ whole: Tensor<S>) -> Tensor<S> {
      graph.port(of: edge).kind == .values
        ? batch(whole) : Tensor(start: whole.start, count: 0, shape: whole.shape)
    }
    let node = graph.nodes[k]
    let output = fusion.omitsOutput(of: k) ? k + 1 : k
    let parameters = graph.parameters(of: node)
    let gradients =
      hasBackward
      ? parameters.map { self.gradients.slice(from: $0.offset, shape: $0.shape) } : []
    let first = (shard - 1) * gradients.count
    let dOutputs = hasBackward ? dy[output].map(batch) : []
    let dInputs = hasBackward ? node.inputs.map { values($0, delta($0)) } : []
    return NodeViews(
      samples: samples, inputs: node.inputs.map { values($0, activation($0)) },
      indices: node.inputPorts.contains { $0.kind != .values }
        ? zip(node.inputs, node.inputPorts).map { edge, port in
          self.batch.indices(edge.output, port, samples: samples)
        } : [],
      outputs: y[output].map(batch), dOutputs: dOutputs, dInputs: dInputs,
      parameters: parameters.map { self.parameters.slice(from: $0.offset, shape: $0.shape) },
      gradients: shard == 0
        ? gradients : Array(partialGradients[k][first..<first + gradients.count]),
      state: nodeState[k],
      scratch: scratch[k].map { part in
        if part.isTemporary { return part.tensor }
        return part.isPerSample
          ? batch(part.tensor)
          : Tensor(
            start: part.tensor.start + shard * part.step, count: part.tensor.shape.count,
            shape: part.tensor.shape)
      },
      temporarySteps: scratch[k].map { $0.isTemporary ? $0.step : 0 },
      cleared: clearedInputs[k].map { dInputs[$0] } + clearedOutputs[k].map { dOutputs[$0] },
      needsInputGradient: checksInputs
        || node.inputs.contains { !$0.isData && graph.nodes[$0.node].learnsFromBelow },
      needsBackward: checksInputs || node.learnsFromBelow)
  }
}

/// A scratch tensor of the first shard, of the first thread, or of all samples.
private struct ScratchMemory<S: Scalar> {
  let tensor: Tensor<S>
  let isPerSample: Bool
  let isTemporary: Bool
  /// The distance from one shard to the next, or from one thread to the next.
  let step: Int

  init(tensor: Tensor<S>, part: Plan.Scratch, step: Int) {
    self.tensor = tensor
    (isPerSample, isTemporary) = (part.isPerSample, part.isTemporary)
    self.step = step
  }
}

struct NodeViews<S: Scalar> {
  let samples: Range<Int>
  var inputs: [Tensor<S>]
  /// One per input, empty for inputs of values; an empty list if no input carries indices.
  var indices: [Indices]
  let outputs: [Tensor<S>]
  let dOutputs: [Tensor<S>]
  let dInputs: [Tensor<S>]
  var parameters: [Tensor<S>]
  var gradients: [Tensor<S>]
  let state: [Tensor<S>]
  let scratch: [Tensor<S>]
  /// For each scratch tensor, the distance from that of one thread to that of the next; 0 if it is not
  /// temporary.
  let temporarySteps: [Int]
  /// The gradients that the backward pass sets to 0 first.
  let cleared: [Tensor<S>]
  let needsInputGradient: Bool
  let needsBackward: Bool
}
