import Datasets
import Engine
import GradientCheck
import NNExp

/// One training sample's way through a network in float64, forward and back.
final class SamplePass {
  let graph: Graph
  var heads: [Head] { network.heads }

  /// False where a layer couples the samples of a batch: one sample is none.
  let isTraining: Bool

  /// L, the weighted sum over the heads.
  let loss: Double
  /// ℓ and L of each head, unweighted; 0 if the sample lacks its target.
  let headLosses: [(sample: Double, reduced: Double)]
  /// By shared parameter: what each node that uses it adds to ∂L/∂ of it.
  private let terms: [Int: [Int: [Double]]]

  private let network: Network<Double>
  private let passes: Passes<Double>
  private let value: Losses<Double>

  /// What a number may be changed of, and where that is first felt.
  enum Variable {
    /// What an edge carries.
    case value(Graph.Edge)
    /// By its position within the graph's parameters.
    case parameter(Int)
  }

  /// - Parameters:
  ///   - trained: whose parameters and state are taken over.
  ///   - index: within `samples`.
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

  /// The backward pass; returns the terms of the shared parameters.
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

  /// What node k adds to ∂L/∂ of a shared parameter.
  func term(of p: Int, from k: Int) -> [Double] { terms[p]?[k] ?? [] }

  /// What a head's reduction multiplies ℓ by.
  func scale(_ head: Int) -> Double { heads[head].reduction.scale(1) }

  private func target(_ head: Int) -> Tensor<Double> {
    network.target(heads[head].targetIndex)
  }

  /// Whether the sample has a head's target.
  func hasTarget(_ head: Int) -> Bool { !target(head)[0].isNaN }

  /// A head's target as numbers that the output is held against: a class as a row of
  /// 0 and 1 where there is an output for each.
  func targetValues(_ head: Int) -> [Double] {
    let target = target(head)
    let values = target.indices.map { target[$0] }
    guard case .classes(let count) = heads[head].target,
      heads[head].outputShape.count == count, count > 1
    else { return values }
    return (0..<count).map { Double($0) == values[0] ? 1 : 0 }
  }

  /// The class that a head's target is.
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

  /// The same by differences, of some entries; leaves all values as they were.
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
      // Before anything is called wrong, the noise of L is measured.
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

/// What a numeric derivative says of an analytic one.
enum Agreement {
  /// Within the bound.
  case agrees
  /// At a kink, between the one-sided slopes.
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
