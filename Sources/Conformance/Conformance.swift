import GradientCheck
import NNExp

/// What a layer or a loss owes the engine, claim by claim, and whether it holds.
///
/// One routine proves any layer, so that the built-in layers' tests, authors of
/// plugins and the command line ask the same:
///
///     let table = Conformance.of(try Square(from: &options), inputs: [[4]])
///     print(table)           // a line a claim
///     #expect(table.holds, "\(table)")
public struct Conformance: Sendable {
  /// One claim and what became of it.
  public struct Claim: Sendable {
    public enum Verdict: String, Sendable {
      case holds
      case fails
      /// Nothing speaks against it, but nothing could be shown.
      case unproven
    }

    /// What is claimed: `backward adds`.
    public var name: String
    public var verdict: Verdict
    /// The first counterexample with its seed, or what the proof rests on.
    public var detail: String
  }

  /// `dense [3] → [2]`.
  public var subject: String
  public var claims: [Claim]

  /// True if every claim holds.
  public var holds: Bool { !claims.isEmpty && claims.allSatisfy { $0.verdict == .holds } }

  /// The claim of that name.
  public subscript(name: String) -> Claim? { claims.first { $0.name == name } }
}

extension Conformance: CustomStringConvertible {
  /// A headline, then a line a claim.
  public var description: String {
    let width = claims.map { $0.name.count }.max() ?? 0
    let failures = claims.count { $0.verdict == .fails }
    let open = claims.count { $0.verdict == .unproven }
    var text = subject + ": "
    if holds {
      text += "all \(claims.count) claims hold"
    } else {
      text += "\(failures) of \(claims.count) claims fail"
      if open > 0 { text += ", \(open) unproven" }
    }
    for claim in claims {
      let name = claim.name + String(repeating: " ", count: width - claim.name.count)
      let detail = claim.detail.isEmpty ? "" : "  " + claim.detail
      let verdict = claim.verdict.rawValue
      text += "\n  \(name)  \(verdict)"
      if !detail.isEmpty {
        text += String(repeating: " ", count: 8 - min(8, verdict.count)) + detail
      }
    }
    return text
  }
}

/// How conformance is proven.
public struct ConformanceSettings: Sendable {
  /// Samples in a batch; at least 2, or sums over samples prove nothing.
  public var samples = 3

  /// How many sets of random numbers.
  public var seeds = 3

  /// The inputs. Kinks are found by themselves, but inputs that a layer does
  /// not take, as negative ones of a logarithm, must be left out here.
  public var inputs = Sampler.normal()

  /// The parameters, unless `parameter` has one by name.
  public var parameters = Sampler.normal(0.5)
  public var parameter: [String: Sampler] = [:]

  /// A loss's targets; nil for what its kind of target suggests.
  public var targets: Sampler?

  /// How far float32 may be from float64, relative to a tensor's largest entry.
  public var floatTolerance = 1e-4

  /// τ of the gradient check.
  public var tolerance = 1e-6

  public init() {}
}

extension Conformance {
  /// Gathers claims: the first counterexample of each.
  struct Recorder {
    private(set) var claims: [Claim] = []

    /// Records that the claim was tried; a `counterexample` refutes it for good.
    mutating func claim(_ name: String, _ counterexample: String?, proof: String = "") {
      let verdict: Claim.Verdict = counterexample == nil ? .holds : .fails
      add(Claim(name: name, verdict: verdict, detail: counterexample ?? proof))
    }

    /// A failure outweighs anything, and proof outweighs its lack.
    mutating func add(_ claim: Claim) {
      guard let index = claims.firstIndex(where: { $0.name == claim.name }) else {
        claims.append(claim)
        return
      }
      switch (claims[index].verdict, claim.verdict) {
      case (.fails, _): break
      case (_, .fails), (.unproven, .holds): claims[index] = claim
      default: break
      }
    }

    /// A claim a tensor of a gradient check, and a counterexample with its seed.
    mutating func claim(gradientsOf report: GradientReport, _ circumstance: String) {
      for result in report.tensors {
        let name = "gradient of \(result.tensor.name)"
        let proven = result.records.count { $0.verdict.isProof }
        let verdict: Claim.Verdict
        switch result.verdict {
        case .zero where result.records.allSatisfy({ $0.reason == .dead }): verdict = .unproven
        case .pass, .zero: verdict = .holds
        case .kink, .inconclusive: verdict = .unproven
        case .fail, .nonfinite, .nondeterministic: verdict = .fails
        }
        var detail = "\(proven) of \(result.records.count) entries proven"
        if let worst = result.worst, verdict != .holds {
          detail =
            "\(worst.verdict.rawValue) at \(result.tensor.entry(worst.index)): analytic "
            + "\(shortest(worst.analytic)), numeric \(shortest(worst.numeric.value)) "
            + "± \(shortest(worst.numeric.bound))"
          if let diagnosis = result.diagnosis { detail += "; \(diagnosis)" }
          if worst.reason != .none { detail += " (\(worst.reason.rawValue))" }
          detail += "; \(circumstance)"
        }
        add(Claim(name: name, verdict: verdict, detail: detail))
      }
    }
  }
}

/// Where two rows of numbers differ by more than `tolerance` times the largest
/// of them all; nil where they agree. NaN agrees with NaN, infinity with itself.
func disagreement<A: Scalar, B: Scalar>(
  _ a: [A], _ b: [B], tolerance: Double
) -> (index: Int, found: Double, expected: Double)? {
  var largest = 0.0
  for x in b where x.isFinite { largest = max(largest, abs(Double(x))) }
  for i in b.indices {
    let found = Double(a[i])
    let expected = Double(b[i])
    if found == expected || (found.isNaN && expected.isNaN) { continue }
    if !(abs(found - expected) <= tolerance * largest) { return (i, found, expected) }
  }
  return nil
}

/// Where two rows of numbers differ in a bit.
func difference<S: Scalar>(_ a: [S], _ b: [S]) -> Int? {
  a.indices.first { i in
    // Signed zeros are told apart; NaNs are not.
    !(a[i] == b[i] && a[i].sign == b[i].sign) && !(a[i].isNaN && b[i].isNaN)
  }
}
