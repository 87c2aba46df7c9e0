import NNExp
import TestSupport
import Testing

@testable import Conformance

/// Every mutant fails the claim that it violates, with the right cause or none.
@Suite struct MutantTests {
  /// One error: a term, its condition, and its factor.
  struct Case: Sendable, CustomTestStringConvertible {
    let condition: Mutant.Condition
    let target: Mutant.Target
    let factor: Double

    var testDescription: String { "\(target) times \(factor), \(condition)" }
  }

  static let cases: [Case] = Mutant.Condition.allCases.flatMap { condition in
    Mutant.Target.allCases.flatMap { target -> [Case] in
      // These conditions are not used for y: a factor of all entries makes every gradient
      // wrong, and the forward pass has no dy.
      if target == .y && (condition == .smallCotangent || condition == .always) { return [] }
      // tanh 0 is 0, so that a factor has no effect.
      if condition == .zeroInput && target == .gain { return [] }
      // Half of the mutants change a sign, and half change a thousandth.
      let isLarge = target == .x || target == .bias
      return [
        Case(
          condition: condition, target: target,
          factor: condition == .float32 ? 1.0001 : isLarge ? -1 : 1.001)
      ]
    }
  }

  @Test(arguments: cases)
  func everyMutantFails(_ mutant: Case) throws {
    var settings = ConformanceSettings()
    settings.draws = 18
    settings.triesLargeBatch = mutant.condition == .millionthEntry
    let layer = Mutant(mutant.condition, mutant.target, times: mutant.factor)
    let table = try Conformance.of(layer, inputs: [[4]], settings: settings)
    let failures = table.claims.filter { $0.verdict == .fails }
    #expect(!failures.isEmpty, "\(table)")
    // No other tensor fails, and no other cause is named.
    for failure in failures {
      let blamed = ["x", "gain", "bias"].first { failure.name == "gradient of \($0)" }
      if let blamed, mutant.target != .y { #expect(blamed == "\(mutant.target)", "\(table)") }
      let causes = allowedCauses(mutant)
      if let cause = MutantTests.cause(in: failure.detail) {
        #expect(causes.contains { MutantTests.matches(cause, $0) }, "\(cause)\n\(table)")
      }
    }
  }

  @Test(arguments: SoundLayer.Rule.allCases)
  func soundLayersConform(_ rule: SoundLayer.Rule) throws {
    for seed in 0..<2 {
      var settings = ConformanceSettings()
      settings.seed = seed
      settings.draws = 18
      settings.triesLargeBatch = false
      let table = try Conformance.of(SoundLayer(rule), inputs: [[4]], settings: settings)
      #expect(table.holds, "\(table)")
    }
  }

  /// The whole text of the failing claim; * represents a number or a distribution.
  @Test(arguments: [
    (
      Mutant(.always, .x, times: 2), "gradient of x",
      "FAIL at x[0] of sample 0: analytic *, numeric * ± *; every entry is 2 times what it should "
        + "be; draw 0 of seed 0: 3 samples, x N(0, 1²), dy N(0, 1²), training"
    ),
    (
      Mutant(.always, .x, times: 1.000001), "gradient of x",
      "FAIL at x[0] of sample 0: analytic *, numeric * ± *; draw 0 of seed 0: 3 samples, "
        + "x N(0, 1²), dy N(0, 1²), training"
    ),
    (
      Mutant(.always, .gain, times: -1), "gradient of gain",
      "FAIL at gain[0]: analytic *, numeric * ± *; every entry has the opposite sign; draw 0 of "
        + "seed 0: 3 samples, x N(0, 1²), dy N(0, 1²), training"
    ),
    (
      Mutant(.always, .bias, times: 0), "gradient of bias",
      "FAIL at bias[0]: analytic 0, numeric * ± *; it is 0 everywhere: backward never adds to it; "
        + "draw 0 of seed 0: 3 samples, x N(0, 1²), dy N(0, 1²), training"
    ),
    (
      Mutant(.largeInput, .x, times: 2), "gradient of x",
      "FAIL at x[*] of sample *: analytic *, numeric * ± *; it is wrong where |x| ≥ *, right up to "
        + "*; draw * of seed 0: * samples, x N(0, 10²), dy *, training"
    ),
    (
      Mutant(.zeroInput, .x, times: 0), "gradient of x",
      "FAIL at x[0] of sample 0: analytic 0, numeric * ± *; draw 2 of seed 0: 1 sample, "
        + "x integers, dy N(0, 0.0001²), training"
    ),
    (
      Mutant(.negativeInput, .x, times: -1), "gradient of x",
      "FAIL at x[*] of sample *: analytic *, numeric * ± *; every size is right but * of 12 signs "
        + "are wrong: a sign(x) or a minus is lost; draw 0 of seed 0: 3 samples, x N(0, 1²), "
        + "dy N(0, 1²), training"
    ),
    (
      Mutant(.laterSamples, .x, times: 2), "gradient of x",
      "FAIL at x[*] of sample 8: analytic *, numeric * ± *; it is wrong from sample 8 of the batch "
        + "on; draw * of seed 0: * samples, x *, dy *, training"
    ),
    (
      Mutant(.laterSamples, .bias, times: 0), "gradient of bias",
      "FAIL at bias[0]: analytic *, numeric * ± *; draw 1 of seed 0: 9 samples, x N(0, 10²), "
        + "dy all 1, training"
    ),
    (
      Mutant(.lastSample, .gain, times: 0), "gradient of gain",
      "FAIL at gain[0]: analytic *, numeric * ± *; it is the sum over the first 2 of 3 samples; "
        + "draw 0 of seed 0: 3 samples, x N(0, 1²), dy N(0, 1²), training"
    ),
    (
      Mutant(.lastFeature, .gain, times: 0), "gradient of gain",
      "FAIL at gain[3]: analytic 0, numeric * ± *; only the last row, 3, is wrong: does a loop end "
        + "too early?; draw 0 of seed 0: 3 samples, x N(0, 1²), dy N(0, 1²), training"
    ),
    (
      Mutant(.smallCotangent, .x, times: 2), "backward is linear in dy",
      "dx[*] for 6.103515625e-05·dy is not 6.103515625e-05 times its value for dy: *, expected *; draw 0 "
        + "of seed 0: 3 samples, x N(0, 1²), dy N(0, 1²), training, float64"
    ),
    (
      Mutant(.evaluation, .y, times: 1.01), "evaluation equals training",
      "y[0] is * in training, * in evaluation, and the plan has no state, is not random and "
        + "couples no samples; draw 0 of seed 0: 3 samples, x N(0, 1²), dy N(0, 1²), training, "
        + "float64"
    ),
    (
      Mutant(.float32, .y, times: 1.00005), "float32 agrees with float64",
      "y[*] is * in float32, * in float64, and rounding explains * at most; draw * of seed 0: * "
        + "samples, x *, dy *, training"
    ),
    (
      Mutant(.laterShards, .x, times: 2), "samples are independent",
      "dx[*] of sample 1 is * by itself, * in a batch of 3; draw 0 of seed 0: 3 samples, x N(0, 1²), "
        + "dy N(0, 1²), training, float64"
    ),
    (
      Mutant(.laterShards, .bias, times: 0), "samples are independent",
      "the gradient of bias[0] is * sample by sample, * for the batch of 3; draw 0 of seed 0: 3 "
        + "samples, x N(0, 1²), dy N(0, 1²), training, float64"
    ),
    (
      Mutant(.largeBatch, .y, times: 2), "samples are independent",
      "y[*] of sample 0 is * by itself, * in a batch of 33; draw * of seed 0: 33 samples, x *, dy *, "
        + "training, float64"
    ),
  ])
  func theWholeTextIsRight(_ layer: Mutant, _ claim: String, _ expected: String) throws {
    var settings = ConformanceSettings.brief
    settings.draws = 9
    let table = try Conformance.of(layer, inputs: [[4]], settings: settings)
    let detail = table[claim]?.detail ?? "no such claim"
    #expect(MutantTests.matches(detail, expected), "\(detail)")
  }

  /// A derivative that loses its digits as e^y approaches 1, while y keeps its own.
  @Test func lostDigitsAreNamed() throws {
    var settings = ConformanceSettings.brief
    settings.inputs = [.normal(30)]
    let table = try Conformance.of(CancellingLogistic(), inputs: [[4]], settings: settings)
    let detail = table["gradient of x"]?.detail ?? ""
    #expect(
      MutantTests.matches(
        detail,
        "FAIL at x[*] of sample *: analytic *, numeric * ± *; its digits are lost because terms "
          + "cancel; draw * of seed 0: * samples, x N(0, 30²), dy *, training"), "\(detail)")
  }

  @Test func aMissingDivisionByTheBatchIsNamed() throws {
    let sound = try Conformance.of(BatchMean(), inputs: [[4]], settings: .brief)
    #expect(sound.holds, "\(sound)")
    let table = try Conformance.of(
      BatchMean(dividesGradient: false), inputs: [[4]], settings: .brief)
    let detail = table["gradient of x"]?.detail ?? ""
    #expect(
      MutantTests.matches(
        detail,
        "FAIL at x[0] of sample 0: analytic *, numeric * ± *; every entry is 3 times what it should "
          + "be: 1/n is missing for 3 samples; draw 0 of seed 0: 3 samples, x N(0, 1²), "
          + "dy N(0, 1²), training"), "\(detail)")
  }

  /// The sentence of a diagnosis, between the numbers and the draw.
  static func cause(in detail: String) -> String? {
    guard detail.hasPrefix("FAIL at") else { return nil }
    let parts = detail.split(separator: "; ").dropFirst().dropLast()
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// Whether a text matches a pattern, in which * represents any characters.
  static func matches(_ text: String, _ pattern: String) -> Bool {
    var rest = Substring(text)
    let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
    for (k, piece) in pieces.enumerated() {
      if k == 0 {
        guard rest.hasPrefix(piece) else { return false }
        rest = rest.dropFirst(piece.count)
      } else if k == pieces.count - 1 {
        return rest.hasSuffix(piece)
      } else {
        guard let range = rest.firstRange(of: piece) else { return false }
        rest = rest[range.upperBound...]
      }
    }
    return rest.isEmpty
  }

  private func allowedCauses(_ mutant: Case) -> [String] {
    var causes: [String] = []
    switch mutant.condition {
    case .always:
      causes = [
        mutant.factor == -1
          ? "every entry has the opposite sign" : "every entry is 1.001 times what it should be"
      ]
    case .largeInput: causes = ["it is wrong where |x| ≥ *, right up to *"]
    case .zeroInput, .smallInput: causes = ["it is wrong only where x is exactly 0"]
    case .negativeInput: causes = ["it is wrong only where x is negative"]
    case .laterSamples: causes = ["it is wrong from sample 8 of the batch on"]
    case .lastSample: causes = ["it is wrong from sample * of the batch on"]
    case .lastFeature: causes = ["only the last row, 3, is wrong: does a loop end too early?"]
    default: break
    }
    if mutant.factor == -1 {
      causes += ["every size is right but * signs are wrong: a sign(x) or a minus is lost"]
      causes += ["every entry has the opposite sign"]
    } else {
      causes += ["every entry is 1.001 times what it should be"]
    }
    return causes
  }
}

/// y = −ln(1 + e^(−x)), whose slope 1 − e^y cancels for large x.
private struct CancellingLogistic: Layer, Component {
  static let typeName = "cancelling_logistic"
  init() {}
  init(from options: inout Options) {}
  func plan(for inputs: [Port]) throws -> Plan { Plan(output: inputs[0].shape) }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    for i in pass.y.indices {
      let x = pass.x[i]
      pass.y[i] = x < 0 ? x - S.log1p(S.exp(x)) : -S.log1p(S.exp(-x))
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    for i in pass.dx.indices { pass.dx[i] += pass.dy[i] * (1 - S.exp(pass.y[i])) }
  }
}

/// y = the mean over the batch, in training; y = x in evaluation.
private struct BatchMean: Layer, Component {
  static let typeName = "batch_mean"
  var dividesGradient = true
  init(dividesGradient: Bool = true) { self.dividesGradient = dividesGradient }
  init(from options: inout Options) {}

  func plan(for inputs: [Port]) throws -> Plan {
    Plan(output: inputs[0].shape, couplesSamples: true)
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    average(pass.x, samples: pass.samples, pass.isTraining, 1 / S(pass.samples)) {
      pass.y[$0] = $1
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let factor = dividesGradient ? 1 / S(pass.samples) : 1
    average(pass.dy, samples: pass.samples, pass.isTraining, factor) { pass.dx[$0] += $1 }
  }

  private func average<S: Scalar>(
    _ x: Tensor<S>, samples: Int, _ isTraining: Bool, _ factor: S, _ body: (Int, S) -> Void
  ) {
    let n = x.shape.count
    for i in x.indices {
      var sum: S = 0
      for s in 0..<samples { sum += x[s * n + i % n] }
      body(i, isTraining ? factor * sum : x[i])
    }
  }
}
