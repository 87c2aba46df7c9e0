extension NumericDerivative {
  /// The derivative of `f` at the end of its domain, from the side on which f is finite.
  ///
  ///     q(h) = (f(x + h) − f(x)) / h,   aᵢⱼ = aᵢ,ⱼ₋₁ + (aᵢ,ⱼ₋₁ − aᵢ₋₁,ⱼ₋₁) / (2ʲ − 1)
  ///
  /// The value is NaN if f is not finite on either side. Otherwise only the slope of one side
  /// is known.
  @usableFromInline
  static func oneSided(
    at x: Double, base: Double, step: Double, error: Double, _ f: (Double) -> Double
  ) -> NumericDerivative {
    var found = NumericDerivative()
    var evaluations = 0
    var h = step
    for _ in 0...departureLimit {
      for side in [h, -h] where !found.value.isFinite {
        found = oneSidedTableau(at: x, base: base, step: side, error: error, f)
        evaluations += found.evaluations
      }
      if found.value.isFinite { break }
      h *= shrinkage
    }
    found.evaluations = evaluations
    return found
  }

  private static func oneSidedTableau(
    at x: Double, base: Double, step: Double, error: Double, _ f: (Double) -> Double
  ) -> NumericDerivative {
    var best = NumericDerivative()
    var a = InlineArray<10, Double>(repeating: 0)
    var r = InlineArray<10, Double>(repeating: 0)
    var h = step
    for i in 0..<rows {
      let moved = x + h
      let value = f(moved)
      best.evaluations += 1
      guard value.isFinite else { return NumericDerivative(best.evaluations) }
      best.extend(
        &a, &r, row: i, quotient: (value - base) / (moved - x),
        roundoff: (Double.ulpOfOne * (abs(value) + abs(base)) + error) / abs(moved - x)
          + Double.leastNormalMagnitude, ratio: 2, step: abs(h))
      h /= 2
    }
    return best
  }
}
