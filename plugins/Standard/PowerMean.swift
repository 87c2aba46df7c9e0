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
    patch.inBlocks(rows: 2) { (block: EntryBlock<S>) in
      let (t, size) = (block.row(0), block.row(1))
      for k in t.indices { t[k] = ratio(x[block.positions[k]], m) / u }
      power(t, Double(p) - 1, into: size)
      for k in t.indices {
        let i = block.positions[k]
        if x[i] == 0 { continue }
        // If the quotient underflows, its power may not: it is computed from roots.
        let size =
          t[k] < .leastNormalMagnitude
          ? power(
            of: abs(x[i]).squareRoot() / m.squareRoot() / u.squareRoot(), 2 * (Double(p) - 1))
          : size[k]
        dx[i] += x[i] < 0 ? -(share * size) : share * size
      }
    }
  }

  /// u = y/m.
  func factor(_ x: UnsafePointer<S>, _ patch: Patch, _ m: S) -> S {
    var s: S = 0
    patch.inBlocks(rows: 1) { (block: EntryBlock<S>) in
      let r = block.row(0)
      for k in r.indices { r[k] = ratio(x[block.positions[k]], m) }
      power(r, Double(p), into: r)
      for k in r.indices { s += r[k] }
    }
    return power(of: normalizes ? s / S(patch.count) : s, 1 / Double(p))
  }

  /// |x|/m; an infinite entry is one of the largest.
  @inline(__always)
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
    patch.inBlocks(rows: 2) { (block: EntryBlock<S>) in
      let (r, w) = (block.row(0), block.row(1))
      for k in r.indices { r[k] = power.ratio(x[block.positions[k]], m) }
      NNExp.power(r, Double(power.p), into: w)
      map(.log, r, into: r)
      for k in r.indices where x[block.positions[k]] != 0 {
        s += w[k]
        if w[k] != 0 { weighted += w[k] * r[k] }
      }
    }
    let mean = power.normalizes ? s / S(patch.count) : s
    dp += dy * (y / power.p) * (weighted / s - Standard.value(of: .log, mean) / power.p)
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

extension Scalar {
  /// True if no power on the way to this value can have lost digits to underflow, and if its
  /// powers do not overflow: 1e-31…1e38 in float32, 1e-292…1e308 in float64.
  var isComfortable: Bool {
    self >= Self.leastNormalMagnitude / Self.ulpOfOne && self <= Self.greatestFiniteMagnitude / 2
  }
}
