import NNExp

/// p = 1 + ln(1 + e^ρ), the exponent that a parameter ρ determines.
///
///     L₀ = ln(1 + e^(−|ρ|)), rounded
///     p  = 1 + max(ρ, 0) + L₀ + e^(−L₀)(1 + e^(−|ρ|)) − 1
///
/// The relative error of rᵖ is |p ln r| times that of p: in float64, which checks gradients, p is
/// computed to twice the digits. The last two terms are one step of Newton's method.
enum LearnedExponent {
  /// p, rounded.
  static func rounded<S: Scalar>(_ rho: S) -> S {
    1 + ((rho > 0 ? rho : 0) + value(of: .log1p, value(of: .exp, -abs(rho))))
  }

  /// p = high + low.
  static func precise<S: Scalar>(_ rho: S) -> (high: S, low: S) {
    let size = abs(rho)
    let l = value(of: .log1p, value(of: .exp, -size))
    guard size.isFinite else { return (rounded(rho), 0) }
    // For larger |ρ|, L₀ is so small that its rounding error is negligible beside 1.
    var step = Pair<S>(0)
    if size < 40 {
      step = Pair(-l).expm1.plus(Pair(sum: -size, -l).exp)
    }
    let p = Pair(sum: 1, max(rho, 0)).plus(Pair(l)).plus(step)
    return (p.high, p.low)
  }

  /// A number in twice the digits: high + low.
  private struct Pair<S: Scalar> {
    let high: S
    let low: S

    init(_ high: S, _ low: S = 0) { (self.high, self.low) = (high, low) }

    init(sum a: S, _ b: S) {
      let sum = a + b
      let part = sum - a
      self.init(sum, (a - (sum - part)) + (b - part))
    }

    func plus(_ other: Pair) -> Pair {
      let sum = Pair(sum: high, other.high)
      return Pair(sum: sum.high, sum.low + (low + other.low))
    }

    func times(_ other: Pair) -> Pair {
      let product = high * other.high
      let error = productError(high, other.high)
      return Pair(sum: product, error + (high * other.low + low * other.high))
    }

    func over(_ k: S) -> Pair {
      let quotient = high / k
      let rest = (high - quotient * k) - productError(quotient, k)
      return Pair(sum: quotient, (rest + low) / k)
    }

    /// eˣ − 1 for |x| ≤ 41: Taylor's series at x/2¹², then 2t + t² twelve times.
    var expm1: Pair {
      let x = Pair(high * 0x1p-12, low * 0x1p-12)
      var sum = Pair(1)
      for k in stride(from: S(13), to: 1, by: -1) { sum = Pair(1).plus(x.times(sum).over(k)) }
      var t = x.times(sum)
      for _ in 0..<12 { t = Pair(2 * t.high, 2 * t.low).plus(t.times(t)) }
      return t
    }

    var exp: Pair { Pair(1).plus(expm1) }
  }
}
