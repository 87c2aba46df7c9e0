import Engine
import NNExp
import TestSupport
import Testing

/// A node whose function's kernels are called instead of its layer gives exactly the layer's
/// results.
@Suite struct FusionTests {
  /// The output, δ of the input, and the gradients, for random numbers.
  private func numbers<S: Scalar>(
    _ model: String, input: Shape, samples: Int, seed: UInt64, _ scalar: S.Type
  ) throws -> [S] {
    var registry = registry
    registry.register(CalledSigmoid.self)
    registry.register(CalledTanh.self)
    let graph = try graph("model: [\(model)]", input: input, registry: registry)
    let network = try Network<S>(
      graph, heads: heads(of: graph, target: .values(graph.outputShape)), capacity: samples,
      seed: seed, checksInputs: true)
    let random = RandomStream(seed: seed, purpose: "fusion")
    let x = network.activation(dataEdge)
    for i in x.indices { x[i] = S(random.normal(at: i)) }
    let passes = network.passes(samples, isTraining: true)
    network.zero()
    passes.forward()
    let last = network.delta(Graph.Edge(node: graph.nodes.count - 1))
    for i in last.indices { last[i] = S(random.stream(1).normal(at: i)) }
    passes.backward()
    let found = [network.output(samples), network.delta(dataEdge), network.gradients]
    return found.flatMap { tensor in tensor.indices.map { tensor[$0] } }
  }

  private func compare(
    _ layer: String, _ function: String, input: Shape, samples: Int, seed: UInt64
  ) throws {
    func compare<S: Scalar>(_ scalar: S.Type) throws {
      func found(_ function: String) throws -> [S] {
        try numbers(
          "\(layer), \(function), flatten, {type: dense, units: 2}, \(function)", input: input,
          samples: samples, seed: seed, scalar)
      }
      #expect(
        try found(function) == found("called_" + function),
        "\(layer), \(function), \(samples) samples, seed \(seed)")
    }
    try compare(Float.self)
    try compare(Double.self)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 9, 40], ["sigmoid", "tanh"])
  func aDenseLayerAndAFusedFunctionGiveTheSameBits(inputs: Int, function: String) throws {
    for (units, samples, seed) in [(1, 1, 1), (2, 4, 2), (7, 3, 3), (12, 70, 4)]
      as [(Int, Int, UInt64)]
    {
      for bias in [true, false] {
        try compare(
          "{type: dense, units: \(units), bias: \(bias)}", function, input: [inputs],
          samples: samples, seed: seed)
      }
    }
  }

  /// Direct convolutions, products of windows, with groups, and shared by cores.
  @Test(arguments: [
    "channels: 3, window: 3", "channels: 4, window: 3, stride: 2",
    "channels: 4, window: 3, groups: 2", "channels: 4, window: 2, stride: 2, groups: 2",
    "channels: 2, window: 1, bias: false", "channels: 8, window: 5, padding: 2",
  ])
  func aConvolutionAndAFusedFunctionGiveTheSameBits(options: String) throws {
    for (samples, seed) in [(1, 5), (3, 6), (40, 7)] as [(Int, UInt64)] {
      try compare(
        "{type: convolution, \(options)}", "tanh", input: [2, 12, 12], samples: samples,
        seed: seed)
    }
  }
}

/// A sigmoid that does not declare its function, so that the engine calls its passes.
private struct CalledSigmoid: Layer, Component {
  static let typeName = "called_sigmoid"
  init(from options: inout Options) {}
  func plan(for inputs: [Port]) -> Plan {
    Plan(output: inputs[0].shape, work: 16 * inputs[0].count)
  }
  func forward<S: Scalar>(_ pass: ForwardPass<S>) { map(.logistic, pass.x, into: pass.y) }
  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    addVJP(of: .logistic, x: pass.x, y: pass.y, dy: pass.dy, to: pass.dx)
  }
}

/// The same with the hyperbolic tangent.
private struct CalledTanh: Layer, Component {
  static let typeName = "called_tanh"
  init(from options: inout Options) {}
  func plan(for inputs: [Port]) -> Plan {
    Plan(output: inputs[0].shape, work: 16 * inputs[0].count)
  }
  func forward<S: Scalar>(_ pass: ForwardPass<S>) { map(.tanh, pass.x, into: pass.y) }
  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    addVJP(of: .tanh, x: pass.x, y: pass.y, dy: pass.dy, to: pass.dx)
  }
}
