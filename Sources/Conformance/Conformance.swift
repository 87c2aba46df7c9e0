import NNExp

/// The engine's requirements for a layer or a loss, each with its verdict.
///
/// The tests of the built-in layers, the authors of plugins and the command line use the same
/// routine:
///
///     let table = Conformance.of(try Square(from: &options), inputs: [[4]])
///     print(table)           // a line per claim
///     #expect(table.holds, "\(table)")
public struct Conformance: Sendable {
  /// A requirement with its verdict.
  public struct Claim: Sendable {
    public enum Verdict: String, Sendable {
      case holds
      case fails
      /// Neither refuted nor proven.
      case unproven
    }

    /// The name of the claim, such as `backward adds`.
    public var name: String
    public var verdict: Verdict
    /// The first counterexample with its draw, or the extent of the proof.
    public var detail: String
  }

  /// The checked component, such as `dense [3] → [2]`.
  public var subject: String
  public var claims: [Claim]

  /// Whether every claim holds.
  public var holds: Bool { !claims.isEmpty && claims.allSatisfy { $0.verdict == .holds } }

  /// The claim with this name.
  public subscript(name: String) -> Claim? { claims.first { $0.name == name } }
}

extension Conformance: CustomStringConvertible {
  /// A headline, followed by a line per claim.
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

/// The settings of a conformance check.
public struct ConformanceSettings: Sendable {
  /// The number of draws. Each draw has its own batch size and distributions of inputs,
  /// parameters and cotangents. 63 draws combine every batch size with every distribution of
  /// inputs.
  public var draws = 63

  /// The number of the first draw.
  var firstDraw = 0

  /// The seed of all draws.
  public var seed = 0

  /// The sizes of the batches.
  public var batches = [3, 9, 1, 33, 2, 17, 8]

  /// The distributions of the inputs. Leave out numbers that a layer does not accept, such as
  /// negative ones for a logarithm. Kinks need no exclusion.
  public var inputs = Sampler.allInputs

  /// The distributions of ∂L/∂y.
  public var cotangents = Sampler.allCotangents

  /// The distributions of the parameters that are not in `parameter`.
  public var parameters = Sampler.allParameters
  public var parameter: [String: Sampler] = [:]

  /// The distribution of a loss's targets; by default normal numbers, or class indices.
  public var targets: Sampler?

  /// The tolerance τ: the largest relative bound that proves a derivative.
  public var tolerance = 1e-6

  /// The approximate number of multiplications and additions for the derivatives of one draw.
  public var budget = 2e7

  /// Whether a batch of a million numbers is tried as well.
  public var triesLargeBatch = true

  public init() {}

  /// The settings with fewer draws, which differ for each `number`.
  func shortened(to draws: Int, _ number: Int) -> ConformanceSettings {
    var settings = self
    settings.draws = min(draws, self.draws)
    settings.firstDraw = number * draws
    settings.budget /= 4
    settings.triesLargeBatch = false
    return settings
  }
}

extension Conformance {
  /// Collects claims, with the first counterexample of each.
  struct Recorder {
    private(set) var claims: [Claim] = []

    /// The first counterexample of each claim that needs two counterexamples to be refuted.
    private var suspicions: [String: String] = [:]

    /// Records that a claim was tried; a `counterexample` refutes it.
    mutating func claim(_ name: String, _ counterexample: String?, proof: String = "") {
      let verdict: Claim.Verdict = counterexample == nil ? .holds : .fails
      add(Claim(name: name, verdict: verdict, detail: counterexample ?? proof))
    }

    /// Records a claim that depends on an estimate. A single counterexample among many draws
    /// can be an error of the estimate; a second one refutes the claim.
    mutating func claim(_ name: String, estimated counterexample: String?) {
      claim(name, counterexample == nil ? nil : suspicions[name])
      suspicions[name] = suspicions[name] ?? counterexample
    }

    /// Whether the claim with this name has not been refuted.
    func holds(_ name: String) -> Bool {
      !claims.contains { $0.name == name && $0.verdict == .fails }
    }

    /// A failure takes precedence over a proof, and a proof over a claim without one.
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
  }
}

/// The first position at which two arrays differ by more than `tolerance` times their largest
/// number, or times `size` if that is larger; nil if there is none. NaN agrees with NaN, and
/// an infinity with itself.
func disagreement<A: Scalar, B: Scalar>(
  _ a: [A], _ b: [B], tolerance: Double, size: Double = 0
) -> (index: Int, found: Double, expected: Double)? {
  var largest = size
  for x in b where x.isFinite { largest = max(largest, abs(Double(x))) }
  for i in b.indices {
    let found = Double(a[i])
    let expected = Double(b[i])
    if found == expected || (found.isNaN && expected.isNaN) { continue }
    if !(abs(found - expected) <= tolerance * largest) { return (i, found, expected) }
  }
  return nil
}

/// The first position at which two arrays have different bits.
func difference<S: Scalar>(_ a: [S], _ b: [S]) -> Int? {
  a.indices.first { i in
    // Zeros of different signs differ; NaNs do not.
    !(a[i] == b[i] && a[i].sign == b[i].sign) && !(a[i].isNaN && b[i].isNaN)
  }
}
