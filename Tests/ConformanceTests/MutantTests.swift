import NNExp
import TestSupport
import Testing

@testable import Conformance

/// Every mutant fails, each with the claim that it breaks, and with the right cause or none.
@Suite struct MutantTests {
  /// One way of being wrong: the first claim that fails, and its text with * for what is drawn.
  struct Case: Sendable, CustomTestStringConvertible {
    let condition: Mutant.Condition
    let target: Mutant.Target
    let factor: Double

    var testDescription: String { "\(target) times \(factor), \(condition)" }
  }

  static let cases: [Case] = Mutant.Condition.allCases.flatMap { condition in
    Mutant.Target.allCases.flatMap { target -> [Case] in
      // A factor leaves y = b as it is nowhere; dy is none of forward's.
      if target == .y && (condition == .smallCotangent || condition == .always) { return [] }
      // tanh 0 is 0, whatever it is multiplied by.
      if condition == .zeroInput && target == .gain { return [] }
      let factors: [Double] = condition == .float32 ? [1.0001, 2] : [-1, 1.001]
      return factors.map { Case(condition: condition, target: target, factor: $0) }
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
    // No other tensor is blamed, and no other cause is named.
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
    for seed in 0..<3 {
      var settings = ConformanceSettings()
      settings.seed = seed
      settings.draws = 27
      settings.triesLargeBatch = false
      let table = try Conformance.of(SoundLayer(rule), inputs: [[4]], settings: settings)
      #expect(table.holds, "\(table)")
    }
  }

  /// The sentence of a diagnosis, between the numbers and the draw.
  static func cause(in detail: String) -> String? {
    guard detail.hasPrefix("FAIL at") else { return nil }
    let parts = detail.split(separator: "; ").dropFirst().dropLast()
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// Whether a text is a pattern, where * is anything.
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
