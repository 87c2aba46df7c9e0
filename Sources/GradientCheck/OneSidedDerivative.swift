extension NumericDerivative {
  /// The derivative of `f` at the end of its domain, from the side on which it is finite.
  ///
  ///     q(h) = (f(x + h) − f(x)) / h,   aᵢⱼ = aᵢ,ⱼ₋₁ + (aᵢ,ⱼ₋₁ − aᵢ₋₁,ⱼ₋₁) / (2ʲ − 1)
  ///
  /// The value is NaN if neither side is finite. Otherwise only the slope of that side is
  /// known: the function has no other there.
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
    var a = [Double](repeating: 0, count: rows)
    var r = [Double](repeating: 0, count: rows)
    var h = step
    for i in 0..<rows {
      let moved = x + h
      let value = f(moved)
      best.evaluations += 1
      guard value.isFinite else { return NumericDerivative(best.evaluations) }
      var last = (a: a[0], r: r[0])
      a[0] = (value - base) / (moved - x)
      r[0] =
        (Double.ulpOfOne * (abs(value) + abs(base)) + error) / abs(moved - x)
        + Double.leastNormalMagnitude
      if i == 0 {
        best.value = a[0]
        best.roundoff = r[0]
        best.step = abs(h)
      }
      var power = 1.0
      for j in 1..<(i + 1) {
        power *= 2
        let next = (a: a[j], r: r[j])
        a[j] = a[j - 1] + (a[j - 1] - last.a) / (power - 1)
        r[j] = (power * r[j - 1] + last.r) / (power - 1)
        let t = max(abs(a[j] - a[j - 1]), abs(a[j] - last.a))
        if t + r[j] < best.truncation + best.roundoff {
          best.value = a[j]
          best.truncation = t
          best.roundoff = r[j]
          best.step = abs(h)
        }
        last = next
      }
      h /= 2
    }
    return best
  }
}
