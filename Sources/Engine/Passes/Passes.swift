public import NNExp

/// The prepared passes for one batch size, which a training step executes.
///
/// Nodes are computed one by one with the whole batch. If it saves time, a sequence of nodes is
/// computed shard by shard instead. A node that is only an elementwise function is computed by
/// the function's kernels directly after the node before it, without a call of its layer. A node that
/// is fused with the next computes both.
public final class Passes<S: Scalar>: SharedLoop {
  public let samples: Int
  let isTraining: Bool
  private let hasBackward: Bool

  private unowned let network: Network<S>
  private let count: Int
  private let layers: UnsafeMutablePointer<Unmanaged<LayerCall>>
  /// The elementwise function of each node; nil for a layer that needs its own passes.
  private let functions: UnsafeMutablePointer<ElementwiseFunction?>
  /// The passes by node: first those of the whole batch, then those of shard 0, shard 1, ….
  private let forwards: UnsafeMutablePointer<Unmanaged<ForwardPass<S>>>
  private let backwards: UnsafeMutablePointer<Unmanaged<BackwardPass<S>>>
  private let tables: UnsafeMutablePointer<Tensor<S>>
  private let indexTables: UnsafeMutablePointer<Indices>
  /// The first node whose backward pass is needed.
  private let firstBackward: Int
  private let randomNodes: [Int]

  private let shards: Int
  private let segments: [Segment]

  /// The gradients that a backward pass sets to 0 first, as `backwards`; nil if `Network.zero` does it.
  private let cleared: UnsafeMutablePointer<Tensors<S>>?
  /// The temporary scratch tensors of each shard.
  private let temporaries: [[Temporary]]
  /// The thread whose temporary memory each shard uses.
  private let threads: UnsafeMutablePointer<Int>

  /// A temporary tensor in the table of a pass.
  private struct Temporary {
    let tensor: UnsafeMutablePointer<Tensor<S>>
    /// The distance from the tensor of one thread to that of the next.
    let step: Int
  }

  /// The work that the threads share: the nodes, and the direction.
  private var shared = (nodes: 0..<0, isBackward: false)

  init(_ network: Network<S>, samples: Int, isTraining: Bool) {
    precondition(samples >= 1 && samples <= network.capacity)
    self.network = network
    self.samples = samples
    self.isTraining = isTraining
    hasBackward = network.hasBackward
    let nodes = network.graph.nodes
    count = nodes.count
    segments = network.graph.segments(samples: samples, waits: !network.hasBackward)
    let shards = segments.contains(where: \.isSharded) ? Shards.count(samples) : 0
    self.shards = shards

    // The views of the whole batch, then those of each shard.
    var views = nodes.indices.map { network.views($0, samples: 0..<samples) }
    for shard in 0..<shards {
      let range = Shards.range(shard, of: shards, samples: samples)
      views += nodes.indices.map {
        network.views($0, samples: range, shard: nodes[$0].isShardable ? shard : 0)
      }
    }
    let sparse = isTraining ? network.sparseInput : nil
    if let sparse { sparse.replaceTensors(of: &views[sparse.node]) }
    let rows = views.reduce(0) {
      $0 + 2 * $1.inputs.count + 2 * $1.outputs.count + 2 * $1.parameters.count + $1.state.count
        + $1.scratch.count + $1.cleared.count
    }
    tables = .allocate(capacity: max(1, rows))
    indexTables = .allocate(capacity: max(1, views.reduce(0) { $0 + $1.indices.count }))
    layers = .allocate(capacity: count)
    functions = .allocate(capacity: count)
    forwards = .allocate(capacity: views.count)
    backwards = .allocate(capacity: views.count)
    let cleared =
      network.overlaps && hasBackward
      ? UnsafeMutablePointer<Tensors<S>>.allocate(capacity: views.count) : nil
    self.cleared = cleared
    threads = .allocate(capacity: max(1, shards))
    threads.initialize(repeating: 0, count: max(1, shards))
    var temporaries = [[Temporary]](repeating: [], count: shards)
    firstBackward = views.prefix(count).firstIndex { $0.needsBackward } ?? count
    randomNodes = nodes.indices.filter { nodes[$0].plan.isRandom }
    for (k, node) in nodes.enumerated() {
      let layer: any Layer = network.fusion.layers[k] ?? node.layer
      let call =
        if let sparse, sparse.node == k {
          LayerCall.ofEntries(sparse.layer)
        } else {
          network.fusion.includes(k) ? LayerCall() : LayerCall.of(layer)
        }
      (layers + k).initialize(to: .passRetained(call))
      (functions + k).initialize(to: network.fusion.includes(k) ? nil : node.function)
    }

    var end = tables
    func table(_ tensors: [Tensor<S>]) -> Tensors<S> {
      let start = end
      for tensor in tensors {
        end.initialize(to: tensor)
        end += 1
      }
      return Tensors(start: start, count: tensors.count)
    }
    var indexEnd = indexTables
    func indexTable(_ indices: [Indices]) -> IndexInputs {
      if indices.isEmpty { return .none }
      let start = indexEnd
      for view in indices {
        indexEnd.initialize(to: view)
        indexEnd += 1
      }
      return IndexInputs(start: start, count: indices.count)
    }
    for (position, view) in views.enumerated() {
      let inputs = table(view.inputs)
      let parameters = table(view.parameters)
      let state = table(view.state)
      if position >= count {
        for (index, step) in view.temporarySteps.enumerated() where step > 0 {
          temporaries[position / count - 1].append(Temporary(tensor: end + index, step: step))
        }
      }
      let scratch = table(view.scratch)
      let outputs = table(view.outputs)
      let indices = indexTable(view.indices)
      let forward = ForwardPass(
        samples: view.samples.count, inputs: inputs, indices: indices, outputs: outputs,
        parameters: parameters, state: state, scratch: scratch, isTraining: isTraining,
        random: RandomStream(key: 0),
        firstSample: view.samples.lowerBound)
      (forwards + position).initialize(to: .passRetained(forward))
      if !hasBackward { continue }
      let backward = BackwardPass(
        samples: view.samples.count, inputs: inputs, indices: indices, outputs: outputs,
        dOutputs: table(view.dOutputs), dInputs: table(view.dInputs),
        needsInputGradient: view.needsInputGradient,
        storesInputGradient: network.fusion.stores[position % count],
        parameters: parameters, gradients: table(view.gradients),
        storesGradients: network.fusion.storesGradients[position % count], state: state,
        scratch: scratch, isTraining: isTraining, random: RandomStream(key: 0),
        firstSample: view.samples.lowerBound)
      (backwards + position).initialize(to: .passRetained(backward))
      if let cleared { (cleared + position).initialize(to: table(view.cleared)) }
    }
    self.temporaries = temporaries
  }

  deinit {
    for k in 0..<count { layers[k].release() }
    for position in 0..<(shards + 1) * count {
      forwards[position].release()
      if hasBackward { backwards[position].release() }
    }
    layers.deallocate()
    functions.deallocate()
    forwards.deallocate()
    backwards.deallocate()
    cleared?.deallocate()
    threads.deallocate()
    tables.deallocate()
    indexTables.deallocate()
  }

  /// Assigns the random numbers of `step` to the nodes that need them.
  public func draw(_ random: RandomStream, step: Int) {
    for k in randomNodes {
      let stream = random.stream(step).stream(k)
      for position in stride(from: k, to: (shards + 1) * count, by: count) {
        forwards[position].takeUnretainedValue().random = stream
        if hasBackward { backwards[position].takeUnretainedValue().random = stream }
      }
    }
  }

  /// True if some node uses random numbers.
  public var isRandom: Bool { !randomNodes.isEmpty }

  /// Computes the outputs of all nodes from `first` on.
  @specialized(where S == Double)
  @specialized(where S == Float)
  public func forward(from first: Int = 0) {
    if shards == 0 { return forward(first..<count) }
    for segment in segments where segment.nodes.upperBound > first {
      let nodes = max(first, segment.nodes.lowerBound)..<segment.nodes.upperBound
      if segment.isSharded {
        shared = (nodes, false)
        performAll(shards)
      } else {
        forward(nodes)
      }
    }
  }

  /// Computes all gradients after the losses have added to the gradients of their outputs. Each
  /// node adds to the gradients of its inputs.
  @specialized(where S == Double)
  @specialized(where S == Float)
  public func backward() {
    if shards == 0 { return backward(firstBackward..<count) }
    for segment in segments.reversed() where segment.nodes.upperBound > firstBackward {
      let nodes = max(firstBackward, segment.nodes.lowerBound)..<segment.nodes.upperBound
      if segment.isSharded {
        shared = (nodes, true)
        performAll(shards)
        addPartialGradients(nodes)
      } else {
        backward(nodes)
      }
    }
  }

  @specialized(where S == Double)
  @specialized(where S == Float)
  override func perform(_ shard: Int, thread: Int) {
    // With fewer shards than threads, each shard has its own memory.
    let place = network.hasMemoryPerShard ? shard : thread
    if threads[shard] != place { move(shard, to: place) }
    let offset = (shard + 1) * count
    if shared.isBackward {
      if shard > 0 { zeroPartialGradients(offset) }
      backward(shared.nodes, offset: offset)
    } else {
      forward(shared.nodes, offset: offset)
    }
  }

  @inline(__always)
  private func forward(_ nodes: Range<Int>, offset: Int = 0) {
    for k in nodes {
      forwards[offset &+ k]._withUnsafeGuaranteedRef { pass in
        if let function = functions[k] {
          map(function, pass.x, into: pass.y)
        } else {
          layers[k]._withUnsafeGuaranteedRef { pass.run($0) }
        }
      }
    }
  }

  @inline(__always)
  private func backward(_ nodes: Range<Int>, offset: Int = 0) {
    var k = nodes.upperBound
    while k > nodes.lowerBound {
      k &-= 1
      if let cleared { clear(cleared[offset &+ k]) }
      backwards[offset &+ k]._withUnsafeGuaranteedRef { pass in
        if let function = functions[k] {
          addVJP(of: function, x: pass.x, y: pass.y, dy: pass.dy, to: pass.dx)
        } else {
          layers[k]._withUnsafeGuaranteedRef { pass.run($0) }
        }
      }
    }
  }

  /// Sets gradients to 0.
  @inline(never)
  @specialized(where S == Double)
  @specialized(where S == Float)
  private func clear(_ gradients: Tensors<S>) {
    for i in 0..<gradients.count {
      Engine.clear(gradients[i].start, gradients[i].count &* MemoryLayout<S>.stride)
    }
  }

  /// Gives the passes of a shard the temporary memory of a thread.
  @inline(never)
  @specialized(where S == Double)
  @specialized(where S == Float)
  private func move(_ shard: Int, to thread: Int) {
    precondition(thread < network.threads, "more threads than the network has memory for")
    let distance = thread - threads[shard]
    for part in temporaries[shard] {
      let tensor = part.tensor.pointee
      part.tensor.pointee = Tensor(
        start: tensor.start + distance * part.step, count: tensor.count, shape: tensor.shape)
    }
    threads[shard] = thread
  }

  private func zeroPartialGradients(_ offset: Int) {
    for k in shared.nodes {
      let gradients = backwards[offset + k].takeUnretainedValue().gradients
      for i in 0..<gradients.count { gradients[i].fill(0) }
    }
  }

  /// Adds the gradients of the shards in order. Those of the first shard are stored in the
  /// batch's gradients already.
  private func addPartialGradients(_ nodes: Range<Int>) {
    for k in nodes {
      let sums = backwards[k].takeUnretainedValue().gradients
      for shard in 1..<shards {
        let terms = backwards[(shard + 1) * count + k].takeUnretainedValue().gradients
        for i in 0..<sums.count {
          let (sum, term) = (sums[i], terms[i])
          for j in sum.indices { sum[j] += term[j] }
        }
      }
    }
  }

  /// The losses of the batch; with gradients if requested.
  public func losses(gradient: Bool) -> Losses<S> {
    network.losses(samples, gradient: gradient)
  }

  /// The name of the first node whose output is not finite; nil if there is none.
  ///
  /// - Parameter repeats: true if the forward pass is repeated, node by node, because outputs are
  ///   overwritten after their last reader.
  func firstNonFiniteNode(repeats: Bool) -> String? {
    for k in 0..<count {
      if repeats { forward(k..<k + 1) }
      let outputs = forwards[k].takeUnretainedValue().outputs
      for index in 0..<outputs.count {
        let y = outputs[index]
        for i in y.indices where !y[i].isFinite { return network.graph.nodes[k].name }
      }
    }
    return nil
  }
}

extension Passes<Double> {
  /// Runs the backward pass without shards and calls `body` after each node.
  public func backward(afterNode body: (Int) -> Void) {
    var k = count
    while k > firstBackward {
      k -= 1
      backward(k..<k + 1)
      body(k)
    }
  }

  /// The forward pass of one node, without shards.
  public func forward(node: Int) { forward(node..<node + 1) }

  /// The backward pass of one node, without shards.
  public func backward(node: Int) { backward(node..<node + 1) }

  /// Recomputes the part of a node's output that depends on one entry of a parameter. Returns
  /// false if the layer cannot do this faster than its forward pass.
  public func forward(node: Int, changing parameter: Int, at entry: Int) -> Bool {
    layers[node]._withUnsafeGuaranteedRef { layer in
      forwards[node]._withUnsafeGuaranteedRef {
        layer.forward($0, changing: parameter, at: entry)
      }
    }
  }

  /// The forward pass of an elementwise node, only for numbers of its input that differ from
  /// `inputs`, those of its last pass, which are replaced; for all if `inputs` is empty. Returns
  /// false if there is no such node.
  public func forward(node: Int, updating inputs: inout [Double]) -> Bool {
    guard node < count, let function = functions[node] else { return false }
    let pass = forwards[node].takeUnretainedValue()
    let (x, y) = (pass.x, pass.y)
    if inputs.count != x.count {
      map(function, x, into: y)
      inputs = x.indices.map { x[$0] }
      return true
    }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 64) { numbers in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { positions in
        inputs.withUnsafeMutableBufferPointer { inputs in
          let room = Tensor(start: numbers.baseAddress!, count: 64, shape: Shape(count: 64))
          let last = inputs.baseAddress!
          var changed = 0
          func compute() {
            map(function, room.slice(0..<changed), into: room.slice(0..<changed))
            for k in 0..<changed { y.start[positions[k]] = room.start[k] }
            changed = 0
          }
          for first in stride(from: 0, to: x.count, by: 8) {
            let end = min(first &+ 8, x.count)
            if end &- first == 8 && hasEqualBits(x.start + first, last + first) { continue }
            for i in first..<end where x.start[i].bitPattern != last[i].bitPattern {
              (room.start[changed], positions[changed], last[i]) = (x.start[i], i, x.start[i])
              changed &+= 1
              if changed == 64 { compute() }
            }
          }
          compute()
        }
      }
    }
    return true
  }
}

/// Whether eight numbers have the same bits.
@inline(__always)
private func hasEqualBits(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>) -> Bool {
  let difference =
    UnsafeRawPointer(a).loadUnaligned(as: SIMD8<UInt64>.self)
    ^ UnsafeRawPointer(b).loadUnaligned(as: SIMD8<UInt64>.self)
  let four = difference.lowHalf | difference.highHalf
  let two = four.lowHalf | four.highHalf
  return two[0] | two[1] == 0
}

/// A layer at a fixed address, called without finding its type each time, which saves 10 ns per
/// pass. The base class does nothing.
private class LayerCall {
  init() {}
  func forward(_ pass: ForwardPass<Float>) {}
  func forward(_ pass: ForwardPass<Double>) {}
  func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool {
    false
  }
  func backward(_ pass: BackwardPass<Float>) {}
  func backward(_ pass: BackwardPass<Double>) {}

  static func of(_ layer: some Layer) -> LayerCall { Call(layer) }
  static func ofEntries(_ layer: some SparseInputLayer) -> LayerCall { EntryCall(layer) }

  private final class Call<L: Layer>: LayerCall {
    private let layer: L
    init(_ layer: L) { self.layer = layer }
    override func forward(_ pass: ForwardPass<Float>) { layer.forward(pass) }
    override func forward(_ pass: ForwardPass<Double>) { layer.forward(pass) }
    override func forward(
      _ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int
    ) -> Bool {
      layer.forward(pass, changing: parameter, at: entry)
    }
    override func backward(_ pass: BackwardPass<Float>) { layer.backward(pass) }
    override func backward(_ pass: BackwardPass<Double>) { layer.backward(pass) }
  }

  private final class EntryCall<L: SparseInputLayer>: LayerCall {
    private let layer: L
    init(_ layer: L) { self.layer = layer }
    override func forward(_ pass: ForwardPass<Float>) { layer.forwardEntries(pass) }
    override func forward(_ pass: ForwardPass<Double>) { layer.forwardEntries(pass) }
    override func backward(_ pass: BackwardPass<Float>) { layer.backwardEntries(pass) }
    override func backward(_ pass: BackwardPass<Double>) { layer.backwardEntries(pass) }
  }
}

extension ForwardPass {
  @inline(__always)
  fileprivate func run(_ layer: LayerCall) {
    if S.self == Float.self {
      layer.forward(unsafeDowncast(self, to: ForwardPass<Float>.self))
    } else {
      layer.forward(unsafeDowncast(self, to: ForwardPass<Double>.self))
    }
  }
}

extension BackwardPass {
  @inline(__always)
  fileprivate func run(_ layer: LayerCall) {
    if S.self == Float.self {
      layer.backward(unsafeDowncast(self, to: BackwardPass<Float>.self))
    } else {
      layer.backward(unsafeDowncast(self, to: BackwardPass<Double>.self))
    }
  }
}
