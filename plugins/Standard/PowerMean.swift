import NNExp

/// (Σ|xᵢ|ᵖ)^(1/p), or ((1/n)Σ|xᵢ|ᵖ)^(1/p) if it normalizes, for finite p > 0.
///
/// Computed directly, this overflows for p = 700 and x = 3, and is 0 for p = 2 and x = 1e-200.
/// Therefore, everything is scaled by the largest magnitude:
///
///     m = max|xᵢ|,  rᵢ = |xᵢ|/m,  s = Σrᵢᵖ (or s/n),  u = s^(1/p),  y = m·u
///     ∂y/∂xᵢ = sign(xᵢ)(rᵢ/u)^(p−1)  (or 1/n of that)
///
/// rᵢ is computed as a quotient, never as a product with 1/m, which is infinite for a denormal
/// m. The backward pass uses m = y and u = 1 unless y is extremely large or small.
struct PowerMean<S: Scalar>: PoolingRule {
  let p: S
  let normalizes: Bool

  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S {
    let m = greatestMagnitude(x, patch)
    guard m > 0, m < .infinity else { return m }  // 0, ∞ and NaN
    return m * factor(x, patch, m)
  }

  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
  ) {
    let share = normalizes ? dy / S(patch.count) : dy
    let m = y.isComfortable ? y : greatestMagnitude(x, patch)
    guard m != 0 else { return }
    let u = y.isComfortable ? 1 : factor(x, patch, m)
    for i in patch where x[i] != 0 {
      let t = ratio(x[i], m) / u
      // If the quotient underflows, its power may not: it is computed from roots.
      let size =
        t < .leastNormalMagnitude
        ? S.pow(abs(x[i]).squareRoot() / m.squareRoot() / u.squareRoot(), 2 * (p - 1))
        : S.pow(t, p - 1)
      dx[i] += x[i] < 0 ? -(share * size) : share * size
    }
  }

  /// u = y/m.
  func factor(_ x: UnsafePointer<S>, _ patch: Patch, _ m: S) -> S {
    var s: S = 0
    for i in patch { s += S.pow(ratio(x[i], m), p) }
    return S.pow(normalizes ? s / S(patch.count) : s, 1 / p)
  }

  /// |x|/m; an infinite entry is one of the largest.
  func ratio(_ x: S, _ m: S) -> S {
    abs(x) == m ? 1 : abs(x) / m
  }
}

/// The rule for a learned p: as `PowerMean`, and also computes ∂L/∂p.
///
///     ∂y/∂p = (y/p)(Σwᵢ ln rᵢ − ln u),  wᵢ = rᵢᵖ/Σrⱼᵖ
struct LearnedPowerMean<S: Scalar>: PoolingRule {
  var power: PowerMean<S>

  /// The sum of ∂L/∂p so far.
  var dp: S = 0

  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S { power.value(x, patch) }

  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
  ) {
    power.addGradient(of: dy, y, x, patch, to: dx)
    let m = greatestMagnitude(x, patch)
    guard m != 0 else { return }
    var s: S = 0
    var weighted: S = 0
    for i in patch where x[i] != 0 {
      let r = power.ratio(x[i], m)
      let w = S.pow(r, power.p)
      s += w
      if w != 0 { weighted += w * S.log(r) }
    }
    let mean = power.normalizes ? s / S(patch.count) : s
    dp += dy * (y / power.p) * (weighted / s - S.log(mean) / power.p)
  }
}

/// p = 1: Σ|xᵢ|, with slope sign(xᵢ).
struct MagnitudeSum<S: Scalar>: PoolingRule {
  let normalizes: Bool

  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S {
    var sum: S = 0
    for i in patch { sum += abs(x[i]) }
    // A mean may be finite even if the sum is not.
    guard sum < .infinity || !normalizes else {
      return PowerMean(p: 1, normalizes: true).value(x, patch)
    }
    return normalizes ? sum / S(patch.count) : sum
  }

  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
  ) {
    let share = normalizes ? dy / S(patch.count) : dy
    for i in patch { dx[i] += share * signOrZero(x[i]) }
  }
}

/// p = 2: √Σxᵢ², with slope xᵢ/y.
struct EuclideanNorm<S: Scalar>: PoolingRule {
  let normalizes: Bool

  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S {
    var sum: S = 0
    for i in patch { sum += x[i] * x[i] }
    if normalizes { sum /= S(patch.count) }
    return sum.isComfortable
      ? sum.squareRoot() : PowerMean(p: 2, normalizes: normalizes).value(x, patch)
  }

  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
  ) {
    guard y.isComfortable else {
      var general = PowerMean<S>(p: 2, normalizes: normalizes)
      return general.addGradient(of: dy, y, x, patch, to: dx)
    }
    let share = normalizes ? dy / S(patch.count) : dy
    for i in patch { dx[i] += share * (x[i] / y) }
  }
}

/// p = 3: ∛Σ|xᵢ|³, with slope (xᵢ/y)|xᵢ/y|.
struct CubicNorm<S: Scalar>: PoolingRule {
  let normalizes: Bool

  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S {
    var sum: S = 0
    for i in patch { sum += abs(x[i]) * x[i] * x[i] }
    if normalizes { sum /= S(patch.count) }
    guard sum.isComfortable else {
      return PowerMean(p: 3, normalizes: normalizes).value(x, patch)
    }
    // One step of Newton's method corrects the rounding of 1/3.
    let y = S.pow(sum, 1 / 3)
    return y - (y * y * y - sum) / (3 * y * y)
  }

  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
  ) {
    guard y.isComfortable else {
      var general = PowerMean<S>(p: 3, normalizes: normalizes)
      return general.addGradient(of: dy, y, x, patch, to: dx)
    }
    let share = normalizes ? dy / S(patch.count) : dy
    for i in patch {
      let t = x[i] / y
      dx[i] += share * (t * abs(t))
    }
  }
}

/// p = 4: √√Σxᵢ⁴, with slope (xᵢ/y)³.
struct QuarticNorm<S: Scalar>: PoolingRule {
  let normalizes: Bool

  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S {
    var sum: S = 0
    for i in patch {
      let square = x[i] * x[i]
      sum += square * square
    }
    if normalizes { sum /= S(patch.count) }
    return sum.isComfortable
      ? sum.squareRoot().squareRoot() : PowerMean(p: 4, normalizes: normalizes).value(x, patch)
  }

  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
  ) {
    guard y.isComfortable else {
      var general = PowerMean<S>(p: 4, normalizes: normalizes)
      return general.addGradient(of: dy, y, x, patch, to: dx)
    }
    let share = normalizes ? dy / S(patch.count) : dy
    for i in patch {
      let t = x[i] / y
      dx[i] += share * (t * t * t)
    }
  }
}

/// p = ∞: max|xᵢ|; the first entry with this magnitude has the slope sign(xᵢ).
struct LargestMagnitude<S: Scalar>: PoolingRule {
  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S { greatestMagnitude(x, patch) }

  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
  ) {
    for i in patch where abs(x[i]) == y || x[i].isNaN {
      dx[i] += dy * signOrZero(x[i])
      return
    }
  }
}

/// max|xᵢ|; NaN if there is one.
@inline(__always)
private func greatestMagnitude<S: Scalar>(_ x: UnsafePointer<S>, _ patch: Patch) -> S {
  var m: S = 0
  var nans = 0
  // Selections instead of branches, because it cannot be predicted which entry is larger.
  for i in patch {
    m = abs(x[i]) > m ? abs(x[i]) : m
    nans &+= x[i].isNaN ? 1 : 0
  }
  return nans == 0 ? m : .nan
}

/// The sign of x; x itself if it is 0 or NaN.
@inline(__always)
private func signOrZero<S: Scalar>(_ x: S) -> S { x > 0 ? 1 : x < 0 ? -1 : x }

extension Scalar {
  /// True if no power on the way to this value can have lost digits to underflow, and if its
  /// powers do not overflow: 1e-31…1e38 in float32, 1e-292…1e308 in float64.
  var isComfortable: Bool {
    self >= Self.leastNormalMagnitude / Self.ulpOfOne && self <= Self.greatestFiniteMagnitude / 2
  }
}
