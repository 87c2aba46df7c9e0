/// A derivative by differences of float64 values, with an error bound.
///
///     q(h)   = (f(x₊) − f(x₋)) / (x₊ − x₋),   x± = x ± h as represented
///     aᵢ₀    = q(h₀ / 2ⁱ),                    rᵢ₀ = ε(|f₊| + |f₋|) / (x₊ − x₋)
///     aᵢⱼ    = aᵢ,ⱼ₋₁ + (aᵢ,ⱼ₋₁ − aᵢ₋₁,ⱼ₋₁) / (4ʲ − 1)
///     rᵢⱼ    = (4ʲ rᵢ,ⱼ₋₁ + rᵢ₋₁,ⱼ₋₁) / (4ʲ − 1)
///     tᵢⱼ    = max(|aᵢⱼ − aᵢ,ⱼ₋₁|, |aᵢⱼ − aᵢ₋₁,ⱼ₋₁|)
///
/// The entry with the least t + r is the derivative, and 10(t + r) its bound.
/// Ridders' t by itself is no bound: neighbors agree by chance at the level of round-off, so
/// the round-off r is carried along.
///
/// If the one-sided slopes D₊ and D₋ do not meet as h shrinks,
///
///     J(h) = D₊(h) − D₋(h),   J(h/2) / J(h) > 0.6    (0.50 where f is smooth)
///
/// there is a kink within h: h₀ shrinks and the tableau starts anew; if that
/// never helps, the kink is at x itself and `isKinked` is true.
///
/// ε(|f₊| + |f₋|) is the error of f's own rounding. A loss near 0, (y − t)² with y ≈ t, is
/// less exact than that, because y was rounded before: if the tableau does not settle, and
/// before an entry is called wrong, the noise of f is measured and added to r. Of 20,000 right
/// gradients of networks trained to residuals of 1e-2 … 1e-12, 10,124 came out wrong without
/// it; of 100,000, 20 do with it, all of units so saturated that they hardly move the loss.
/// The checks of single layers decide these.
///
/// A step that leaves the domain of f, where f is NaN or infinite, is made smaller;
/// at the end of a domain the derivative is that of one side.
///
/// - Source: Ridders 1982; Press et al., "Numerical Recipes", dfridr, which
///   divides h by 1.4. Halving it takes about as many evaluations (7.5 an entry
///   against 7.4, on 20,000 sigmoid + Lp parameters) and gives J(h/2) for none.
///   The noise: Hamming 1971; Moré and Wild 2011, "Estimating computational
///   noise".
public struct NumericDerivative: Sendable {
  /// The derivative; NaN where no step gave finite values.
  public var value: Double

  /// t and r of the chosen entry.
  public var truncation: Double
  public var roundoff: Double

  /// The smallest h that the chosen entry rests on.
  public var step: Double

  /// How often f was evaluated.
  public var evaluations: Int

  /// D₋ and D₊, extrapolated from the two smallest steps, and their error.
  public var slopeLeft: Double
  public var slopeRight: Double
  public var slopeError: Double

  /// True if J kept its size down to the smallest steps.
  public var isKinked: Bool

  /// True if f had the bits of f(x) at every step.
  public var isFlat: Bool

  /// B: how far `value` may be from the derivative.
  public var bound: Double { 10 * (truncation + roundoff) }

  /// Widens the bound by ten times the round-off of what it is compared with.
  mutating func add(roundoff more: Double) {
    roundoff += more
    slopeError += 10 * more
  }

  /// True if `slope` lies between D₋ and D₊: at a kink, a valid subgradient.
  public func isSubgradient(_ slope: Double) -> Bool {
    slope >= min(slopeLeft, slopeRight) - slopeError
      && slope <= max(slopeLeft, slopeRight) + slopeError
  }
}

extension NumericDerivative {
  /// Rows of a tableau: h runs from h₀ to h₀/512.
  @usableFromInline static let rows = 10

  /// How often h₀ may shrink, and by what.
  @usableFromInline static let retries = 3
  @usableFromInline static let shrinkage = 0x1p-6

  /// How often a step may be made smaller because it leaves the domain.
  @usableFromInline static let departureLimit = 12

  /// How many times smaller than h₀ kinks are looked for, in careful mode.
  @usableFromInline static let kinkScales = 6

  /// J within this many times its round-off is noise.
  @usableFromInline static let noiseMargin = 16.0

  /// h₀ for an entry of value x.
  public static func firstStep(at x: Double) -> Double { 1e-2 * max(1, abs(x)) }

  /// The derivative of `f` at `x`.
  ///
  /// - Parameters:
  ///   - base: f(x).
  ///   - step: h₀.
  ///   - goal: a bound of `goal`·|value| is good enough to stop at.
  ///   - error: the error of f(x ± h) because x ± h is rounded.
  ///   - isCareful: measures f's noise from the start, not only if the tableau does not
  ///     settle: before a derivative is called wrong.
  /// - Cost: two evaluations a row; three or four rows where f is smooth on the
  ///   scale of h₀, and at most 148 evaluations. Allocates nothing.
  @inlinable
  public static func of(
    at x: Double, base: Double, step: Double, goal: Double, error: Double = 0,
    isCareful: Bool = false, _ f: (Double) -> Double
  ) -> NumericDerivative {
    var best = NumericDerivative()
    guard base.isFinite, x.isFinite else { return best }
    var evaluations = 0
    var first = step
    var error = error
    var isMeasured = false
    var isToMeasure = isCareful
    var shrinkages = 0
    var departures = 0
    var isBeside = false
    while shrinkages <= retries {
      if isToMeasure && !isMeasured {
        isMeasured = true
        error +=
          noise(of: f, from: x + first, within: first, evaluations: &evaluations)
          + noise(of: f, from: x - first, within: first, evaluations: &evaluations)
        best = NumericDerivative()
      }
      let found = tableau(at: x, base: base, step: first, goal: goal, error: error, f)
      evaluations += found.evaluations
      if !found.value.isFinite {
        departures += 1
        if departures > departureLimit { break }
        first *= shrinkage
        if x != 0 { first = min(first, abs(x) / 2) }
        continue
      }
      // A kink that is closer than round-off leaves no room for a step.
      let isSeen = !isBeside || found.bound < 1e-3 * abs(found.value)
      if isSeen && found.improves(on: best) { best = found }
      if !found.isKinked && found.value.isFinite {
        if found.bound <= goal * abs(found.value) || found.isRoundoffLimited { break }
        if !isMeasured {
          isToMeasure = true
          continue
        }
      }
      // Most kinks beside x are at 0.
      let isLast = shrinkages == retries && x != 0 && abs(x) / 4 < first
      if isLast && (best.isKinked || isCareful) {
        first = abs(x) / 4
        shrinkages = retries
        if isBeside { break }
        isBeside = true
        continue
      }
      first *= shrinkage
      shrinkages += 1
    }
    if !best.value.isFinite {
      best = oneSided(at: x, base: base, step: step, error: error, f)
      evaluations += best.evaluations
    }
    best.evaluations = evaluations
    return best
  }

  /// Looks for a kink that curvature hides at larger steps, at the smallest step at which J
  /// exceeds its noise. If there is none, a kink may still hide below the least |J| of any
  /// step, which is added to the bound.
  ///
  /// For a derivative that would be called wrong. Measures the noise, as `of` does; about 60
  /// evaluations.
  @inlinable
  mutating func lookForKink(
    at x: Double, base: Double, step: Double, error: Double, _ f: (Double) -> Double
  ) {
    guard value.isFinite, !isKinked else { return }
    let error =
      error
      + NumericDerivative.noise(of: f, from: x + step, within: step, evaluations: &evaluations)
      + NumericDerivative.noise(of: f, from: x - step, within: step, evaluations: &evaluations)
    var h = step
    for _ in 0..<NumericDerivative.kinkScales { h *= NumericDerivative.shrinkage }
    var hidden = Double.infinity
    var isDecided = false
    while h <= step {
      let wide = Slopes(at: x, base: base, step: h, error: error, f)
      let narrow = Slopes(at: x, base: base, step: h / 2, error: error, f)
      evaluations += 4
      let noise = NumericDerivative.noiseMargin * narrow.noise
      if !isDecided && abs(wide.jump) > noise {
        isDecided = true
        if narrow.jump / wide.jump > 0.6 {
          isKinked = true
          note(narrow, after: wide)
          return
        }
      }
      hidden = min(hidden, abs(narrow.jump) + noise)
      h /= NumericDerivative.shrinkage
    }
    if hidden.isFinite { truncation += hidden / 10 }
  }

  /// D₋ and D₊ at h = 0, extrapolated from two steps.
  @inlinable
  mutating func note(_ narrow: Slopes, after wide: Slopes) {
    slopeLeft = 2 * narrow.left - wide.left
    slopeRight = 2 * narrow.right - wide.right
    slopeError =
      max(abs(narrow.right - wide.right), abs(narrow.left - wide.left))
      + NumericDerivative.noiseMargin * narrow.noise
  }

  /// D₋(h) and D₊(h), and the round-off of their difference.
  @usableFromInline
  struct Slopes {
    @usableFromInline let left: Double
    @usableFromInline let right: Double
    @usableFromInline let noise: Double

    /// J(h).
    @inlinable var jump: Double { right - left }

    @inlinable
    init(left: Double, right: Double, noise: Double) {
      self.left = left
      self.right = right
      self.noise = noise
    }

    @inlinable
    init(at x: Double, base: Double, step h: Double, error: Double, _ f: (Double) -> Double) {
      let fRight = f(x + h)
      let fLeft = f(x - h)
      let size = abs(fRight) + abs(fLeft) + 2 * abs(base)
      self.init(
        left: (base - fLeft) / (x - (x - h)), right: (fRight - base) / ((x + h) - x),
        noise: (Double.ulpOfOne * size + error) / h)
    }
  }

  /// True if a smaller truncation would gain nothing.
  @inlinable var isRoundoffLimited: Bool { truncation <= roundoff }

  /// Points of one measurement of noise.
  @usableFromInline static let noisePoints = 8

  /// The approximate error of f's values near `x`: twice the standard deviation of their
  /// fourth differences at a spacing of 1e-6·max(1, |x|), in which anything smooth has
  /// vanished. If f is so flat that rounding makes it a staircase, the spacing grows until there are steps to see, or the points
  /// fill half of the range.
  @inlinable
  static func noise(
    of f: (Double) -> Double, from x: Double, within range: Double, evaluations: inout Int
  ) -> Double {
    var spacing = 1e-6 * max(1, abs(x))
    var d = InlineArray<8, Double>(repeating: 0)
    for _ in 0..<3 {
      for i in 0..<noisePoints { d[i] = f(x + Double(i) * spacing) }
      evaluations += noisePoints
      var flat = 0
      for i in 1..<noisePoints where d[i] == d[i - 1] { flat += 1 }
      if flat <= noisePoints / 2 || 64 * Double(noisePoints) * spacing > range { break }
      spacing *= 32
    }
    for order in 1...4 {
      for i in 0..<(noisePoints - order) { d[i] = d[i + 1] - d[i] }
    }
    var sum = 0.0
    for i in 0..<(noisePoints - 4) { sum += d[i] * d[i] }
    // Differencing multiplies a variance by Σ C(4, k)² = 70.
    let noise = 2 * (sum / Double(noisePoints - 4) / 70).squareRoot()
    return noise.isFinite ? noise : 0
  }

  /// Nothing known yet.
  @usableFromInline init() {
    value = .nan
    truncation = .infinity
    roundoff = 0
    step = 0
    evaluations = 0
    slopeLeft = .nan
    slopeRight = .nan
    slopeError = 0
    isKinked = false
    isFlat = false
  }

  /// A smooth result beats a kinked one, the lesser error the greater, and of
  /// kinked ones the later: its slopes are closer to x.
  @usableFromInline
  func improves(on other: NumericDerivative) -> Bool {
    if !value.isFinite { return false }
    if !other.value.isFinite { return true }
    if isKinked != other.isKinked { return other.isKinked }
    return isKinked || truncation + roundoff < other.truncation + other.roundoff
  }

  /// Adds a row to a tableau of extrapolations, and keeps the entry with the least error.
  ///
  ///     aᵢⱼ = aᵢ,ⱼ₋₁ + (aᵢ,ⱼ₋₁ − aᵢ₋₁,ⱼ₋₁) / (ratioʲ − 1)
  ///
  /// - Parameters:
  ///   - a: the row before, which becomes row i; `r` has the round-off of its entries.
  ///   - ratio: of the leading errors of two rows: 4 for central differences, 2 for one-sided ones.
  @inlinable
  mutating func extend(
    _ a: inout InlineArray<10, Double>, _ r: inout InlineArray<10, Double>, row i: Int,
    quotient: Double, roundoff rounding: Double, ratio: Double, step: Double
  ) {
    var last = (a: a[0], r: r[0])
    a[0] = quotient
    r[0] = rounding
    if i == 0 {
      value = a[0]
      roundoff = r[0]
      self.step = step
    }
    var power = 1.0
    for j in 1..<(i + 1) {
      power *= ratio
      let next = (a: a[j], r: r[j])
      a[j] = a[j - 1] + (a[j - 1] - last.a) / (power - 1)
      r[j] = (power * r[j - 1] + last.r) / (power - 1)
      let t = max(abs(a[j] - a[j - 1]), abs(a[j] - last.a))
      if t + r[j] < truncation + roundoff {
        value = a[j]
        truncation = t
        roundoff = r[j]
        self.step = step
      }
      last = next
    }
  }

  /// One tableau from h₀ = `step` on; it ends early once it is good enough, or
  /// limited by round-off, or at a kink.
  @inlinable
  static func tableau(
    at x: Double, base: Double, step: Double, goal: Double, error: Double,
    _ f: (Double) -> Double
  ) -> NumericDerivative {
    let epsilon = Double.ulpOfOne
    var best = NumericDerivative()
    // The last row: aᵢⱼ and rᵢⱼ.
    var a = InlineArray<10, Double>(repeating: 0)
    var r = InlineArray<10, Double>(repeating: 0)
    var h = step
    var lastSlopes = Slopes(left: .nan, right: .nan, noise: .nan)
    var wasKinked = false
    best.isFlat = true

    for i in 0..<rows {
      let right = x + h
      let left = x - h
      let fRight = f(right)
      let fLeft = f(left)
      best.evaluations += 2
      guard fRight.isFinite, fLeft.isFinite else { return NumericDerivative(best.evaluations) }
      if fRight != base || fLeft != base { best.isFlat = false }

      let rounding = epsilon * (abs(fRight) + abs(fLeft)) + error
      // Never 0, so that a function that is 0 throughout proves nothing.
      best.extend(
        &a, &r, row: i, quotient: (fRight - fLeft) / (right - left),
        roundoff: rounding / (right - left) + Double.leastNormalMagnitude, ratio: 4, step: h)

      let slopes = Slopes(
        left: (base - fLeft) / (x - left), right: (fRight - base) / (right - x),
        noise: (rounding + 2 * epsilon * abs(base)) / h)
      if i > 0 {
        let isKinked =
          abs(lastSlopes.jump) > max(noiseMargin * slopes.noise, goal * abs(a[0]))
          && slopes.jump / lastSlopes.jump > 0.6
        best.isKinked = isKinked
        best.note(slopes, after: lastSlopes)
        if isKinked && wasKinked { return best }
        let isGood = best.bound <= goal * abs(best.value) || best.isRoundoffLimited
        if !isKinked && isGood { return best }
        wasKinked = isKinked
      }
      lastSlopes = slopes
      h /= 2
    }
    return best
  }

  /// Nothing found, at this cost.
  @usableFromInline init(_ evaluations: Int) {
    self.init()
    self.evaluations = evaluations
  }
}
