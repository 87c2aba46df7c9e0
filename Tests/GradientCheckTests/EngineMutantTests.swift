import Datasets
import Engine
import NNExp
import Standard
import Testing
import YAMLTree

@testable import GradientCheck

/// Wrong layers inside declared models, through the whole engine: the file, the
/// graph, the network, the check, the message.
@Suite struct EngineMutantTests {
  /// `TestDense` as a file declares it: `{type: mutant, units: 2, fault: doubled}`.
  private struct Mutant: Layer {
    static let typeName = "mutant"
    private let dense: TestDense

    init(from options: inout Options) {
      let units = options.int("units", in: 1...)
      let fault = options.choice("fault", default: Fault.none, of: Fault.self)
      let part = options.choice("in", default: "weight", of: ["weight", "bias", "input"])
      let target: TestDense.Target =
        part == "weight" ? .weight : (part == "bias" ? .bias : .input)
      dense = TestDense(units: units, fault: fault, in: target)
    }

    func plan(for inputs: [Shape]) throws -> Plan { try dense.plan(for: inputs) }
    func forward<S: Scalar>(_ pass: Forward<S>) { dense.forward(pass) }
    func backward<S: Scalar>(_ pass: Backward<S>) { dense.backward(pass) }
  }

  private static let registry: Registry = {
    var registry = Registry()
    registerStandard(in: &registry)
    registry.register(Mutant.self)
    return registry
  }()

  /// Checks a model of three inputs and two outputs on random data.
  private func check(_ model: String, seed: UInt64) throws -> GradientReport {
    let registry = EngineMutantTests.registry
    var options = Options(
      try parseYAML(Array((model + "\nloss: squared_error\n").utf8), name: "mutant.yaml"))
    let declared = ModelDeclaration(from: &options, registry: registry)
    let objective = Objective(from: &options, registry: registry)
    try options.finish()
    let graph = try Graph(declared, inputShape: [3], registry: registry)
    let target = Target.values(graph.outputShape)
    let network = try Network<Float>(graph, target: target, capacity: 4, seed: seed)
    let random = RandomStream(seed: seed, purpose: "mutants")
    let width = target.shape.count
    let samples = Samples(
      inputs: (0..<12).map { Float(random.normal(at: $0)) },
      targets: (0..<(4 * width)).map { Float(random.normal(at: 100 + $0)) }, count: 4)
    let subject = try NetworkSubject(
      of: network, samples: samples, objective: try #require(objective), seed: seed)
    return GradientChecker(.standard, random: random).check(subject, at: "start")
  }

  /// A fan-out, so that what overwrites instead of adding is wrong too.
  private func model(_ mutant: String) -> String {
    """
    model:
      - {type: dense, units: 3, name: first}
      - {type: tanh, name: bent}
      - \(mutant)
      - {type: dense, units: 3, name: other, inputs: bent}
      - {type: add, inputs: [suspect, other], name: sum}
      - {type: sigmoid, name: squashed}
      - {type: dense, units: 2, name: last}
    """
  }

  @Test func soundModelsPass() throws {
    for seed in 0..<20 {
      let report = try check(model("{type: mutant, units: 3, name: suspect}"), seed: UInt64(seed))
      #expect(report.passes, "seed \(seed): \(report)")
    }
  }

  @Test(arguments: [
    ("signDropped", "weight"), ("flippedSign", "weight"), ("doubled", "weight"),
    ("halved", "weight"), ("transposed", "weight"), ("lastRowSkipped", "weight"),
    ("lastSampleOnly", "weight"), ("neverAdded", "weight"), ("tenPercent", "weight"),
    ("flippedSign", "bias"), ("doubled", "bias"), ("lastRowSkipped", "bias"),
    ("lastSampleOnly", "bias"), ("neverAdded", "bias"), ("tenPercent", "bias"),
    ("flippedSign", "input"), ("doubled", "input"), ("neverAdded", "input"),
    ("tenPercent", "input"), ("overwrites", "weight"), ("overwrites", "bias"),
    ("overwrites", "input"),
  ])
  func everyMutantFailsAtItsNode(fault: String, part: String) throws {
    for seed in 0..<10 {
      let report = try check(
        model("{type: mutant, units: 3, name: suspect, fault: \(fault), in: \(part)}"),
        seed: UInt64(seed))
      #expect(report.outcome == .failed, "seed \(seed): \(report)")
      // A wrong input gradient shows where the input comes from, too; nothing
      // behind the mutant may be blamed.
      let node = try #require(report.suspect?.tensor.node)
      #expect(node == "suspect", "seed \(seed): \(report)")
      #expect(report.diagnostic?.place?.line == 4)
      #expect(report.diagnostic?.failure == .shortfall)
    }
  }

  /// FAULTS 27: what a student reads.
  @Test func theMessageNamesNodePlaceAndCause() throws {
    let report = try check(
      model("{type: mutant, units: 3, name: suspect, fault: doubled}"), seed: 1)
    let message = try #require(report.diagnostic).description
    #expect(
      message.hasPrefix(
        "mutant.yaml:4:12: error: the gradient of 'suspect' (mutant) is wrong: ∂L/∂weight["),
      "\(message)")
    #expect(
      message.hasSuffix(
        """
            - {type: mutant, units: 3, name: suspect, fault: doubled}
                     ^
        note: weight: every entry is 2 times what it should be
        """), "\(message)")
  }
}
