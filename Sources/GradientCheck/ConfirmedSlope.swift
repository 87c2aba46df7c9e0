extension NumericDerivative {
  /// The largest number of steps of a confirmation. Each step is an eighth of the previous
  /// one.
  private static let confirmingSteps = 100

  /// Whether central differences at the three smallest sufficiently exact steps all give
  /// `value` too. In that case `slope` is wrong at every scale, not only at the scale of the
  /// tableau.
  ///
  /// - Parameters:
  ///   - slope: the derivative that differs.
  ///   - error: the error of f(x ± h), in addition to its own rounding.
  ///   - acceptsFlat: whether an f that does not change confirms a `value` of 0.
  mutating func confirms(
    against slope: Double, at x: Double, base: Double, step: Double, error: Double,
    acceptsFlat: Bool, _ f: (Double) -> Double
  ) -> Bool {
    let allowed = abs(slope - value) / 10
    let rounding = Double.ulpOfOne * (2 * abs(base) + abs(value) * step) + error
    var h = step
    var count = 0
    while count < NumericDerivative.confirmingSteps {
      let next = h / 8
      if rounding / next > allowed || x + next == x || x - next == x { break }
      h = next
      count += 1
    }
    guard count >= 3 else { return false }
    for _ in 0..<3 {
      let (right, left) = (x + h, x - h)
      let change = f(right) - f(left)
      evaluations += 2
      guard change != 0 || acceptsFlat, abs(change / (right - left) - value) <= allowed else {
        return false
      }
      h *= 8
    }
    return true
  }
}
