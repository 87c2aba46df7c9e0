/// What differences say of one analytic derivative a, with n ± B the numeric
/// one. The first that applies, in this order.
public enum Verdict: String, Sendable, CaseIterable {
  /// a, the loss, or the loss at every step tried is NaN or infinite.
  case nonfinite = "NONFINITE"
  /// Two identical evaluations differ in a bit.
  case nondeterministic = "NONDETERMINISTIC"
  /// The loss has a kink here, and a is a valid subgradient, or right beside.
  case kink = "KINK"
  /// |a − n| > B.
  case fail = "FAIL"
  /// |a − n| ≤ B and B ≤ τ·max(|a|, |n|).
  case pass = "PASS"
  /// |a| and |n| are below B, and B ≤ τ times the RMS of the tensor's gradient.
  case zero = "ZERO"
  /// The bound is too wide to tell.
  case inconclusive = "INCONCLUSIVE"

  /// Only these prove anything.
  public var isProof: Bool { self == .pass || self == .zero }

  /// These are faults.
  public var isFault: Bool { self == .nonfinite || self == .nondeterministic || self == .fail }
}

/// Why an entry got its verdict.
public enum Reason: String, Sendable {
  case none = ""
  case analyticNotFinite = "the analytic gradient is not finite"
  case lossNotFinite = "the loss is not finite"
  case lossNotFiniteNearby = "the loss is not finite near this value"
  case evaluationsDiffer = "two evaluations at the same values differ"
  case evaluationDrifts = "the loss at the same values was another afterwards"
  case subgradient = "between the one-sided slopes"
  case outsideSlopes = "at a kink and outside the one-sided slopes"
  case outsideBound = "further from the numeric value than the bound"
  case besideKink = "checked beside a kink"
  case rightBeside = "not the numeric value here but right beside: kinks that meet"
  case truncation = "the bound is too wide: the loss bends too sharply"
  case roundoff = "the bound is too wide: round-off"
  case vanishing = "nothing to compare: both gradients vanish"
  /// |a − n| ≤ B and B ≤ τ·RMS: right to within the tolerance of its tensor.
  case smallInItsTensor = "too small to prove alone but right at its tensor's scale"
}

extension Verdict {
  /// - Parameters:
  ///   - a: the analytic derivative.
  ///   - numeric: n and B.
  ///   - scale: the RMS of the tensor's gradient.
  ///   - tolerance: τ.
  static func judge(
    _ a: Double, against numeric: NumericDerivative, scale: Double, tolerance: Double
  ) -> (Verdict, Reason) {
    let n = numeric.value
    let bound = numeric.bound
    if !a.isFinite { return (.nonfinite, .analyticNotFinite) }
    if !n.isFinite { return (.nonfinite, .lossNotFiniteNearby) }
    if numeric.isKinked && numeric.isSubgradient(a) { return (.kink, .subgradient) }
    if abs(a - n) > bound {
      return (.fail, numeric.isKinked ? .outsideSlopes : .outsideBound)
    }
    if bound <= tolerance * max(abs(a), abs(n)) { return (.pass, .none) }
    let isSmall = bound <= tolerance * scale
    if abs(a) < bound && abs(n) < bound && isSmall { return (.zero, .none) }
    if isSmall { return (.inconclusive, .smallInItsTensor) }
    if abs(a) < bound && abs(n) < bound { return (.inconclusive, .vanishing) }
    return (
      .inconclusive, numeric.truncation > numeric.roundoff ? .truncation : .roundoff
    )
  }
}
