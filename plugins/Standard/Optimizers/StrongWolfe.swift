import NNExp

/// A search along d for a length τ that satisfies the strong Wolfe conditions:
/// f(τ) ≤ f(0) + c₁τf′(0) and |f′(τ)| ≤ c₂|f′(0)|, c₁ = 1e-4, c₂ = 0.9.
///
/// It first increases τ until a suitable length is bracketed, then narrows the bracket by cubic
/// interpolation. A value that is NaN counts as too high.
/// - Source: Nocedal and Wright 2006, algorithms 3.5 and 3.6, in the form of PyTorch (which
///   follows minFunc).
struct StrongWolfe<S: Scalar> {
  /// A length with f, f′ and the index of the vector with its gradient.
  private struct Point {
    var length: Double
    var loss: Double
    var slope: Double
    var gradient: Int
  }

  private static var smallestBracket: Double { 1e-9 }

  private let w: Tensor<S>
  private let g: Tensor<S>
  private let d: Tensor<S>
  private let memory: LBFGSMemory<S>
  private let evaluate: () -> Double
  private let startLoss: Double
  private let startSlope: Double

  /// The maximum number of lengths to try after the first.
  private let maximumTrials: Int

  /// The result: a length and its loss. w and g are set to that point.
  private(set) var length: Double
  private(set) var loss: Double
  private(set) var evaluations = 0

  /// True if the lower end of the bracket was found before the other; it is preferred if both
  /// are equal.
  private var lowIsFirst = true

  init(
    _ pass: OptimizerStep<S>, _ memory: LBFGSMemory<S>, loss: Double, slope: Double,
    maximumTrials: Int, evaluate: @escaping () -> Double
  ) {
    w = pass.w
    g = pass.g
    d = memory.direction
    self.memory = memory
    self.evaluate = evaluate
    startLoss = loss
    startSlope = slope
    self.maximumTrials = maximumTrials
    length = memory.length
    self.loss = loss
  }

  mutating func run() {
    memory.search(0).update(from: w)
    keepGradient(in: 1)
    let start = Point(length: 0, loss: startLoss, slope: startSlope, gradient: 1)
    var trials = 0
    var (low, high, isDone) = bracket(from: start, trials: &trials)
    if !isDone { narrow(&low, &high, trials: trials) }
    length = low.length
    loss = low.loss
    move(to: length)
    g.update(from: memory.search(low.gradient))
  }

  /// Increases the step until a bracket or a result is found. The first point is the lower one.
  private mutating func bracket(
    from start: Point, trials: inout Int
  ) -> (low: Point, high: Point, isDone: Bool) {
    var before = start
    var here = trial(at: length, gradient: 2)
    while trials < maximumTrials {
      if isTooHigh(here) || (trials > 1 && !(here.loss < before.loss)) {
        return ordered(before, here)
      }
      if isFlat(here) { return (here, here, true) }
      if here.slope >= 0 { return ordered(before, here) }
      let next = StrongWolfe.minimum(
        between: before, here, from: here.length + 0.01 * (here.length - before.length),
        to: here.length * 10)
      let free = before.gradient
      before = here
      here = trial(at: next, gradient: free)
      trials += 1
    }
    // No trials are left: uses the better of the starting point, whose gradient is stored, and
    // this point.
    if StrongWolfe.isLower(start.loss, here.loss) {
      memory.search(1).update(from: memory.previous)
      return (start, here, true)
    }
    return (here, start, true)
  }

  /// Narrows the bracket until the conditions hold at its lower end.
  private mutating func narrow(_ low: inout Point, _ high: inout Point, trials: Int) {
    let size = maximumNorm(d)
    var trials = trials
    var wasNearEnd = false
    while trials < maximumTrials {
      let (a, b) = (min(low.length, high.length), max(low.length, high.length))
      if (b - a) * size < Self.smallestBracket { return }
      var next = StrongWolfe.minimum(between: low, high, from: a, to: b)
      // If the new length is too close to an end twice, it is moved inside by a tenth of the
      // bracket.
      let tenth = 0.1 * (b - a)
      let isNearEnd = min(b - next, next - a) < tenth
      if isNearEnd && (wasNearEnd || next >= b || next <= a) {
        next = abs(next - b) < abs(next - a) ? b - tenth : a + tenth
        wasNearEnd = false
      } else {
        wasNearEnd = isNearEnd
      }

      let spare = high.gradient
      let here = trial(at: next, gradient: nil)
      trials += 1
      if isTooHigh(here) || !(here.loss < low.loss) {
        keepGradient(in: spare)
        high = Point(length: next, loss: here.loss, slope: here.slope, gradient: spare)
        let staysLow =
          lowIsFirst
          ? StrongWolfe.isLower(low.loss, high.loss)
          : !StrongWolfe.isLower(high.loss, low.loss)
        if !staysLow {
          swap(&low, &high)
          lowIsFirst.toggle()
        }
        continue
      }
      let isDone = isFlat(here)
      let old = low
      if !isDone && here.slope * (high.length - low.length) >= 0 { high = old }
      // The gradient of the old upper end is not needed after that end has moved.
      let room = high.gradient == old.gradient ? spare : old.gradient
      keepGradient(in: room)
      low = Point(length: next, loss: here.loss, slope: here.slope, gradient: room)
      if isDone { return }
    }
  }

  /// Returns f and f′ at a length. The gradient is stored in a vector if an index is given.
  private mutating func trial(at length: Double, gradient: Int?) -> Point {
    move(to: length)
    let loss = evaluate()
    evaluations += 1
    if let gradient { keepGradient(in: gradient) }
    return Point(length: length, loss: loss, slope: dot(g, d), gradient: gradient ?? 0)
  }

  private func keepGradient(in vector: Int) {
    memory.search(vector).update(from: g)
  }

  private func move(to length: Double) {
    let start = memory.search(0)
    let τ = S(length)
    for i in w.indices { w[i] = start[i] + τ * d[i] }
  }

  private func isTooHigh(_ p: Point) -> Bool {
    !(p.loss <= startLoss + 1e-4 * p.length * startSlope)
  }

  private func isFlat(_ p: Point) -> Bool { abs(p.slope) <= -0.9 * startSlope }

  private mutating func ordered(_ a: Point, _ b: Point) -> (Point, Point, Bool) {
    lowIsFirst = StrongWolfe.isLower(a.loss, b.loss)
    return lowIsFirst ? (a, b, false) : (b, a, false)
  }

  private static func isLower(_ a: Double, _ b: Double) -> Bool { a <= b || b.isNaN }

  /// The minimum of the cubic through both points (values and slopes), within the bounds; the
  /// middle of the bounds if there is none.
  private static func minimum(
    between p: Point, _ q: Point, from lower: Double, to upper: Double
  ) -> Double {
    let (a, b) = p.length <= q.length ? (p, q) : (q, p)
    let d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
    let square = d1 * d1 - a.slope * b.slope
    if !(square >= 0) { return (lower + upper) / 2 }
    let d2 = square.squareRoot()
    let least =
      b.length - (b.length - a.length) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    if !least.isFinite { return (lower + upper) / 2 }
    return min(max(least, lower), upper)
  }
}
