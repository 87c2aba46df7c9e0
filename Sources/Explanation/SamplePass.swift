import Datasets
import Engine
import GradientCheck
import NNExp

/// One training sample's way through a network in float64, forward and back.
final class SamplePass {
  let graph: Graph
  let objective: Objective
  let target: Target

  /// False where a layer couples the samples of a batch: one sample is none.
  let isTraining: Bool

  /// ℓ and L.
  let sampleLoss: Double
  let loss: Double

  private let network: Network<Double>
  private let passes: Passes<Double>
  private let value: LossPass<Double>

  /// What a number may be changed of, and where that is first felt.
  enum Place {
    /// The output of node k; −1 is the data's.
    case value(Int)
    /// By its position within the graph's parameters.
    case parameter(Int)
  }

  /// - Parameters:
  ///   - trained: whose parameters and state are taken over.
  ///   - index: within `samples`.
  init<S: Scalar>(
    of trained: Network<S>, samples: Samples<S>, index: Int, objective: Objective, seed: UInt64
  ) throws {
    graph = trained.graph
    target = trained.target
    self.objective = objective
    isTraining = !graph.couplesSamples
    network = try Network<Double>(
      graph, target: target, capacity: 1, seed: seed, checksInputs: true)
    for i in network.parameters.indices { network.parameters[i] = Double(trained.parameters[i]) }
    for i in network.state.indices { network.state[i] = Double(trained.state[i]) }
    let sample = try samples.held(index..<index + 1)
    for i in network.x.indices { network.x[i] = Double(sample.inputs[i]) }
    for i in network.t.indices { network.t[i] = Double(sample.targets[i]) }
    passes = network.passes(1, isTraining: isTraining)
    passes.draw(RandomStream(seed: seed, purpose: "explanation"), step: 0)
    value = passes.lossPass(objective.reduction, gradient: false)

    network.zero()
    passes.forward()
    sampleLoss = objective.loss.evaluate(passes.lossPass(objective.reduction, gradient: true))
    loss = sampleLoss * value.scale
    passes.backward()
  }

  /// What the reduction multiplies ℓ by.
  var scale: Double { value.scale }

  /// The target as numbers that the output is held against: a class as a row of
  /// 0 and 1 where there is an output for each.
  var targetValues: [Double] {
    let values = network.t.indices.map { network.t[$0] }
    guard case .classes(let count) = target, graph.outputShape.count == count, count > 1 else {
      return values
    }
    return (0..<count).map { Double($0) == values[0] ? 1 : 0 }
  }

  /// The class that the target is.
  var targetClass: Int? {
    guard case .classes = target else { return nil }
    return Int(exactly: network.t[0])
  }

  func shape(_ place: Place) -> Shape {
    switch place {
    case .value(let k): k < 0 ? graph.inputShape : graph.nodes[k].plan.output
    case .parameter(let p): graph.parameters[p].shape
    }
  }

  func values(_ place: Place) -> [Double] { read(tensor(place)) }

  /// ∂L/∂ of every entry.
  func gradient(_ place: Place) -> [Double] {
    switch place {
    case .value(let k): read(network.delta(k))
    case .parameter(let p):
      read(
        network.gradients.slice(
          from: graph.parameters[p].offset, shape: graph.parameters[p].shape))
    }
  }

  /// The same by differences, of some entries; leaves all values as they were.
  func numericGradient(_ place: Place, of entries: Range<Int>) -> [NumericDerivative] {
    let tensor = tensor(place)
    let analytic = gradient(place)
    let first: Int =
      switch place {
      case .value(let k): k + 1
      case .parameter(let p): graph.nodes.firstIndex { $0.parameters.contains(p) } ?? 0
      }
    defer { passes.forward() }
    return entries.map { index in
      let x = tensor[index]
      func loss(_ displaced: Double) -> Double {
        tensor[index] = displaced
        passes.forward(from: first)
        return objective.loss.evaluate(value) * value.scale
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

  private func tensor(_ place: Place) -> Tensor<Double> {
    switch place {
    case .value(let k): network.activation(k)
    case .parameter(let p):
      network.parameters.slice(from: graph.parameters[p].offset, shape: graph.parameters[p].shape)
    }
  }

  private func read(_ tensor: Tensor<Double>) -> [Double] { tensor.indices.map { tensor[$0] } }
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
