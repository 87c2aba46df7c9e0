import NNExp
import TestSupport
import Testing

@testable import GradientCheck

/// Wrong layers in declared models, through the whole engine: file, graph, network, check and
/// message.
@Suite struct EngineMutantTests {
  /// `TestDense` in the form of a declaration: `{type: mutant, units: 2, fault: doubled}`.
  private struct Mutant: Layer, Component {
    static let typeName = "mutant"
    private let dense: TestDense

    init(from options: inout Options) {
      let units = options.int("units", in: 1...)
      let fault = options.choice("fault", default: GradientFault.none, of: GradientFault.self)
      let part = options.choice("in", default: "weight", of: ["weight", "bias", "input"])
      let target: TestDense.Target =
        part == "weight" ? .weight : (part == "bias" ? .bias : .input)
      dense = TestDense(units: units, fault: fault, in: target)
    }

    func plan(for inputs: [Port]) throws -> Plan { try dense.plan(for: inputs) }
    func forward<S: Scalar>(_ pass: ForwardPass<S>) { dense.forward(pass) }
    func backward<S: Scalar>(_ pass: BackwardPass<S>) { dense.backward(pass) }
  }

  /// y = 2x. The layer is right by itself, but it overwrites the term of another reader of x.
  private struct Overwriting: Layer, Component {
    static let typeName = "overwriting"
    init(from options: inout Options) {}
    func plan(for inputs: [Port]) throws -> Plan { Plan(output: inputs[0].shape) }
    func forward<S: Scalar>(_ pass: ForwardPass<S>) {
      for i in pass.y.indices { pass.y[i] = 2 * pass.x[i] }
    }
    func backward<S: Scalar>(_ pass: BackwardPass<S>) {
      for i in pass.dx.indices { pass.dx[i] = 2 * pass.dy[i] }
    }
  }

  /// The squared error with a gradient that lacks the mean over the samples.
  private struct UnscaledError: Loss, Component {
    static let typeName = "unscaled_error"
    init(from options: inout Options) {}
    func plan(output: Shape, target: Target) throws { try target.checkFit(output) }
    func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
      var sum = 0.0
      for i in pass.z.indices {
        let error = pass.z[i] - pass.t[i]
        sum += Double(error * error)
        if let dz = pass.dz { dz[i] += 2 * error }
      }
      return sum
    }
  }

  private static let registry: Registry = {
    var registry = standardRegistry
    registry.register(Mutant.self)
    registry.register(Overwriting.self)
    registry.register(UnscaledError.self)
    return registry
  }()

  /// Checks a model of three inputs and two outputs on random data.
  private func check(
    _ model: String, loss: String = "squared_error", seed: UInt64
  ) throws -> GradientReport {
    let random = RandomStream(seed: seed, purpose: "mutants")
    let subject = try networkSubject(
      model + "\nloss: \(loss)\n", inputShape: [3], samples: 4, seed: seed,
      registry: EngineMutantTests.registry
    ) {
      Float(random.normal(at: $0))
    } goal: {
      Float(random.normal(at: 100 + $0))
    }
    return GradientChecker(.standard, random: random).check(subject, at: "start")
  }

  /// A model with a fan-out, so that overwriting instead of adding is wrong.
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

  @Test func correctModelsPass() throws {
    try withEvery("seed", in: 0..<20) { seed in
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
    try withEvery("seed", in: 0..<10) { seed in
      let report = try check(
        model("{type: mutant, units: 3, name: suspect, fault: \(fault), in: \(part)}"),
        seed: UInt64(seed))
      #expect(report.outcome == .failed, "seed \(seed): \(report)")
      // A wrong input gradient also affects the node that produces the input, but a node
      // after the mutant must not be named.
      let node = try #require(report.suspect?.tensor.node)
      #expect(node == "suspect", "seed \(seed): \(report)")
      #expect(report.diagnostic?.location?.line == 4)
      #expect(report.diagnostic?.failure == .shortfall)
    }
  }

  /// The cause is always named.
  @Test(arguments: [
    ("signDropped", "weight", "a minus is lost in what is added up"),
    ("flippedSign", "weight", "opposite sign"), ("flippedSign", "input", "opposite sign"),
    ("doubled", "weight", "2 times"), ("doubled", "bias", "2 times"),
    ("doubled", "input", "2 times"), ("halved", "weight", "0.5 times"),
    ("transposed", "weight", "transposed"), ("lastRowSkipped", "weight", "the last row, 2"),
    ("lastRowSkipped", "bias", "the last row, 2"),
    ("lastSampleOnly", "weight", "last sample only"),
    ("lastSampleOnly", "bias", "last sample only"), ("neverAdded", "weight", "0 everywhere"),
    ("neverAdded", "bias", "0 everywhere"), ("tenPercent", "input", "1.1 times"),
  ])
  func everyCauseIsNamed(fault: String, part: String, cause: String) throws {
    try withEvery("seed", in: 0..<20) { seed in
      // The model is a chain, so that the gradient of x comes only from the mutant.
      let report = try check(
        """
        model:
          - {type: dense, units: 3, name: first}
          - {type: tanh, name: bent}
          - {type: mutant, units: 3, name: suspect, fault: \(fault), in: \(part)}
          - {type: sigmoid, name: squashed}
          - {type: dense, units: 2, name: last}
        """, seed: UInt64(seed))
      let suspect = try #require(report.suspect, "seed \(seed): \(report)")
      #expect(suspect.tensor.node == "suspect", "seed \(seed): \(report)")
      #expect(suspect.tensor.name == (part == "input" ? "x" : part), "seed \(seed): \(report)")
      // A lost sign is visible only if some derivative is negative.
      let isNegative = suspect.records.contains { $0.numeric.value < 0 }
      if fault == "signDropped" && !isNegative {
        #expect(suspect.diagnosis == nil)
        return
      }
      let diagnosis = suspect.diagnosis?.description ?? "nothing"
      #expect(diagnosis.contains(cause), "seed \(seed): \(diagnosis)\n\(report)")
    }
  }

  @Test func aTermLostAtAFanOutIsNamed() throws {
    try withEvery("seed", in: 0..<20) { seed in
      let report = try check(
        model("{type: overwriting, name: suspect}"), seed: UInt64(seed))
      let suspect = try #require(report.suspect, "seed \(seed): \(report)")
      #expect(suspect.tensor.node == "suspect", "seed \(seed): \(report)")
      #expect(
        suspect.diagnosis?.description
          == "2 nodes read this activation and their terms must add up: "
          + "it overwrites dx (=, not +=)", "seed \(seed): \(report)")
    }
  }

  @Test func aMissingMeanIsNamed() throws {
    try withEvery("seed", in: 0..<20) { seed in
      let report = try check(
        model("{type: mutant, units: 3, name: suspect}"), loss: "unscaled_error",
        seed: UInt64(seed))
      let suspect = try #require(report.suspect, "seed \(seed): \(report)")
      #expect(suspect.tensor.node == "loss", "seed \(seed): \(report)")
      #expect(
        suspect.diagnosis?.description
          == "every entry is 4 times what it should be: 1/n is missing for 4 samples",
        "seed \(seed): \(report)")
    }
  }

  /// Fault 27: the whole report of a wrong layer.
  @Test func theMessageNamesNodeLocationAndCause() throws {
    let report = try check(
      model("{type: mutant, units: 3, name: suspect, fault: doubled}"), seed: 1)
    let message = try #require(report.diagnostic).description
    #expect(
      message.hasPrefix(
        "model.yaml:4:12: error: the gradient of 'suspect' (mutant) is wrong: ∂L/∂weight["),
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
