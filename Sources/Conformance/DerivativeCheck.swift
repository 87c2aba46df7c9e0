import GradientCheck
import NNExp

/// Compares the vector-Jacobian products of one subject with differences, for one draw.
///
///     a = Σⱼ dyⱼ ∂yⱼ/∂x   by backward,      n ± B = d/dx Σⱼ dyⱼ (yⱼ(x) − yⱼ)   by differences
///
/// Differences from the present outputs contain only the round-off of the outputs that an
/// entry changes. If a is outside the bound:
///
/// - the round-off of f is measured, and a is allowed its own error: x, parameters, y
///   and dy are perturbed five times by ±1 unit in the last place, and the allowance is ten
///   times the root mean square of the changes over the tensor, unless n shows that hardly
///   any digit of a is right;
/// - at a kink, each output is checked: the backward pass with the cotangent eⱼ must be
///   between the one-sided slopes of yⱼ, and the sum of these products times dyⱼ must be a.
///   slopes of yⱼ, and these products, multiplied by dyⱼ, must add up to a.
final class DerivativeCheck {
  /// The verdict on one entry.
  enum Verdict {
    case proven
    /// The derivative is a valid subgradient.
    case kink
    /// The derivative is within a bound that is too wide for a proof.
    case open
    case wrong
  }

  struct Finding {
    var index: Int
    var verdict: Verdict
    var analytic: Double
    var numeric: Double
    var bound: Double
    /// Whether a is right except for the digits that cancel.
    var cancels = false
  }

  let subject: any VJPSubject
  let tolerance: Double
  let random: RandomStream
  let gradients: [[Double]]
  private let base: [[Double]]

  /// Whether two evaluations with the same values give the same bits.
  let isRepeatable: Bool

  /// The round-off of each tensor's gradient, measured when it is first used.
  private lazy var analyticRoundoff = measureRoundoff()

  init(_ subject: any VJPSubject, tolerance: Double, random: RandomStream) {
    (self.subject, self.tolerance, self.random) = (subject, tolerance, random)
    subject.evaluate()
    let first = subject.outputs.map(\.values)
    subject.evaluate()
    base = subject.outputs.map(\.values)
    isRepeatable = zip(first, base).allSatisfy { difference($0, $1) == nil }
    gradients = subject.vjp()
  }

  /// Whether every output is finite; otherwise nothing can be compared.
  var isFinite: Bool { base.allSatisfy { $0.allSatisfy(\.isFinite) } }

  private var tensors: [SubjectTensor] { subject.tensors }

  /// The numeric derivative of every entry, for the present cotangents.
  func numericGradient(_ t: Int) -> [NumericDerivative] {
    (0..<tensors[t].count).map { derivative(t, $0) }
  }

  // MARK: Entries

  /// Checks at most `limit` entries of a tensor. If there are more, also checks two
  /// directions of ±1 entries, in which a single wrong entry appears at its full size.
  func check(_ t: Int, limit: Int) -> [Finding] {
    let count = tensors[t].count
    var findings: [Finding] = []
    for index in DerivativeCheck.entries(limit, of: count, random.stream(t)) {
      findings.append(finding(t, index))
      if findings.last!.verdict == .wrong { return findings }
    }
    guard count > limit else { return findings }
    for direction in 0..<2 {
      let signs = random.stream(t).stream(1 + direction)
      let d = (0..<count).map { signs.uniform(at: $0) < 0.5 ? -1.0 : 1.0 }
      if let wrong = wrongEntry(t, along: d, among: 0..<count) { findings.append(wrong) }
    }
    return findings
  }

  /// The first and the last entry, and one of each of several equal ranges between them.
  static func entries(_ limit: Int, of count: Int, _ random: RandomStream) -> [Int] {
    if count <= limit { return Array(0..<count) }
    let inner = max(1, limit - 2)
    return [0]
      + (0..<inner).map { part in
        let first = 1 + (count - 2) * part / inner
        return first + random.integer(below: max(1, (count - 2) / inner), at: part)
      } + [count - 1]
  }

  func finding(_ t: Int, _ index: Int) -> Finding {
    let a = gradients[t][index]
    let n = derivative(t, index)
    func result(_ verdict: Verdict, _ n: NumericDerivative) -> Finding {
      Finding(index: index, verdict: verdict, analytic: a, numeric: n.value, bound: n.bound)
    }
    guard n.value.isFinite else { return result(.open, n) }
    if !a.isFinite { return result(.wrong, n) }
    if abs(a - n.value) <= n.bound {
      return result(isProof(n, of: a, t) ? .proven : .open, n)
    }
    if n.isKinked, n.isSubgradient(a) { return result(.kink, n) }
    // The second derivative starts from other steps and includes the measured noise of f.
    let noise = self.noise(t, index) + hiddenRoundoff(t, index)
    var careful = n
    for shrinkage in [1, 0.3, 0.03] {
      careful = derivative(t, index, shrinkage: shrinkage, noise: noise, isCareful: true)
      guard careful.value.isFinite else { return result(.open, careful) }
      if abs(a - careful.value) <= careful.bound {
        return result(isProof(careful, of: a, t) ? .proven : .open, careful)
      }
    }
    if isValidSubgradient(t, index) { return result(.kink, careful) }
    let excess = abs(a - careful.value) - careful.bound
    guard excess <= 10 * analyticRoundoff[t] else { return result(.wrong, careful) }
    // The excess can be round-off if enough digits are right.
    guard excess > 1e-4 * abs(careful.value) else { return result(.open, careful) }
    var finding = result(.wrong, careful)
    finding.cancels = true
    return finding
  }

  /// Whether the bound is small relative to the derivative, or relative to the tensor's
  /// gradient if the derivative vanishes. A derivative of 0 is exact if no change of the
  /// entry changes an output.
  private func isProof(_ n: NumericDerivative, of a: Double, _ t: Int) -> Bool {
    if n.bound <= tolerance * max(abs(a), abs(n.value)) || (a == 0 && n.value == 0) { return true }
    return max(abs(a), abs(n.value)) <= n.bound && n.bound <= tolerance * sizes[t]
  }

  /// The root mean square of each gradient.
  private lazy var sizes = gradients.map { g in
    (g.reduce(0) { $0 + $1 * $1 } / Double(max(1, g.count))).squareRoot()
  }

  /// The derivative d/dx Σ dy·(y − base) with its bound.
  private func derivative(
    _ t: Int, _ index: Int, shrinkage: Double = 1, noise: Double = 0, isCareful: Bool = false
  ) -> NumericDerivative {
    let values = subject.buffer(t).tensor
    let x = values[index]
    let step = NumericDerivative.firstStep(at: x) * shrinkage
    let error = moving(t, index, to: x + step) { roundoffOfOutputs() } + noise
    // The scale prevents an underflow of the squares in the measurement of noise.
    let scale = error > 0 && error < 1e-60 ? 1 / error : 1
    var result = NumericDerivative.of(
      at: x, base: 0, step: step, goal: tolerance * 1e-3, error: error * scale,
      isCareful: isCareful
    ) { displaced in moving(t, index, to: displaced) { change() * scale } }
    if scale != 1 {
      result.value /= scale
      result.truncation /= scale
      result.roundoff /= scale
      result.slopeLeft /= scale
      result.slopeRight /= scale
      result.slopeError /= scale
    }
    return result
  }

  /// The error of the values of f near x: the largest of several estimates by fourth
  /// differences. A single estimate can vanish if rounded values happen to be on a line.
  private func noise(_ t: Int, _ index: Int) -> Double {
    let x = subject.buffer(t).tensor[index]
    let unit = 1e-6 * max(1, abs(x))
    var largest = 0.0
    for factor in [1, 1.6180339887, 2.7182818285, -3.1415926536] {
      var d = (0..<8).map { k in
        moving(t, index, to: x + Double(k + 1) * factor * unit) { change() }
      }
      let size = d.reduce(0) { max($0, abs($1)) }
      guard size > 0, size.isFinite else { continue }
      for order in 1...4 {
        for i in 0..<(8 - order) { d[i] = d[i + 1] - d[i] }
      }
      // Differencing multiplies the variance by Σ C(4, k)² = 70.
      let sum = d[0..<4].reduce(0) { $0 + ($1 / size) * ($1 / size) }
      largest = max(largest, 2 * size * (sum / 4 / 70).squareRoot())
    }
    return largest
  }

  /// ε Σ |dy·y| over the outputs that do not change although their derivative is not 0. Their
  /// change is smaller than their round-off.
  private func hiddenRoundoff(_ t: Int, _ index: Int) -> Double {
    let x = subject.buffer(t).tensor[index]
    let moved = moving(t, index, to: x + NumericDerivative.firstStep(at: x)) {
      subject.outputs.map(\.values)
    }
    let old = subject.cotangents.map(\.values)
    defer { for (buffer, values) in zip(subject.cotangents, old) { buffer.values = values } }
    subject.evaluate()
    var sum = 0.0
    for (k, cotangent) in subject.cotangents.enumerated() {
      for j in cotangent.tensor.indices where old[k][j] != 0 && moved[k][j] == base[k][j] {
        for buffer in subject.cotangents { buffer.fill(0) }
        cotangent.tensor[j] = 1
        if subject.vjp()[t][index] != 0 { sum += abs(old[k][j] * base[k][j]) }
      }
    }
    return sum * Double.ulpOfOne
  }

  private func moving<R>(_ t: Int, _ index: Int, to x: Double, _ body: () -> R) -> R {
    let values = subject.buffer(t).tensor
    let old = values[index]
    values[index] = x
    subject.evaluate()
    let result = body()
    values[index] = old
    return result
  }

  /// The change Σ dy·(y − base).
  private func change() -> Double {
    var sum = 0.0
    for (k, y) in subject.outputs.enumerated() {
      let (y, dy) = (y.tensor, subject.cotangents[k].tensor)
      base[k].withUnsafeBufferPointer { base in
        for i in y.indices where dy[i] != 0 { sum += dy[i] * (y[i] - base[i]) }
      }
    }
    return sum
  }

  /// ε Σ |dy·y| over the outputs that differ from the base. If there are none, over all
  /// outputs, because a change can be smaller than round-off.
  private func roundoffOfOutputs() -> Double {
    var (changed, all) = (0.0, 0.0)
    for (k, y) in subject.outputs.enumerated() {
      let (y, dy) = (y.tensor, subject.cotangents[k].tensor)
      for i in y.indices where y[i].isFinite {
        let size = abs(dy[i]) * max(abs(y[i]), abs(base[k][i]))
        all += size
        if y[i] != base[k][i] { changed += size }
      }
    }
    return (changed > 0 ? changed : all) * Double.ulpOfOne
  }

  // MARK: Directions

  /// The wrong entry along a direction, found by bisection; nil if there is none.
  private func wrongEntry(_ t: Int, along d: [Double], among entries: Range<Int>) -> Finding? {
    var entries = entries
    guard isWrong(t, along: d, entries) else { return nil }
    while entries.count > 1 {
      let middle = entries.lowerBound + entries.count / 2
      let (first, second) = (entries.lowerBound..<middle, middle..<entries.upperBound)
      if isWrong(t, along: d, first) {
        entries = first
      } else if isWrong(t, along: d, second) {
        entries = second
      } else {
        return nil
      }
    }
    let result = finding(t, entries.lowerBound)
    return result.verdict == .wrong ? result : nil
  }

  private func isWrong(_ t: Int, along d: [Double], _ entries: Range<Int>) -> Bool {
    let values = subject.buffer(t).tensor
    let old = entries.map { values[$0] }
    defer { for (i, x) in zip(entries, old) { values[i] = x } }
    func f(_ h: Double) -> Double {
      for (i, x) in zip(entries, old) { values[i] = x + h * d[i] }
      subject.evaluate()
      return change()
    }
    var (analytic, sizes) = (0.0, 0.0)
    for i in entries {
      analytic += d[i] * gradients[t][i]
      sizes += abs(gradients[t][i])
    }
    let step = 1e-2
    _ = f(step)
    // Each entry of x + h·d is rounded, by at most ε|x|.
    let largest = old.reduce(1) { max($0, abs($1)) }
    let error = roundoffOfOutputs() + Double.ulpOfOne * largest * sizes
    for isCareful in [false, true] {
      let n = NumericDerivative.of(
        at: 0, base: 0, step: step, goal: tolerance * 1e-3, error: error, isCareful: isCareful, f)
      guard n.value.isFinite, analytic.isFinite, !n.isKinked else { return false }
      let bound = n.bound + 64 * Double.ulpOfOne * sizes
      if abs(analytic - n.value) <= bound { return false }
    }
    return true
  }

  // MARK: Round-off of the backward pass

  /// The root mean square, over each tensor, of the changes of its gradient when all numbers
  /// that the backward pass reads are perturbed by ±1 unit in the last place.
  private func measureRoundoff() -> [Double] {
    let repeats = 5
    let inputs = tensors.indices.map { subject.buffer($0) } + subject.cotangents
    let old = inputs.map(\.values)
    let largest = gradients.map { $0.reduce(0) { max($0, abs($1)) } }
    var sums = gradients.map { _ in (squares: 0.0, count: 0) }
    for k in 0..<repeats {
      let random = random.stream(-1 - k)
      func move(_ buffers: [GuardedBuffer<Double>], _ purpose: Int) {
        for (b, buffer) in buffers.enumerated() {
          let signs = random.stream(purpose).stream(b)
          for i in buffer.tensor.indices {
            let unit = buffer.tensor[i] * Double.ulpOfOne
            buffer.tensor[i] += signs.uniform(at: i) < 0.5 ? -unit : unit
          }
        }
      }
      move(inputs, 0)
      subject.evaluate()
      move(subject.outputs, 1)
      for (t, gradient) in subject.vjp().enumerated() {
        let largest = largest[t]
        for (a, b) in zip(gradient, gradients[t]) where largest > 0 {
          let difference = abs(a - b) / largest
          // A jump results from a kink, not from round-off.
          guard difference <= 1e-6 else { continue }
          sums[t].squares += difference * difference
          sums[t].count += 1
        }
      }
      for (buffer, values) in zip(inputs, old) { buffer.values = values }
    }
    return zip(sums, largest).map { ($0.squares / Double(max(1, $0.count))).squareRoot() * $1 }
  }

  // MARK: Kinks

  /// Whether some output has a kink in this entry, every output's product is between its
  /// one-sided slopes, and the products add up to the gradient.
  private func isValidSubgradient(_ t: Int, _ index: Int) -> Bool {
    let x = subject.buffer(t).tensor[index]
    let scale = max(1, abs(x))
    let ladders = [1e-3, 1e-5, 1e-7].map { h in
      [h, h / 2, h / 4].map { rung(t, index, at: x, step: $0 * scale) }
    }
    let old = subject.cotangents.map(\.values)
    defer { for (buffer, values) in zip(subject.cotangents, old) { buffer.values = values } }
    var (sum, sizes) = (0.0, 0.0)
    var hasKink = false
    for (k, cotangent) in subject.cotangents.enumerated() {
      for j in cotangent.tensor.indices where old[k][j] != 0 {
        let y = base[k][j]
        let isMoved = ladders.contains {
          $0.contains { $0.right[k][j] != y || $0.left[k][j] != y }
        }
        for buffer in subject.cotangents { buffer.fill(0) }
        cotangent.tensor[j] = 1
        subject.evaluate()
        let a = subject.vjp()[t][index]
        sum += old[k][j] * a
        sizes += abs(old[k][j] * a)
        if !isMoved {
          if a != 0 { return false }
          continue
        }
        // The sequence of steps with the most exact slopes is used.
        let best = ladders.map { Slopes($0, output: k, j, base: y) }.min { $0.error < $1.error }!
        guard best.error.isFinite else { return false }
        if abs(best.right - best.left) > 4 * best.error { hasKink = true }
        let (low, high) = (min(best.left, best.right), max(best.left, best.right))
        guard a >= low - 2 * best.error, a <= high + 2 * best.error else { return false }
      }
    }
    let expected = gradients[t][index]
    return hasKink && abs(sum - expected) <= 1e-10 * sizes + Double.leastNormalMagnitude
  }

  /// All outputs at x ± h, and the represented distances.
  private struct Rung {
    let left: [[Double]]
    let right: [[Double]]
    let toLeft: Double
    let toRight: Double
  }

  private func rung(_ t: Int, _ index: Int, at x: Double, step h: Double) -> Rung {
    func outputs(_ x: Double) -> [[Double]] {
      moving(t, index, to: x) { subject.outputs.map(\.values) }
    }
    return Rung(
      left: outputs(x - h), right: outputs(x + h), toLeft: x - (x - h), toRight: x + h - x)
  }

  /// The one-sided slopes of one output, extrapolated from the steps h, h/2 and h/4.
  private struct Slopes {
    let left: Double
    let right: Double
    let error: Double

    init(_ rungs: [Rung], output k: Int, _ j: Int, base y: Double) {
      let lefts = rungs.map { (y - $0.left[k][j]) / $0.toLeft }
      let rights = rungs.map { ($0.right[k][j] - y) / $0.toRight }
      left = 2 * lefts[2] - lefts[1]
      right = 2 * rights[2] - rights[1]
      let size = max(abs(y), abs(rungs[0].left[k][j]), abs(rungs[0].right[k][j]))
      let noise = 32 * Double.ulpOfOne * size / min(rungs[2].toLeft, rungs[2].toRight)
      let curvature =
        abs(left - (2 * lefts[1] - lefts[0])) + abs(right - (2 * rights[1] - rights[0]))
      error = curvature.isFinite ? curvature + noise : .infinity
    }
  }
}
