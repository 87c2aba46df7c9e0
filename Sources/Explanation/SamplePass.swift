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
  /// For each shared parameter, the contributions to its gradient of the nodes that use it.
  private let terms: [Int: [Int: [Double]]]

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

  /// - Parameters:
  ///   - trained: the network whose parameters and state are copied.
  ///   - index: the index of the sample in `samples`.
  init<S: Scalar>(
    of trained: Network<S>, samples: Dataset<S>, index: Int, seed: UInt64
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
    loss = losses.evaluate()
    headLosses = trained.heads.enumerated().map { index, head in
      let value = losses.value(of: index)
      return (value / head.reduction.scale(1), value)
    }
    terms = SamplePass.backward(passes, network)
  }

  /// Runs the backward pass. Returns the terms of the shared parameters.
  private static func backward(
    _ passes: Passes<Double>, _ network: Network<Double>
  ) -> [Int: [Int: [Double]]] {
    let parameters = network.graph.parameters
    let shared = parameters.indices.filter { parameters[$0].isShared }
    func gradient(_ p: Int) -> Tensor<Double> {
      network.gradients.slice(from: parameters[p].offset, shape: parameters[p].shape)
    }
    var terms: [Int: [Int: [Double]]] = [:]
    passes.backward { k in
      for p in shared where parameters[p].users.contains(k) {
        terms[p, default: [:]][k] = read(gradient(p))
        gradient(p).fill(0)
      }
    }
    for p in shared {
      let sum = gradient(p)
      for k in (terms[p] ?? [:]).keys.sorted(by: >) {
        for (i, term) in (terms[p]?[k] ?? []).enumerated() { sum[i] += term }
      }
    }
    return terms
  }

  /// The contribution of node k to the gradient of a shared parameter.
  func term(of p: Int, from k: Int) -> [Double] { terms[p]?[k] ?? [] }

  /// The factor of ℓ in a head's reduction.
  func scale(_ head: Int) -> Double { heads[head].reduction.scale(1) }

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
    let tensor = tensor(variable)
    let analytic = gradient(variable)
    let first: Int =
      switch variable {
      case .value(let edge): edge.node + 1
      case .parameter(let p): graph.parameters[p].users.min() ?? 0
      }
    defer { passes.forward() }
    return entries.map { index in
      let x = tensor[index]
      func loss(_ displaced: Double) -> Double {
        tensor[index] = displaced
        passes.forward(from: first)
        return value.evaluate()
      }
      func derivative(isCareful: Bool) -> NumericDerivative {
        NumericDerivative.of(
          at: x, base: self.loss, step: NumericDerivative.firstStep(at: x), goal: 1e-9,
          isCareful: isCareful, loss)
      }
      defer { tensor[index] = x }
      let found = derivative(isCareful: false)
      // The noise of L is measured before a derivative is called wrong.
      return Agreement(analytic[index], found) == .differs
        ? derivative(isCareful: true) : found
    }
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
