import NNExp

/// The gradient of `PowerMean` to a few units in the last place, and that of a learned p.
///
///     m = max|xᵢ| = |x_w|,  rᵢ = |xᵢ|/m,  rest = Σᵢ≠w rᵢᵖ,  s = 1 + rest
///     ∂y/∂xᵢ = sign(xᵢ)·rᵢ^(p−1)·s^(1/p)/s      (rᵢ^(p−1)·(s/n)^(1/p)/s where it normalizes)
///     ∂y/∂p  = (y/p)(Σ wᵢ ln rᵢ − ln(1 + rest)/p),  wᵢ = rᵢᵖ/s
///
/// A power of p multiplies the relative error of its base by p, so the rounding error of rᵢ is
/// computed and corrected afterward. If one entry dominates, ln s is computed as ln(1 + rest).
///
/// If it normalizes, the two terms of ∂y/∂p nearly cancel for entries of about one size. In this
/// form, all terms have one sign:
///
///     ∂y/∂p = (y/p²)·(1/n)Σ g(dᵢ),  g(d) = (1 + d)ln(1 + d) − d,  dᵢ = n·wᵢ − 1
///
/// Three times the cost of `PowerMean`: for float64, which checks gradients.
struct PrecisePowerMean<S: Scalar>: PoolingRule {
  /// p = p.high + p.low.
  let p: (high: S, low: S)
  let normalizes: Bool
  let isLearned: Bool

  /// ∂L/∂p so far.
  private(set) var dp: S = 0

  init(p: (high: S, low: S), normalizes: Bool, isLearned: Bool) {
    (self.p, self.normalizes, self.isLearned) = (p, normalizes, isLearned)
  }

  private var general: PowerMean<S> { PowerMean(p: p.high, normalizes: normalizes) }

  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S { general.value(x, patch) }

  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
  ) {
    var largest: S = 0
    var top = 0
    var isOrdinary = true
    for i in patch {
      if abs(x[i]) > largest { (largest, top) = (abs(x[i]), i) }
      isOrdinary = isOrdinary && x[i].isFinite
    }
    guard isOrdinary else {
      if isLearned { dp += dy * y }
      var general = general
      return general.addGradient(of: dy, y, x, patch, to: dx)
    }
    guard largest != 0 else { return }
    // For a tiny m the rounding error of a quotient underflows: scale both by a power of 2.
    let shift = largest < S.leastNormalMagnitude.squareRoot() ? -largest.exponent : 0
    let m = Ratio.scaled(largest, by: shift)
    func ratio(_ i: Int) -> Ratio<S> { Ratio(Ratio.scaled(abs(x[i]), by: shift), over: m) }

    var (sum, weights, excesses) = (CompensatedSum<S>(), CompensatedSum<S>(), CompensatedSum<S>())
    for i in patch where i != top && x[i] != 0 {
      let r = ratio(i)
      let w = r.power(p.high, p.low)
      sum.add(w)
      if isLearned && w != 0 { weights.add(w * r.logarithm) }
      if isLearned && normalizes { excesses.add(S.expm1(p.high * r.logarithm)) }
    }
    let rest = sum.value
    let s = 1 + rest
    let n = S(patch.count)
    let root = S.pow(normalizes ? s / n : s, 1 / p.high)
    let slope = dy * (root / s)
    for i in patch where x[i] != 0 {
      let size: S = i == top ? 1 : ratio(i).power(p.high - 1, p.low)
      dx[i] += x[i] < 0 ? -(slope * size) : slope * size
    }
    guard isLearned else { return }
    let perExponent = dy * (largest * root) / p.high
    guard normalizes else {
      dp += perExponent * (weights.value / s - S.log1p(rest) / p.high)
      return
    }
    for i in patch where x[i] == 0 { excesses.add(-1) }
    let (mean, share) = (excesses.value / n, s / n)
    var divergence = CompensatedSum<S>()
    for i in patch {
      if x[i] == 0 {
        divergence.add(1)
        continue
      }
      // 1 + d is wᵢ relative to the mean; for large wᵢ, d is computed from differences of rᵢᵖ − 1.
      let own = i == top ? 0 : S.expm1(p.high * ratio(i).logarithm)
      let part = i == top ? 1 / share : ratio(i).power(p.high, p.low) / share
      divergence.add(entropy(of: own > -0.5 ? (own - mean) / share : part - 1, part))
    }
    dp += perExponent * (divergence.value / n / p.high)
  }

  /// g(d) = t ln t − d for t = 1 + d ≥ 0, by ln(1 + d) = 2 artanh(d/(2 + d)) near 0.
  private func entropy(of d: S, _ t: S) -> S {
    if t == 0 { return 1 }
    if abs(d) > 0.5 { return t * S.log(t) - d }
    let u = d / (2 + d)
    var (power, tail) = (u, S(0))
    for k in stride(from: 3, through: 35, by: 2) {
      power *= u * u
      tail += power / S(k)
    }
    return 2 * (u * u + (1 + u) * tail) / (1 - u)
  }
}

/// A sum whose rounding errors are added up beside it (Neumaier 1974).
private struct CompensatedSum<S: Scalar> {
  private var sum: S = 0
  private var lost: S = 0

  var value: S { sum + lost }

  mutating func add(_ x: S) {
    let next = sum + x
    lost += abs(sum) >= abs(x) ? (sum - next) + x : (x - next) + sum
    sum = next
  }
}

/// |x|/m ≤ 1 in twice the digits: `quotient`·(1 + `lost`).
private struct Ratio<S: Scalar> {
  private let x: S
  private let m: S
  private let quotient: S
  private let lost: S

  init(_ x: S, over m: S) {
    (self.x, self.m) = (x, m)
    quotient = x / m
    lost = x.addingProduct(-quotient, m) / x
  }

  static func scaled(_ x: S, by shift: S.Exponent) -> S {
    shift == 0 ? x : S(sign: .plus, exponent: shift, significand: x)
  }

  /// The power of e + low. Where the quotient is a denormal, its power need not be: it is that of
  /// the roots.
  func power(_ e: S, _ low: S) -> S {
    if quotient < .leastNormalMagnitude {
      return S.pow(x.squareRoot() / m.squareRoot(), 2 * e)
    }
    let power = S.pow(quotient, e)
    let correction = e * lost + (low == 0 ? 0 : low * logarithm)
    return correction == 0 ? power : power.addingProduct(power, correction)
  }

  /// ln(x/m).
  var logarithm: S {
    if quotient > 0.5 { return S.log1p((x - m) / m) }
    return quotient < .leastNormalMagnitude ? S.log(x) - S.log(m) : S.log(quotient) + lost
  }
}
