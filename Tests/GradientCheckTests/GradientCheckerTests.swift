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
      let report = check(chain, settings)
      // One more is the forward pass of the analytic gradients.
      #expect(report.evaluations == chain.count - before - 1)
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

  /// FAULTS 28.
  @Test func aSaturatedNetworkDoesNotPass() throws {
    let chain = try network(deviation: 1e4)
    let report = check(chain)
    #expect(report.outcome == .unproven, "\(report)")
    #expect(report.tensors[1].verdict == .inconclusive)
    #expect(
      report.diagnostic?.description == """
        error: the gradient check proves nothing about input of 'node_0' (test_dense): \
        INCONCLUSIVE, 0 of 20 proven
        note: ∂L/∂input[3] of sample 1: nothing to compare: both gradients vanish
        note: its node is saturated, dead or without effect on the loss; try smaller values
        note: 3 more tensors lack proof
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

  /// Saturated units under a loss that is nearly 0: their tiny gradients move
  /// nothing that float64 could see, and that is no failure.
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
        note: a pass may depend on its inputs, parameters and pass.random alone
        note: input is wrong too
        note: weight is wrong too
        note: 'node_0', 'node_1', 'node_2' fail too, before it: look here first
        """)
  }

  @Test func aLossThatDriftsLaterIsNondeterministic() throws {
    let chain = try network()
    var count = 0
    chain.disturbance = {
      count += 1
      return count > 20 ? 1e-3 : 0
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
  }

  /// ReLU units with biases of 0 that see an input of 0.
  @Test func biasesAtKinksAreCheckedBesideThem() throws {
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
      #expect(chain.benches[0].parameters[1].values == [0, 0, 0])
      if fault == .none {
        #expect(bias.records.contains { $0.reason == .besideKink && $0.value != 0 })
        // The inputs of that sample stay where they are: at kinks.
        #expect(report.tensors[3].records.prefix(3).allSatisfy { $0.verdict == .kink })
      }
    }
  }

  /// A special case for x = 0 that is wrong looks like kinks that meet: it is
  /// not called a fault, but it is no proof either, and the report shows it.
  @Test func aGradientThatIsRightOnlyBesideAKinkIsNotProven() throws {
    let chain = try Chain(
      [TestDense(units: 2), Elementwise(.relu), TestDense(units: 1)], input: [1], samples: 1)
    // ReLU(x) − ReLU(−x) = x.
    chain.benches[0].parameters[0].values = [1, -1]
    chain.benches[0].parameters[1].fill(0)
    chain.benches[2].parameters[0].values = [1, -1]
    chain.benches[0].inputs[0].values = [0]
    chain.run(from: 0)
    var verdicts: Set<Verdict> = []
    withEvery("seed", in: 0..<20) { seed in
      let checker = GradientChecker(.complete, random: RandomStream(key: UInt64(seed)))
      let input = checker.check(chain, at: "start").tensors[0].records[0]
      #expect(input.analytic == 0 && abs(input.numeric.value) > 0.1)
      verdicts.insert(input.verdict)
    }
    // Beside it one unit is on, or both are, or none is.
    #expect(verdicts == [.kink, .inconclusive])
  }

  @Test func oneWrongEntryOfManyShowsInEveryDirection() throws {
    let chain = try Chain(
      [TestDense(units: 50), Elementwise(.tanh), TestDense(units: 2)], input: [40], seed: 3,
      deviation: 0.1)
    #expect(check(chain, .sampled).outcome == .passed)
    let report = check(WrongGradients(of: chain) { $0[1][777] *= 1.01 }, .sampled)
    let weight = report.tensors[1]
    #expect(weight.checked == 4)
    let directions = weight.records.filter { $0.kind == .direction }
    #expect(directions.count == 8)
    #expect(directions.allSatisfy { $0.verdict == .fail }, "\(report)")
    #expect(report.suspect?.tensor.name == "weight")
  }

  @Test func aRepeatedCheckGivesTheSameReport() throws {
    let a = GradientReport.entriesCSV([check(try network(), .sampled)])
    let b = GradientReport.entriesCSV([check(try network(), .sampled)])
    #expect(a == b)
  }
}
