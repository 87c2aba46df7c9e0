import NNExp
import TestSupport
import Testing

@testable import Conformance
@testable import GradientCheck

/// `Conformance` on right layers, and on layers that violate one of its claims.
@Suite struct LayerConformanceTests {
  @Test func correctLayersConform() throws {
    let layers: [(any Layer & Component, Shape, (inout ConformanceSettings) -> Void)] = [
      (TestDense(units: 4), [3], { _ in }),
      (TestDense(units: 1), [1], { _ in }),
      (TestDense(units: 9), [60], { $0.draws = 7 }),  // Sampled, with directions.
      (TestLp(p: 1.5), [6], { _ in }),
      (TestLp(p: 3), [8], { _ in }),
      (Elementwise(.sigmoid), [2, 3], { _ in }),
      (Elementwise(.square), [5], { _ in }),
      (Elementwise(.relu), [5], { $0.inputs = [.sparse] }),
      (Elementwise(.logarithm), [3], { $0.inputs = Sampler.inputs(in: 0.1...4) }),
      (Centre(), [4], { $0.batches = [6, 2, 9] }), (Mask(), [6], { _ in }),
      (Counter(), [3], { _ in }),
    ]
    for (layer, shape, adjust) in layers {
      var settings = ConformanceSettings.brief
      adjust(&settings)
      let table = try Conformance.of(layer, inputs: [Port(shape)], settings: settings)
      #expect(table.holds, "\(table)")
    }
  }

  @Test func theTableListsEveryClaimOfALayer() throws {
    let settings = ConformanceSettings.brief
    let table = try Conformance.of(
      ComponentType(TestDense.self), options: ConfigValue.map([("units", 2)]), inputs: [[3]],
      settings: settings)
    #expect(
      table.description == """
        test_dense [3] → [2]: all 17 claims hold
          plan                           holds     2 parameter tensors
          gradient of weight             holds     6 of 6 entries proven
          gradient of bias               holds     2 of 2 entries proven
          gradient of x                  holds     3 of 3 entries proven
          forward keeps its inputs       holds
          backward keeps its inputs      holds
          is deterministic               holds
          keeps nothing between batches  holds
          forward overwrites             holds
          backward adds                  holds
          needs no dx                    holds
          stays in bounds                holds
          backward is linear in dy       holds
          evaluation equals training     holds
          float32 agrees with float64    holds
          samples are independent        holds
          survives hostile values        holds     NaN, ±inf, huge, tiny, ±0
        """)
  }

  @Test func wrongOptionsThrow() {
    #expect(throws: Diagnostics.self) {
      try Conformance.of(
        ComponentType(TestDense.self), options: ConfigValue.map([("unit", 2)]), inputs: [[3]])
    }
  }

  /// Each mutant fails the claim that it violates, for every fault.
  @Test func aLayerWithAWrongGradientFailsItsClaim() throws {
    for target in [TestDense.Target.weight, .bias, .input] {
      for fault in GradientFault.allCases where fault != .none {
        if fault == .transposed && target != .weight { continue }
        let table = try Conformance.of(
          TestDense(units: 4, fault: fault, in: target), inputs: [[3]], settings: .brief)
        let name = target == .input ? "x" : "\(target)"
        let trace = "\(fault) in \(target)\n\(table)"
        #expect(table["gradient of \(name)"]?.verdict == .fails, "\(trace)")
        for other in ["weight", "bias", "x"] where other != name {
          #expect(table["gradient of \(other)"]?.verdict == .holds, "\(trace)")
        }
        if fault == .overwrites {
          #expect(table["backward adds"]?.verdict == .fails, "\(trace)")
        }
        if fault == .lastSampleOnly {
          let claim = table["samples are independent"]
          #expect(claim?.verdict == .fails, "\(trace)")
        }
        if target == .bias && fault == .lastSampleOnly {
          let detail = table["gradient of bias"]?.detail
          #expect(detail?.contains("gradient of the last sample only") == true, "\(trace)")
        }
      }
    }
    let signless = try Conformance.of(
      TestLp(p: 2, fault: .signDropped), inputs: [[6]], settings: .brief)
    let detail = signless["gradient of x"]?.detail
    #expect(detail?.contains("a sign(x) or a minus is lost") == true, "\(signless)")
  }

  @Test func anOverwrittenGradientIsNamed() throws {
    let table = try Conformance.of(
      TestLp(p: 2, fault: .overwrites), inputs: [[2]], settings: .brief)
    #expect(table["gradient of x"]?.verdict == .holds)
    let detail = try #require(table["backward adds"]?.detail)
    #expect(
      try
        #/dx\[0\] started at 7 and is \S+, expected \S+: it overwrites \(=, not \+=\); draw \d+ of seed 0: \d+ samples?, x .+, dy .+, training, float64/#
        .wholeMatch(in: detail) != nil, "\(detail)")
  }

  /// Errors other than wrong gradients.
  @Test func everyOtherOffenceFailsItsClaim() throws {
    let claims: [(Offence, String, String)] = [
      (.addsInForward, "forward overwrites", "it depends on the earlier contents"),
      (.writesInput, "forward keeps its inputs", "forward writes to x"),
      (.writesParameter, "backward keeps its inputs", "backward writes to gain"),
      (.writesCotangent, "backward keeps its inputs", "backward writes to dy"),
      (.writesOutput, "backward keeps its inputs", "backward writes to y"),
      (.overrunsOutput, "stays in bounds", "beyond the ends of y"),
      (.underrunsGradient, "stays in bounds", "beyond the ends of gradient of gain"),
      (.readsStaleScratch, "forward overwrites", "nan"),
      (.forgets, "is deterministic", "y differs between two runs"),
      (.keepsScratch, "keeps nothing between batches", "y differs after another batch"),
      (.mixesSamples, "samples are independent", "in a batch of 3"),
      (.skipsParametersWithoutInput, "needs no dx", "the gradient of gain differs"),
      (.losesFloatPrecision, "float32 agrees with float64", "in float32"),
      (.changesPlan, "plan", "differs"),
      (.namesTwice, "plan", "two tensors have the same name"),
      (.forgetsEntry, "recomputes single entries", "after a change of gain[0] only"),
      (.ignoresParameter, "gradient of gain", "no change that was tried changes y"),
      (.isAnotherFunction, "equals its declared function", "y[0] is not that of tanh"),
    ]
    for (offence, name, detail) in claims {
      let table = try Conformance.of(Gain(offence), inputs: [[3]], settings: .brief)
      #expect(!table.holds, "\(offence)")
      let verdict: Conformance.Claim.Verdict = offence == .ignoresParameter ? .unproven : .fails
      #expect(table[name]?.verdict == verdict, "\(offence)\n\(table)")
      #expect(table[name]?.detail.contains(detail) == true, "\(offence)\n\(table)")
    }
    // A layer that is not deterministic is not reported as wrong or as dependent on earlier
    // contents.
    let forgetful = try Conformance.of(Gain(.forgets), inputs: [[3]], settings: .brief)
    #expect(forgetful["forward overwrites"]?.verdict != .fails, "\(forgetful)")
    #expect(
      forgetful["gradient of x"]?.detail == "two evaluations at the same values differ",
      "\(forgetful)")
    let fault = try BufferCheck.fault(of: Gain(.forgets), inputs: [[3]])
    #expect(
      fault?.hasPrefix("two forward passes on the same numbers differ: y[0] is ") == true,
      "\(fault ?? "none")")
    let sound = try Conformance.of(Gain(.none), inputs: [[3]], settings: .brief)
    #expect(sound.holds, "\(sound)")
  }

  @Test func aStateThatChangesInEvaluationIsReported() throws {
    let table = try Conformance.of(
      Counter(movesInEvaluation: true), inputs: [[3]], settings: .brief)
    #expect(
      table["forward keeps its inputs"]?.detail.hasPrefix(
        "forward writes to state count; draw 0 of seed 0: 3 samples, x N(0, 1²), dy N(0, 1²), "
          + "evaluation")
        == true, "\(table)")
  }
}

extension ConformanceSettings {
  /// Every batch size and every kind of inputs, but not every combination.
  static var brief: ConformanceSettings {
    var settings = ConformanceSettings()
    settings.draws = 14
    settings.triesLargeBatch = false
    return settings
  }
}

enum Offence: CaseIterable {
  case none, addsInForward, writesInput, writesParameter, writesCotangent, writesOutput
  case overrunsOutput, underrunsGradient, readsStaleScratch, forgets, mixesSamples
  case skipsParametersWithoutInput, losesFloatPrecision, changesPlan, namesTwice
  case ignoresParameter, forgetsEntry, isAnotherFunction, keepsScratch
}

/// y = g x, or a wrong variant of it.
private struct Gain: Layer, Component {
  static let typeName = "gain"
  let offence: Offence

  /// The count that makes `forgets` and `changesPlan` differ from call to call.
  private final class Calls: @unchecked Sendable { var count = 0 }
  private let calls = Calls()

  init(_ offence: Offence) { self.offence = offence }
  init(from options: inout Options) { offence = .none }

  func plan(for inputs: [Port]) throws -> Plan {
    calls.count += 1
    return Plan(
      output: inputs[0].shape,
      parameters: [.init("gain", [1], initial: .zeros)]
        + (offence == .namesTwice ? [.init("gain", [1], initial: .zeros)] : []),
      scratch: [.fixed(2)], work: offence == .changesPlan ? calls.count : 1)
  }

  var elementwise: ElementwiseFunction? { offence == .isAnotherFunction ? .tanh : nil }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let g = offence == .ignoresParameter ? 1 : pass.parameters[0][0]
    // A layer that keeps its scratch fills it once.
    let isKept = offence == .keepsScratch && !pass.scratch[0][0].isNaN
    if offence != .readsStaleScratch && !isKept { pass.scratch[0].fill(0) }
    for i in pass.y.indices {
      let y = g * pass.x[i] + pass.scratch[0][0]
      if offence == .addsInForward { pass.y[i] += y } else { pass.y[i] = y }
    }
    if offence == .keepsScratch { pass.scratch[0].fill(pass.x[0]) }
    calls.count += 1
    if offence == .forgets { pass.y[0] += S(calls.count) * S(1e-3) }
    if offence == .writesInput { pass.x[0] += 1 }
    if offence == .overrunsOutput { pass.y.start[pass.y.count] = 0 }
    if offence == .losesFloatPrecision && S.self == Float.self { pass.y[0] *= S(1.01) }
    if offence == .mixesSamples { pass.y[pass.y.count - 1] += pass.x[0] }
  }

  /// Returns true without computing anything.
  func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool {
    offence == .forgetsEntry
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let g = offence == .ignoresParameter ? 1 : pass.parameters[0][0]
    for i in pass.dx.indices {
      pass.dx[i] += g * pass.dy[i]
      if offence == .ignoresParameter { continue }
      if offence == .skipsParametersWithoutInput && !pass.needsInputGradient { continue }
      pass.gradients[0][0] += pass.x[i] * pass.dy[i]
    }
    if offence == .mixesSamples { pass.dx[0] += pass.dy[pass.dy.count - 1] }
    if offence == .writesParameter { pass.parameters[0][0] += 1 }
    if offence == .writesCotangent { pass.dy[0] += 1 }
    if offence == .writesOutput { pass.y[0] += 1 }
    if offence == .underrunsGradient { pass.gradients[0].start[-1] += 1 }
  }
}

/// y = x − mean of the batch: samples are coupled, and uniform cotangents cancel.
private struct Centre: Layer, Component {
  static let typeName = "centre"
  init() {}
  init(from options: inout Options) {}

  func plan(for inputs: [Port]) throws -> Plan {
    Plan(output: inputs[0].shape, couplesSamples: true)
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    subtractMean(pass.x, samples: pass.isTraining ? pass.samples : 0) { pass.y[$0] = $1 }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    subtractMean(pass.dy, samples: pass.isTraining ? pass.samples : 0) { pass.dx[$0] += $1 }
  }

  private func subtractMean<S: Scalar>(
    _ x: Tensor<S>, samples: Int, _ body: (Int, S) -> Void
  ) {
    let n = x.shape.count
    for j in 0..<n {
      var sum: S = 0
      for s in 0..<samples { sum += x[s * n + j] }
      let mean = samples == 0 ? 0 : sum / S(samples)
      for i in stride(from: j, to: x.count, by: n) { body(i, x[i] - mean) }
    }
  }
}

/// Drops half of the entries in training, at random.
private struct Mask: Layer, Component {
  static let typeName = "mask"
  init() {}
  init(from options: inout Options) {}

  func plan(for inputs: [Port]) throws -> Plan { Plan(output: inputs[0].shape, isRandom: true) }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let first = pass.firstSample * pass.x.shape.count
    for i in pass.y.indices {
      pass.y[i] = pass.x[i] * keep(pass.isTraining, pass.random, first + i)
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let first = pass.firstSample * pass.x.shape.count
    for i in pass.dx.indices {
      pass.dx[i] += pass.dy[i] * keep(pass.isTraining, pass.random, first + i)
    }
  }

  private func keep<S: Scalar>(_ isTraining: Bool, _ random: RandomStream, _ i: Int) -> S {
    isTraining && random.uniform(at: i) < 0.5 ? 0 : 1
  }
}

/// y = x / c in evaluation, where c counts the training passes, from 1.
private struct Counter: Layer, Component {
  static let typeName = "counter"
  var movesInEvaluation = false
  init(movesInEvaluation: Bool = false) { self.movesInEvaluation = movesInEvaluation }
  init(from options: inout Options) {}

  func plan(for inputs: [Port]) throws -> Plan {
    Plan(output: inputs[0].shape, state: [.init("count", [1], value: 1)])
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let factor = pass.isTraining ? 1 : 1 / pass.state[0][0]
    for i in pass.y.indices { pass.y[i] = factor * pass.x[i] }
    if pass.isTraining || movesInEvaluation { pass.state[0][0] += 1 }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let factor = pass.isTraining ? 1 : 1 / pass.state[0][0]
    for i in pass.dx.indices { pass.dx[i] += factor * pass.dy[i] }
  }
}
