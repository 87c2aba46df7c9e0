import Datasets
import Engine
import GradientCheck
import NNExp
import Standard
import Testing
import YAMLTree

/// Gradient checks of networks with several inputs and losses and with shared parameters.
@Suite struct SharedParameterTests {
  private static let registry: Registry = {
    var registry = Registry()
    registerStandard(in: &registry)
    registry.register(LosesATerm.self)
    return registry
  }()

  private static let text = """
    model:
      - {type: dense, units: 3, name: first, inputs: a}
      - {type: tanh, name: bent}
      - {type: TYPE, units: 3, name: second, inputs: b, parameters: {weight: first.weight}}
      - {type: embedding, size: 3, name: vector, inputs: word}
      - {type: multiply, inputs: [bent, second, vector], name: product}
      - {type: dense, units: 2, name: end}
    loss:
      second: {type: squared_error, weight: 0.5, missing_target: skip}
      end: {type: cross_entropy}
    """

  private func report(_ type: String, seed: UInt64) throws -> GradientReport {
    var options = Options(
      try parseYAML(
        Array(SharedParameterTests.text.replacing("TYPE", with: type).utf8), name: "shared.yaml"))
    let registry = SharedParameterTests.registry
    let model = ModelDeclaration(from: &options, registry: registry)
    let objective = try #require(Objective(from: &options, registry: registry))
    try options.finish()
    let graph = try Graph(
      model,
      ports: [Port("a", [2]), Port("word", [1], kind: .indices(below: 4)), Port("b", [2])],
      heads: objective.heads, registry: registry)
    let heads = try objective.bound(
      to: graph,
      targets: [
        TargetPort(name: "second", target: .values([3])),
        TargetPort(name: "end", target: .classes(2)),
      ], registry: registry)
    let network = try Network<Float>(graph, heads: heads, capacity: 5, seed: seed)
    let random = RandomStream(seed: seed, purpose: "test")
    var targets: [Float] = []
    for i in 0..<5 {
      for j in 0..<3 {
        targets.append(i == 2 ? .nan : Float(random.stream(1).normal(at: 3 * i + j)))
      }
      targets.append(Float(i % 2))
    }
    let samples = Dataset<Float>(
      inputs: (0..<20).map { Float(random.normal(at: $0)) }, indices: [0, 3, 1, 3, 2],
      targets: targets, count: 5)
    let subject = try NetworkSubject(of: network, samples: samples, seed: seed)
    return GradientChecker(.standard, random: random).check(subject, at: "start")
  }

  @Test func `every tensor of a sound network is proven, a shared one once`() throws {
    for seed in 1...8 {
      let report = try report("dense", seed: UInt64(seed))
      #expect(report.outcome == .passed, "seed \(seed)\n\(report)")
      #expect(
        report.tensors.map { "\($0.tensor.node).\($0.tensor.name)" } == [
          "first.x", "first.weight", "first.bias", "bent.x", "second.x", "second.bias",
          "vector.weight", "product.x1", "product.x2", "product.x3", "end.x", "end.weight",
          "end.bias", "loss.second.z", "loss.end.z",
        ])
    }
  }

  /// The layer's recomputation of one entry affects only one of the two nodes; the check must
  /// not use it.
  @Test func `a term that one of the sharers loses is found`() throws {
    for seed in 1...4 {
      let report = try report("loses_a_term", seed: UInt64(seed))
      #expect(report.outcome == .failed, "seed \(seed)\n\(report)")
      let failed = report.tensors.filter { $0.verdict == .fail }.map {
        "\($0.tensor.node).\($0.tensor.name)"
      }
      #expect(failed == ["first.weight"], "seed \(seed)\n\(report)")
    }
  }
}

/// y = Wx + b with a backward pass that does not add to ∂W.
private struct LosesATerm: Layer, Component {
  static let typeName = "loses_a_term"
  let units: Int
  init(from options: inout Options) { units = options.int("units", in: 1...) }

  func plan(for inputs: [Port]) -> Plan {
    Plan(
      output: [units],
      parameters: [
        .init("weight", [units, inputs[0].count], initial: .glorotUniform),
        .init("bias", [units], initial: .zeros),
      ])
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (w, b, n) = (pass.parameters[0], pass.parameters[1], pass.x.shape.count)
    for s in 0..<pass.samples {
      for i in 0..<units {
        var sum = b[i]
        for j in 0..<n { sum += w[i * n + j] * pass.x[s * n + j] }
        pass.y[s * units + i] = sum
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (w, n) = (pass.parameters[0], pass.x.shape.count)
    for s in 0..<pass.samples {
      for i in 0..<units {
        pass.gradients[1][i] += pass.dy[s * units + i]
        for j in 0..<n { pass.dx[s * n + j] += w[i * n + j] * pass.dy[s * units + i] }
      }
    }
  }
}
