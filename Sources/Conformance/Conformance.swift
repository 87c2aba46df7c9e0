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
  /// How many draws of numbers, each of another size and kind. In 63, every batch size meets
  /// every kind of inputs.
  public var draws = 63

  /// The number of the first draw.
  var firstDraw = 0

  /// Which numbers are drawn.
  public var seed = 0

  /// The sizes of the batches.
  public var batches = [3, 9, 1, 33, 2, 17, 8]

  /// The inputs. Kinks are found by themselves, but inputs that a layer does
  /// not take, as negative ones of a logarithm, must be left out here.
  public var inputs = Sampler.allInputs

  /// ∂L/∂y.
  public var cotangents = Sampler.allCotangents

  /// The parameters, unless `parameter` has one by name.
  public var parameters = Sampler.allParameters
  public var parameter: [String: Sampler] = [:]

  /// A loss's targets; nil for what its kind of target suggests.
  public var targets: Sampler?

  /// τ: how wide a bound may be, relative to what it bounds, to prove it.
  public var tolerance = 1e-6

  /// Multiplications and additions that the derivatives of one draw may take, about.
  public var budget = 2e7

  /// Whether a batch of a million numbers is tried, too.
  public var triesLargeBatch = true

  public init() {}

  /// A few draws, for what has been proven in many: other ones for each `number`.
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
  /// Gathers claims: the first counterexample of each.
  struct Recorder {
    private(set) var claims: [Claim] = []

    /// Records that the claim was tried; a `counterexample` refutes it for good.
    mutating func claim(_ name: String, _ counterexample: String?, proof: String = "") {
      let verdict: Claim.Verdict = counterexample == nil ? .holds : .fails
      add(Claim(name: name, verdict: verdict, detail: counterexample ?? proof))
    }

    /// True unless something has refuted the claim of that name.
    func holds(_ name: String) -> Bool {
      !claims.contains { $0.name == name && $0.verdict == .fails }
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
