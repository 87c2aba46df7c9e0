import NNExp
import TestSupport
import Testing

@testable import GradientCheck

@Suite struct GradientCheckerTests {
  private func network(
    _ seed: Int = 0, deviation: Double = 0.5, samples: Int = 4
  ) throws -> Chain {
    try Chain(
      [TestDense(units: 6), Elementwise(.sigmoid), TestLp(p: 3), TestDense(units: 2)],
      input: [5], samples: samples, seed: seed, deviation: deviation)
  }

  @Test func correctNetworksPass() throws {
    try withEvery("seed", in: 0..<12) { seed in
      for settings in [GradientCheckSettings.complete, .sampled] {
        let report = check(try network(seed), settings)
        #expect(report.outcome == .passed, "seed \(seed)\n\(report)")
        #expect(report.diagnostic == nil)
        #expect(report.tensors.map(\.tensor.name).count { $0 == "input" } == 4)
      }
    }
  }

  @Test func everyEntryIsCheckedAndNothingIsLeftChanged() throws {
    let chain = try network()
    let before = chain.benches.flatMap { $0.buffers.map(\.values) }
    for settings in [GradientCheckSettings.complete, .sampled] {
      let report = check(chain, settings)
      for bench in chain.benches { bench.dy.fill(0) }
      _ = chain.analyticGradients()
      for bench in chain.benches {
        bench.dy.fill(0)
        for sum in bench.sums { sum.fill(0) }
      }
      #expect(chain.benches.flatMap { $0.buffers.map(\.values) } == before)
      for result in report.tensors where settings == .complete {
        #expect(result.records.map(\.index) == Array(0..<result.tensor.count))
      }
    }
  }

  @Test func theReportCountsItsEvaluations() throws {
    for settings in [GradientCheckSettings.complete, .sampled] {
      let chain = try network()
      let before = chain.count
      let report = check(WrongGradients(of: chain) { _ in }, settings)
      // The passes for the gradients and their round-off are not counted: a gradient and a
      // loss, two gradients and a loss for each of five perturbations, and one more loss.
      #expect(report.evaluations == chain.count - before - (2 + 5 * 3 + 1))
    }
  }

  @Test func onlyParametersAreCheckedOnRequest() throws {
    var settings = GradientCheckSettings.complete
    settings.inputs = false
    let report = check(try network(), settings)
    #expect(report.tensors.map(\.tensor.kind) == Array(repeating: .parameter, count: 4))
    #expect(report.outcome == .passed)
  }

  @Test func aCheckOfNothingDoesNotPass() throws {
    var settings = GradientCheckSettings.complete
    settings.inputs = false
    let report = check(try Chain([Elementwise(.square)], input: [2]), settings)
    #expect(report.outcome == .unproven)
    #expect(
      report.diagnostic?.description == "error: the gradient check had nothing to check")
    #expect(report.diagnostic?.failure == .shortfall)
  }

  /// Fault 28: a saturated sigmoid is not proven, although the gradients of the layers before
  /// it are correctly 0.
  @Test func aSaturatedNetworkDoesNotPass() throws {
    let chain = try network(deviation: 1e4)
    let report = check(chain)
    #expect(report.outcome == .unproven, "\(report)")
    #expect(report.tensors[3].verdict == .inconclusive)
    #expect(
      report.diagnostic?.description == """
        error: the gradient check does not prove input of 'node_1' (elementwise): \
        INCONCLUSIVE, 11 of 24 entries proven
        note: ∂L/∂input[2] of sample 0: saturated: small changes of it change nothing
        note: start from smaller values
        """)
  }

  @Test func trainedNetworksPass() throws {
    try withEvery("seed", in: 0..<10) { seed in
      for residual in [1e-2, 1e-4, 1e-6] {
        let chain = try network(seed)
        let outputs = chain.benches.last!.y.values
        chain.targets = zip(outputs, chain.targets).map { $0 + residual * $1 }
        let report = check(chain)
        #expect(report.outcome == .passed, "seed \(seed), residual \(residual)\n\(report)")
      }
    }
  }

  /// Saturated units with a loss near 0: their tiny gradients have no effect that float64
  /// could represent, which is not a failure.
  @Test func trainedAndSaturatedNetworksNeverFail() throws {
    try withEvery("seed", in: 0..<8) { seed in
      for residual in [1e-4, 1e-8, 0] {
        let chain = try network(seed, deviation: 6)
        let outputs = chain.benches.last!.y.values
        chain.targets = zip(outputs, chain.targets).map { $0 + residual * $1 }
        for settings in [GradientCheckSettings.complete, .sampled] {
          let report = check(chain, settings)
          #expect(report.outcome != .failed, "seed \(seed), residual \(residual)\n\(report)")
        }
      }
    }
  }

  @Test func aRandomLossIsNondeterministic() throws {
    let chain = try network()
    var state = 0.0
    chain.disturbance = {
      state += 1e-13
      return state
    }
    let report = check(chain)
    #expect(report.tensors.allSatisfy { $0.verdict == .nondeterministic })
    #expect(
      report.diagnostic?.description == """
        error: the loss is not a function of bias of 'node_3' (test_dense): \
        two evaluations at the same values differ
        note: a pass may depend only on its inputs, parameters, state and pass.random
        """)
  }

  @Test func aLossThatDriftsLaterIsNondeterministic() throws {
    let chain = try network()
    var count = 0
    chain.disturbance = {
      count += 1
      return count > 40 ? 1e-3 : 0
    }
    let report = check(chain)
    #expect(report.tensors[0].verdict == .nondeterministic)
    #expect(report.tensors[0].records[0].reason == .evaluationDrifts)
  }

  @Test func lossesAndGradientsThatAreNotFiniteAreReported() throws {
    let chain = try network()
    chain.disturbance = { .nan }
    let report = check(chain)
    #expect(report.tensors.allSatisfy { $0.verdict == .nonfinite })
    #expect(report.outcome == .failed)
    #expect(report.diagnostic?.notes.first?.message.hasPrefix("look for a division by 0") == true)

    let logarithm = try Chain([Elementwise(.logarithm)], input: [3])
    #expect(check(logarithm).outcome == .failed)

    // Near 0, a large step leaves the domain of the logarithm, but a smaller one does not.
    logarithm.benches[0].inputs[0].values = (0..<12).map { i in Double.pow(10, -Double(i)) }
    logarithm.run(from: 0)
    #expect(check(logarithm).outcome == .passed, "\(check(logarithm))")
  }

  /// ReLU units with biases of 0 and inputs of 0.
  @Test func biasesAtKinksAreProvenByTheirLayer() throws {
    for fault in [GradientFault.none, .doubled, .halved] {
      let chain = try Chain(
        [TestDense(units: 3, fault: fault, in: .bias), Elementwise(.relu), TestDense(units: 1)],
        input: [2], samples: 4)
      chain.benches[0].parameters[1].fill(0)
      chain.benches[0].inputs[0].values = [0, 0, 0, 1, 1, 0, 1, 1]
      chain.run(from: 0)
      let report = check(chain)
      let bias = try #require(report.tensors.first { $0.tensor.name == "bias" })
      #expect(bias.verdict == (fault == .none ? .pass : .fail), "\(report)")
      #expect(report.outcome == (fault == .none ? .passed : .failed), "\(report)")
      if fault == .none {
        #expect(bias.records.allSatisfy { $0.kind == .local && $0.value == 0 })
        // The inputs of that sample remain at kinks.
        #expect(report.tensors[3].records.prefix(3).allSatisfy { $0.verdict == .kink })
      }
    }
  }

  /// ReLU(x) − ReLU(−x) = x has no kink at 0, but its layers do. The layer that x belongs to
  /// has none and proves the gradient.
  @Test func kinksThatMeetAreSeparatedByTheLayersAlone() throws {
    let chain = try Chain(
      [TestDense(units: 2), Elementwise(.relu), TestDense(units: 1)], input: [1], samples: 1)
    chain.benches[0].parameters[0].values = [1, -1]
    chain.benches[0].parameters[1].fill(0)
    chain.benches[2].parameters[0].values = [1, -1]
    chain.benches[0].inputs[0].values = [0]
    chain.run(from: 0)
    let report = check(chain)
    let input = report.tensors[0].records[0]
    #expect(input.verdict == .kink && input.reason == .meetingKinks, "\(report)")
    #expect(report.tensors[3].records.allSatisfy { $0.verdict == .kink }, "\(report)")
    #expect(report.outcome != .failed, "\(report)")
  }

  /// Earlier versions accepted a slope that is wrong only at 0, as "right beside: kinks that
  /// meet".
  @Test func aSlopeThatIsWrongOnlyAtZeroFails() throws {
    try withEvery("seed", in: 0..<5) { seed in
      let chain = try Chain(
        [TestDense(units: 4), WrongAtZero(), TestDense(units: 2)], input: [3], seed: seed)
      chain.benches[0].inputs[0].values = [0, 0, 0, 1, 2, 3, 0, 1, 0, -1, 0, 1]
      chain.benches[0].parameters[1].fill(0)
      chain.run(from: 0)
      let report = check(chain)
      #expect(report.outcome == .failed, "\(report)")
      #expect(report.suspect?.tensor.node == "node_1", "\(report)")
    }
  }

  @Test func oneWrongEntryOfManyShowsInEveryDirectionAndIsNamed() throws {
    let chain = try Chain(
      [TestDense(units: 50), Elementwise(.tanh), TestDense(units: 2)], input: [40], seed: 3,
      deviation: 0.1)
    #expect(check(chain, .sampled).outcome == .passed)
    let report = check(WrongGradients(of: chain) { $0[1][777] *= 1.01 }, .sampled)
    let weight = report.tensors[1]
    // Four entries and the one that bisection finds.
    #expect(weight.checked == 5)
    let directions = weight.records.filter { $0.kind == .direction }
    #expect(directions.count == 16)
    #expect(directions.allSatisfy { $0.verdict == .fail }, "\(report)")
    #expect(report.suspect?.tensor.name == "weight")
    #expect(weight.worst?.index == 777)
    #expect(weight.diagnosis == .oneEntry("weight[19, 17]"))
  }

  @Test func aRepeatedCheckGivesTheSameReport() throws {
    let a = GradientReport.entriesCSV([check(try network(), .sampled)])
    let b = GradientReport.entriesCSV([check(try network(), .sampled)])
    #expect(a == b)
  }
}

/// tanh with a wrong slope of 0 at exactly 0.
private struct WrongAtZero: Layer, Component {
  static let typeName = "wrong_at_zero"
  init() {}
  init(from options: inout Options) {}
  func plan(for inputs: [Port]) throws -> Plan { Plan(output: inputs[0].shape) }
  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    for i in pass.y.indices { pass.y[i] = S.tanh(pass.x[i]) }
  }
  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    for i in pass.dx.indices where pass.x[i] != 0 {
      pass.dx[i] += pass.dy[i] * (1 - pass.y[i] * pass.y[i])
    }
  }
}
