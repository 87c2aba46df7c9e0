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
    let ratios = Ratios(
      x, top: top, m: largest, p: p,
      shift: largest < S.leastNormalMagnitude.squareRoot() ? -largest.exponent : 0)

    var (sum, weights, excesses) = (CompensatedSum<S>(), CompensatedSum<S>(), CompensatedSum<S>())
    patch.inBlocks(rows: Ratios<S>.rows) { (block: EntryBlock<S>) in
      ratios.compute(block, logarithms: isLearned)
      let (w, logarithm, excess) = (block.row(2), block.row(3), block.row(4))
      ratios.powers(block, exponent: p.high, into: w)
      if isLearned && normalizes { ratios.excesses(block, into: excess) }
      for k in w.indices where block.positions[k] != top && x[block.positions[k]] != 0 {
        sum.add(w[k])
        if isLearned && w[k] != 0 { weights.add(w[k] * logarithm[k]) }
        if isLearned && normalizes { excesses.add(excess[k]) }
      }
    }
    let rest = sum.value
    let s = 1 + rest
    let n = S(patch.count)
    let root = power(of: normalizes ? s / n : s, 1 / Double(p.high))
    let slope = dy * (root / s)
    patch.inBlocks(rows: Ratios<S>.rows) { (block: EntryBlock<S>) in
      ratios.compute(block, logarithms: false)
      let size = block.row(2)
      ratios.powers(block, exponent: p.high - 1, into: size)
      for k in size.indices {
        let i = block.positions[k]
        if x[i] == 0 { continue }
        let size: S = i == top ? 1 : size[k]
        dx[i] += x[i] < 0 ? -(slope * size) : slope * size
      }
    }
    guard isLearned else { return }
    let perExponent = dy * (largest * root) / p.high
    guard normalizes else {
      dp += perExponent * (weights.value / s - Standard.value(of: .log1p, rest) / p.high)
      return
    }
    for i in patch where x[i] == 0 { excesses.add(-1) }
    let (mean, share) = (excesses.value / n, s / n)
    var divergence = CompensatedSum<S>()
    patch.inBlocks(rows: Ratios<S>.rows) { (block: EntryBlock<S>) in
      ratios.compute(block, logarithms: true)
      let (w, excess) = (block.row(2), block.row(4))
      ratios.powers(block, exponent: p.high, into: w)
      ratios.excesses(block, into: excess)
      for k in w.indices {
        let i = block.positions[k]
        if x[i] == 0 {
          divergence.add(1)
          continue
        }
        // 1 + d is wᵢ relative to the mean; for large wᵢ, d is computed from differences of
        // rᵢᵖ − 1.
        let own = i == top ? 0 : excess[k]
        let part = i == top ? 1 / share : w[k] / share
        divergence.add(entropy(of: own > -0.5 ? (own - mean) / share : part - 1, part))
      }
    }
    dp += perExponent * (divergence.value / n / p.high)
  }

  /// g(d) = t ln t − d for t = 1 + d ≥ 0, by ln(1 + d) = 2 artanh(d/(2 + d)) near 0.
  private func entropy(of d: S, _ t: S) -> S {
    if t == 0 { return 1 }
    if abs(d) > 0.5 { return t * Standard.value(of: .log, t) - d }
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

/// |x|/m ≤ 1 in twice the digits for some entries: row 0 is the quotient q, row 1 its relative
/// rounding error, row 3 the logarithm of |x|/m. Entries that are 0 or the largest have q = 1.
private struct Ratios<S: Scalar> {
  static var rows: Int { 5 }

  private let x: UnsafePointer<S>
  private let top: Int
  private let m: S
  private let p: (high: S, low: S)
  private let shift: S.Exponent

  init(_ x: UnsafePointer<S>, top: Int, m: S, p: (high: S, low: S), shift: S.Exponent) {
    (self.x, self.top, self.p, self.shift) = (x, top, p, shift)
    self.m = Ratios.scaled(m, by: shift)
  }

  private static func scaled(_ x: S, by shift: S.Exponent) -> S {
    shift == 0 ? x : S(sign: .plus, exponent: shift, significand: x)
  }

  /// |x| of an entry, scaled.
  @inline(__always)
  private func size(_ i: Int) -> S { Ratios.scaled(abs(x[i]), by: shift) }

  /// Fills rows 0 and 1, and row 3 if a power or the caller needs it.
  func compute(_ block: EntryBlock<S>, logarithms: Bool) {
    let (q, lost, logarithm) = (block.row(0), block.row(1), block.row(3))
    for k in q.indices {
      let i = block.positions[k]
      (q[k], lost[k]) = (1, 0)
      if i == top || x[i] == 0 { continue }
      let x = size(i)
      q[k] = x / m
      lost[k] = ((x - q[k] * m) - productError(q[k], m)) / x
    }
    guard logarithms || p.low != 0 else { return }
    let near = block.row(4)
    for k in q.indices {
      let i = block.positions[k]
      near[k] = q[k] > 0.5 && i != top && x[i] != 0 ? (size(i) - m) / m : 0
    }
    map(.log1p, near, into: near)
    map(.log, q, into: logarithm)
    for k in q.indices {
      if q[k] > 0.5 {
        logarithm[k] = near[k]
      } else if q[k] < .leastNormalMagnitude {
        logarithm[k] =
          value(of: .log, size(block.positions[k])) - value(of: .log, m)
      } else {
        logarithm[k] += lost[k]
      }
    }
  }

  /// The powers of e + p.low. Where the quotient is a denormal, its power need not be: it is that of
  /// the roots.
  func powers(_ block: EntryBlock<S>, exponent e: S, into y: Tensor<S>) {
    let (q, lost, logarithm) = (block.row(0), block.row(1), block.row(3))
    power(q, Double(e), into: y)
    for k in q.indices {
      if q[k] < .leastNormalMagnitude {
        let root = size(block.positions[k]).squareRoot() / m.squareRoot()
        y[k] = power(of: root, 2 * Double(e))
      } else {
        y[k] += y[k] * (e * lost[k] + (p.low == 0 ? 0 : p.low * logarithm[k]))
      }
    }
  }

  /// rᵖ − 1.
  func excesses(_ block: EntryBlock<S>, into y: Tensor<S>) {
    let logarithm = block.row(3)
    for k in y.indices { y[k] = p.high * logarithm[k] }
    map(.expm1, y, into: y)
  }
}
