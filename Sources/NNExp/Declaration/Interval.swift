/// A range of real numbers; each end may be included or excluded.
public struct Interval: Sendable, Hashable {
  public let lower: Double
  public let upper: Double
  public let includesLower: Bool
  public let includesUpper: Bool

  public init(
    from lower: Double, to upper: Double, includesLower: Bool = true, includesUpper: Bool = true
  ) {
    self.lower = lower
    self.upper = upper
    self.includesLower = includesLower
    self.includesUpper = includesUpper
  }

  /// Every finite number.
  public static let finite = Interval(
    from: -.infinity, to: .infinity, includesLower: false, includesUpper: false)

  /// x > 0, finite.
  public static let positive = above(0)

  /// x ≥ 0, finite.
  public static let nonnegative = atLeast(0)

  /// 0 ≤ x < 1, for momenta and decay rates.
  public static let fraction = Interval(from: 0, to: 1, includesUpper: false)

  /// 0 ≤ x ≤ 1.
  public static let unit = Interval(from: 0, to: 1)

  /// x ≥ lower, finite.
  public static func atLeast(_ lower: Double) -> Interval {
    Interval(from: lower, to: .infinity, includesUpper: false)
  }

  /// x ≥ lower, including +∞.
  public static func atLeastOrInfinite(_ lower: Double) -> Interval {
    Interval(from: lower, to: .infinity)
  }

  /// x > lower, finite.
  public static func above(_ lower: Double) -> Interval {
    Interval(from: lower, to: .infinity, includesLower: false, includesUpper: false)
  }

  /// True if `x` is in the interval; false for NaN.
  public func contains(_ x: Double) -> Bool {
    (includesLower ? x >= lower : x > lower) && (includesUpper ? x <= upper : x < upper)
  }

  /// A number in the interval, which replaces a wrong value so that reading can continue.
  var inside: Double {
    if lower.isFinite && upper.isFinite { return (lower + upper) / 2 }
    if lower.isFinite { return lower + 1 }
    return upper.isFinite ? upper - 1 : 0
  }
}

extension Interval: CustomStringConvertible {
  /// The interval in words: `≥ 1`, `> 0`, `from 0 to 1 (1 excluded)`, `finite`.
  public var description: String {
    switch (lower.isFinite, upper.isFinite) {
    case (false, false): return "finite"
    case (true, false):
      return (includesLower ? "≥ " : "> ") + shortest(lower) + (includesUpper ? " or .inf" : "")
    case (false, true): return (includesUpper ? "≤ " : "< ") + shortest(upper)
    case (true, true):
      var text = "from \(shortest(lower)) to \(shortest(upper))"
      if !includesLower && !includesUpper {
        text += " (both excluded)"
      } else if !includesLower {
        text += " (\(shortest(lower)) excluded)"
      } else if !includesUpper {
        text += " (\(shortest(upper)) excluded)"
      }
      return text
    }
  }
}
