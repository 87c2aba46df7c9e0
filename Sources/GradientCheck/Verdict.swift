/// The conclusion about one analytic derivative a. The numeric derivative is n ± B, and B
/// includes the round-off error. The first verdict that applies is used, in this order.
public enum Verdict: String, Sendable, CaseIterable {
  /// The loss at these values is NaN or infinite, or a is.
  case nonfinite = "NONFINITE"
  /// Two identical evaluations give different bits.
  case nondeterministic = "NONDETERMINISTIC"
  /// The loss has a kink here, and a is a valid subgradient.
  case kink = "KINK"
  /// |a − n| > B, and either the layer by itself is wrong too, or the excess is beyond any
  /// round-off.
  case fail = "FAIL"
  /// |a − n| ≤ B and B ≤ τ·max(|a|, |n|).
  case pass = "PASS"
  /// |a|, |n| and B are at most τ times the terms that cancel or the root mean square of the
  /// tensor's gradient; or no change of the entry has an effect.
  case zero = "ZERO"
  /// The bound is too wide to decide.
  case inconclusive = "INCONCLUSIVE"

  /// Whether the verdict is a proof.
  public var isProof: Bool { self == .pass || self == .zero }

  /// Whether the verdict is a fault.
  public var isFault: Bool { self == .nonfinite || self == .nondeterministic || self == .fail }

  /// Whether the verdict settles an entry.
  var isSettled: Bool { isProof || self == .kink }
}

/// The reason for a verdict.
public enum Reason: String, Sendable {
  case none = ""
  case analyticNotFinite = "the analytic gradient is not finite"
  case lossNotFinite = "the loss is not finite"
  case lossNotFiniteNearby = "the loss is not finite near this value"
  case evaluationsDiffer = "two evaluations at the same values differ"
  case evaluationDrifts = "a later evaluation at the same values differs"
  case subgradient = "between the one-sided slopes"
  case outsideSlopes = "at a kink and outside the one-sided slopes"
  case directionAtKink = "it meets kinks and counts neither way"
  case apartFromKinks = "by the layer alone, apart from its outputs at kinks"
  case outsideBound = "further from the numeric value than the bound"
  case outsideWithinRoundoff = "outside its bound, within round-off"
  case betweenNodes = "each layer that reads it is right alone, and the sum is wrong"
  case meetingKinks = "kinks of several layers meet here; its layer alone is right"
  case eachOutput = "each output is between its one-sided slopes"
  case dead = "nothing to compare: no change of it, however large, changes anything"
  case saturated = "saturated: small changes of it change nothing"
  case negligible = "negligible beside its terms or its tensor"
  case truncation = "the bound is too wide: the loss bends too sharply"
  case roundoff = "the bound is too wide: round-off"
  case evaluationDiffers = "an output in an evaluation differs from that in training"
}

extension Verdict {
  /// A derivative below this fraction of `scale` is ZERO, regardless of its bound.
  static let negligible = 1e-10

  /// - Parameters:
  ///   - a: the analytic derivative.
  ///   - numeric: n and B.
  ///   - scale: the magnitude relative to which a derivative is negligible: the root mean
  ///     square of the tensor's gradient, or the sum of the magnitudes of its terms.
  ///   - tolerance: τ.
  static func judge(
    _ a: Double, against numeric: NumericDerivative, scale: Double, tolerance: Double
  ) -> (Verdict, Reason) {
    let n = numeric.value
    let bound = numeric.bound
    if !a.isFinite { return (.nonfinite, .analyticNotFinite) }
    if !n.isFinite { return (.inconclusive, .lossNotFiniteNearby) }
    if !bound.isFinite { return (.inconclusive, .truncation) }
    if numeric.isKinked && numeric.isSubgradient(a) { return (.kink, .subgradient) }
    let isNothing = max(abs(a), abs(n), bound) <= negligible * scale
    if abs(a - n) > bound && !isNothing {
      return (.fail, numeric.isKinked ? .outsideSlopes : .outsideBound)
    }
    let size = max(abs(a), abs(n))
    if bound <= tolerance * size { return (.pass, .none) }
    if max(size, bound) <= tolerance * scale { return (.zero, .negligible) }
    return (
      .inconclusive, numeric.truncation > numeric.roundoff ? .truncation : .roundoff
    )
  }
}
