import Datasets
import Engine
import GradientCheck
import NNExp

/// The forward and backward pass of one training sample through a network in float64.
final class SamplePass {
  let graph: Graph
  var heads: [Head] { network.heads }

  /// False if a layer couples the samples of a batch, because one sample is not a batch.
  let isTraining: Bool

  /// L, the weighted sum over the heads.
  let loss: Double
  /// The unweighted ℓ and L of each head; 0 if the sample lacks its target.
  let headLosses: [(sample: Double, reduced: Double)]
  /// The contributions to gradients that are sums.
  private let parts: Parts
  /// The factor of a head's loss for a batch of this size, from that for one sample.
  private let shares: [Double]

  private let network: Network<Double>
  private let passes: Passes<Double>
  private let value: Losses<Double>

  /// A variable whose derivative is shown, with the first node that it affects.
  enum Variable {
    /// The value that an edge carries.
    case value(Graph.Edge)
    /// A parameter, by its index in the graph.
    case parameter(Int)
  }

  /// The contributions to the gradients that have several.
  private struct Parts {
    /// By shared parameter and the node that uses it.
    var parameters: [Int: [Int: [Double]]] = [:]
    /// By shared edge and the node that reads it; -1 for a loss.
    var edges: [Graph.Edge: [Int: [Double]]] = [:]
  }

  /// - Parameters:
  ///   - batch: the number of samples over which the losses are reduced. The others are not
  ///     in the pass.
  ///   - trained: the network whose parameters and state are copied.
  ///   - index: the index of the sample in `samples`.
  init<S: Scalar>(
    of trained: Network<S>, samples: Dataset<S>, index: Int, batch: Int = 1, seed: UInt64
  ) throws {
    graph = trained.graph
    isTraining = !graph.couplesSamples
    network = try Network<Double>(
      graph, heads: trained.heads, capacity: 1, seed: seed, checksInputs: true)
    for i in network.parameters.indices { network.parameters[i] = Double(trained.parameters[i]) }
    for i in network.state.indices { network.state[i] = Double(trained.state[i]) }
    let sample = try samples.held(index..<index + 1)
    try network.load(Dataset(converting: sample))
    network.ignoreWeights()
    passes = network.passes(1, isTraining: isTraining)
    passes.draw(RandomStream(seed: seed, purpose: "explanation"), step: 0)
    value = passes.losses(gradient: false)

    network.zero()
    passes.forward()
    let losses = passes.losses(gradient: true)
    losses.evaluate()
    shares = trained.heads.map { $0.reduction.scale(batch) / $0.reduction.scale(1) }
    headLosses = trained.heads.enumerated().map { index, head in
      let value = losses.value(of: index)
      return (value / head.reduction.scale(1), value)
    }
    var loss = 0.0
    for (index, head) in trained.heads.enumerated() {
      loss += head.weight * shares[index] * headLosses[index].reduced
      if shares[index] == 1 { continue }
      let delta = network.delta(Graph.Edge(node: head.node))
      for i in delta.indices { delta[i] *= shares[index] }
    }
    self.loss = loss
    parts = SamplePass.backward(passes, network)
  }

  /// Runs the backward pass. Returns the parts of the gradients that are sums.
  private static func backward(_ passes: Passes<Double>, _ network: Network<Double>) -> Parts {
    let graph = network.graph
    let shared = graph.parameters.indices.filter { graph.parameters[$0].isShared }
    func gradient(_ p: Int) -> Tensor<Double> {
      network.gradients.slice(
        from: graph.parameters[p].offset, shape: graph.parameters[p].shape)
    }
    var parts = Parts()
    /// Moves what a node has added into the parts.
    func take(_ edge: Graph.Edge, from k: Int) {
      parts.edges[edge, default: [:]][k] = read(network.delta(edge))
      network.delta(edge).fill(0)
    }
    let fans = Set(graph.nodes.flatMap(\.inputs)).filter {
      graph.isShared($0) && !graph.port(of: $0).isIndices
    }
    for edge in fans where !graph.readingHeads(of: edge).isEmpty { take(edge, from: -1) }
    passes.backward { k in
      for p in shared where graph.parameters[p].users.contains(k) {
        parts.parameters[p, default: [:]][k] = read(gradient(p))
        gradient(p).fill(0)
      }
      for edge in Set(graph.nodes[k].inputs) where fans.contains(edge) {
        take(edge, from: k)
        // The node that produced the value reads the sum.
        if graph.nodes[..<k].contains(where: { $0.inputs.contains(edge) }) { continue }
        add(parts.edges[edge] ?? [:], to: network.delta(edge))
      }
    }
    for p in shared { add(parts.parameters[p] ?? [:], to: gradient(p)) }
    return parts
  }

  /// Adds the parts in the order of the backward pass: the loss, then the last node first.
  private static func add(_ parts: [Int: [Double]], to sum: Tensor<Double>) {
    for k in parts.keys.sorted(by: { $0 == -1 || ($1 != -1 && $0 > $1) }) {
      for (i, term) in (parts[k] ?? []).enumerated() { sum[i] += term }
    }
  }

  /// The contribution of node k to the gradient of a shared parameter.
  func term(of p: Int, from k: Int) -> [Double] { parts.parameters[p]?[k] ?? [] }

  /// The contribution of a reader to the gradient of a shared edge; -1 is a loss.
  func part(of edge: Graph.Edge, from reader: Int) -> [Double] { parts.edges[edge]?[reader] ?? [] }

  /// The factor of ℓ in a head's reduction.
  func scale(_ head: Int) -> Double { heads[head].reduction.scale(1) }

  /// The numbers at node k, for entries that the layer computes term by term.
  func entrySample(_ k: Int) -> WorkedEntry.Sample {
    let node = graph.nodes[k]
    let output = Graph.Edge(node: k)
    return WorkedEntry.Sample(
      inputs: node.inputs.map { values(.value($0)) },
      output: values(.value(output)), outputGradient: gradient(.value(output)),
      parameters: node.parameters.map { values(.parameter($0)) },
      state: node.plan.state.map { part in
        network.learned.first { $0.node == node.name && $0.name == part.name }
          .map { SamplePass.read($0.tensor) } ?? []
      })
  }

  private func target(_ head: Int) -> Tensor<Double> {
    network.target(heads[head].targetIndex)
  }

  /// True if the sample has a head's target.
  func hasTarget(_ head: Int) -> Bool { !target(head)[0].isNaN }

  /// A head's target as numbers that are comparable to the output: a class becomes a one-hot
  /// row if there is one output per class.
  func targetValues(_ head: Int) -> [Double] {
    let target = target(head)
    let values = target.indices.map { target[$0] }
    guard case .classes(let count) = heads[head].target,
      heads[head].outputShape.count == count, count > 1
    else { return values }
    return (0..<count).map { Double($0) == values[0] ? 1 : 0 }
  }

  /// The class of a head's target; nil if the target is not a class.
  func targetClass(_ head: Int) -> Int? {
    guard case .classes = heads[head].target else { return nil }
    return Int(exactly: target(head)[0])
  }

  func shape(_ variable: Variable) -> Shape {
    switch variable {
    case .value(let edge): graph.port(of: edge).shape
    case .parameter(let p): graph.parameters[p].shape
    }
  }

  func values(_ variable: Variable) -> [Double] {
    if case .value(let edge) = variable, graph.port(of: edge).isIndices {
      let indices = network.indices(ofPort: edge.output, samples: 1)
      return indices.positions.map { Double(indices[$0]) }
    }
    return SamplePass.read(tensor(variable))
  }

  /// ∂L/∂ of every entry.
  func gradient(_ variable: Variable) -> [Double] {
    switch variable {
    case .value(let edge): SamplePass.read(network.delta(edge))
    case .parameter(let p):
      SamplePass.read(
        network.gradients.slice(
          from: graph.parameters[p].offset, shape: graph.parameters[p].shape))
    }
  }

  /// The same by differences, for some entries. All values are restored afterwards.
  func numericGradient(_ variable: Variable, of entries: Range<Int>) -> [NumericDerivative] {
    SamplePass.numericGradient(variable, of: entries, in: [self], factor: 1)
  }

  /// The numeric derivatives of `factor` · Σ L over several passes through the same network.
  static func numericGradient(
    _ variable: Variable, of entries: Range<Int>, in passes: [SamplePass], factor: Double
  ) -> [NumericDerivative] {
    guard let one = passes.first else { return [] }
    let analytic = gradient(variable, in: passes, factor: factor)
    let first: Int =
      switch variable {
      case .value(let edge): edge.node + 1
      case .parameter(let p): one.graph.parameters[p].users.min() ?? 0
      }
    defer { for pass in passes { pass.passes.forward() } }
    let base = factor * passes.reduce(0) { $0 + $1.loss }
    return entries.map { index in
      let x = one.tensor(variable)[index]
      func loss(_ displaced: Double) -> Double {
        var sum = 0.0
        for pass in passes {
          pass.tensor(variable)[index] = displaced
          pass.passes.forward(from: first)
          sum += pass.evaluate()
        }
        return factor * sum
      }
      func derivative(isCareful: Bool) -> NumericDerivative {
        NumericDerivative.of(
          at: x, base: base, step: NumericDerivative.firstStep(at: x), goal: 1e-9,
          isCareful: isCareful, loss)
      }
      defer { for pass in passes { pass.tensor(variable)[index] = x } }
      let found = derivative(isCareful: false)
      // The noise of L is measured before a derivative is called wrong.
      return Agreement(analytic[index], found) == .differs
        ? derivative(isCareful: true) : found
    }
  }

  /// `factor` · Σ ∂L/∂ of every entry over several passes.
  static func gradient(
    _ variable: Variable, in passes: [SamplePass], factor: Double
  ) -> [Double] {
    var sum = passes.first?.gradient(variable) ?? []
    for pass in passes.dropFirst() {
      for (i, x) in pass.gradient(variable).enumerated() { sum[i] += x }
    }
    return factor == 1 ? sum : sum.map { $0 * factor }
  }

  /// L after a forward pass.
  private func evaluate() -> Double {
    let total = value.evaluate()
    if shares.allSatisfy({ $0 == 1 }) { return total }
    var sum = 0.0
    for (index, head) in heads.enumerated() {
      sum += head.weight * shares[index] * value.value(of: index)
    }
    return sum
  }

  private func tensor(_ variable: Variable) -> Tensor<Double> {
    switch variable {
    case .value(let edge): network.activation(edge)
    case .parameter(let p):
      network.parameters.slice(from: graph.parameters[p].offset, shape: graph.parameters[p].shape)
    }
  }

  private static func read(_ tensor: Tensor<Double>) -> [Double] {
    tensor.indices.map { tensor[$0] }
  }
}

/// The agreement of an analytic derivative with a numeric one.
enum Agreement {
  /// They differ by no more than the bound.
  case agrees
  /// At a kink, the analytic derivative is between the one-sided slopes.
  case kink
  case differs
  /// One of them is not finite.
  case unknown

  init(_ analytic: Double, _ numeric: NumericDerivative) {
    if !analytic.isFinite || !numeric.value.isFinite {
      self = .unknown
    } else if numeric.isKinked && numeric.isSubgradient(analytic) {
      self = .kink
    } else {
      self = abs(analytic - numeric.value) <= numeric.bound ? .agrees : .differs
    }
  }
}
