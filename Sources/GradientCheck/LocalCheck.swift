import Engine
import NNExp

/// The check of the layers that read one tensor, each by itself, with the actual ∂L/∂y:
///
///     F(x) = Σ over layers and outputs of cⱼ·(yⱼ(x) − yⱼ(x₀)),   ∂F/∂xᵢ = ∂L/∂xᵢ
///
/// F contains only the kinks of these layers, and an output that does not change adds no
/// round-off. If the layers themselves have kinks, each output is checked separately: the
/// derivative of the backward pass must be between the one-sided slopes of the output, and
/// the sum over all outputs must be the analytic value.
final class LocalCheck<Subject: GradientSubject> {
  private let subject: Subject
  private let tensor: Int
  private let readers: [any IsolatedLayer]
  private let gradient: [Double]
  private let scale: Double
  private let tolerance: Double
  private let cancellation: CancellationToken

  /// The outputs of each layer in the complete pass, and ∂L/∂y of the outputs that are
  /// included.
  private var outputs: [[Double]] = []
  private var cotangents: [[Double]]
  private var buffer: [Double] = []
  /// For each layer and output, the round-off error ρⱼ of yⱼ: its change when all numbers
  /// that the layer reads are perturbed by a unit in the last place.
  private lazy var outputRoundoff = measureOutputRoundoff()

  /// The round-off error of the last evaluation. The outputs that changed contribute
  /// √Σ(cⱼrⱼ)² with rⱼ = max(ε|yⱼ(x)| + ε|yⱼ(x₀)|, 2ρⱼ). The outputs that depend on x but did
  /// not change contribute Σ|cⱼ|rⱼ/2, because their change was smaller than that.
  private var rounding = 0.0

  /// Whether the last evaluation changed an output.
  private var hasChanged = false
  /// The outputs of each layer that a large change of the present entry affects; nil for all.
  private var dependent: [[Bool]]?

  /// Σ |cⱼ(yⱼ(x) − yⱼ(x₀))|.
  private var terms = 0.0

  /// The round-off error of the sum of the layers' gradients.
  private lazy var roundoff = measureRoundoff()

  private(set) var evaluations = 0

  /// Nil if the subject cannot run the layers by themselves.
  init?(
    _ subject: Subject, tensor: Int, readers: [any IsolatedLayer], gradient: [Double],
    tolerance: Double, _ cancellation: CancellationToken
  ) {
    guard !readers.isEmpty else { return nil }
    self.readers = readers
    cotangents = readers.map(\.cotangents)
    self.subject = subject
    self.tensor = tensor
    self.gradient = gradient
    scale = rootMeanSquare(gradient)
    self.tolerance = tolerance
    self.cancellation = cancellation
    outputs = readers.map { reader in
      var values: [Double] = []
      reader.evaluate(into: &values)
      return values
    }
  }

  /// The result for one derivative.
  struct Result {
    var analytic: Double
    var numeric: NumericDerivative
    var verdict: Verdict
    var reason: Reason
    /// Whether no output changes at any step.
    var isFlat = false

    /// Whether the bound is too wide for a verdict, and the numeric value is within it.
    var isUndecided: Bool { verdict == .inconclusive && reason != .outsideWithinRoundoff }
  }

  // MARK: The sum of all outputs

  /// Evaluates F at the present values.
  private func evaluate() -> Double {
    if cancellation.isCancelled { return .nan }
    evaluations += 1
    var (sum, squares, lost) = (0.0, 0.0, 0.0)
    terms = 0
    hasChanged = false
    for (r, reader) in readers.enumerated() {
      reader.evaluate(into: &buffer)
      let cotangents = cotangents[r]
      let base = outputs[r]
      for j in base.indices where cotangents[j] != 0 {
        let rounding =
          abs(cotangents[j])
          * max(Double.ulpOfOne * (abs(buffer[j]) + abs(base[j])), 2 * outputRoundoff[r][j])
        if buffer[j] == base[j] {
          if dependent?[r][j] ?? true { lost += rounding / 2 }
          continue
        }
        hasChanged = true
        let term = cotangents[j] * (buffer[j] - base[j])
        sum += term
        terms += abs(term)
        squares += rounding * rounding
      }
    }
    rounding = squares.squareRoot() + lost
    return sum
  }

  /// The error 10ε·Σ|cⱼ|(1 + max|yⱼ|/h) over the same outputs. Cancellation of cotangents in
  /// the backward pass and of outputs in the forward pass can cause an error of this size in
  /// a layer that neither amplifies nor damps.
  private func leastError(_ step: Double) -> Double {
    var sum = 0.0
    for (r, cotangents) in cotangents.enumerated() {
      let largest = outputs[r].reduce(0) { max($0, abs($1)) }
      for j in cotangents.indices where dependent?[r][j] ?? true {
        sum += abs(cotangents[j]) * (1 + largest / step)
      }
    }
    return 10 * Double.ulpOfOne * sum
  }

  /// The factor by which an entry is changed to find the outputs that depend on it.
  private static var hugeChange: Double { 1e200 }

  private func findDependent(_ index: Int, _ x: Double) {
    var dependent = outputs.map { [Bool](repeating: false, count: $0.count) }
    let change = min(LocalCheck.hugeChange * max(1, abs(x)), .greatestFiniteMagnitude / 4)
    for moved in [x - change, x + change] {
      subject.setValue(moved, of: tensor, at: index)
      for (r, reader) in readers.enumerated() {
        reader.evaluate(into: &buffer)
        for j in buffer.indices where buffer[j] != outputs[r][j] { dependent[r][j] = true }
      }
    }
    self.dependent = dependent
  }

  func check(_ index: Int) -> Result {
    let x = subject.value(of: tensor, at: index)
    func f(_ moved: Double) -> Double {
      subject.setValue(moved, of: tensor, at: index)
      return evaluate()
    }
    let step = NumericDerivative.firstStep(at: x)
    // Both measurements need the values of the complete pass.
    let roundoff = roundoff.of(index)
    _ = outputRoundoff
    findDependent(index, x)
    var found = measure(
      gradient[index], at: x, step: step, error: 0, smallError: 0, roundoff: roundoff,
      scale: scale, f)
    subject.setValue(x, of: tensor, at: index)
    if found.verdict == .inconclusive, found.isFlat {
      let size = x == 0 ? 1 : abs(x)
      let isDead =
        gradient[index] == 0
        && changesNothing { subject.setValue(x + $0 * size, of: tensor, at: index) }
      (found.verdict, found.reason) = isDead ? (.zero, .dead) : (.inconclusive, .saturated)
    }
    if found.verdict == .fail { checkOutputs(index, &found) }
    subject.setValue(x, of: tensor, at: index)
    _ = evaluate()
    return found
  }

  /// Checks a direction with the analytic derivative `analytic`.
  func check(_ walk: DirectionWalk<Subject>, analytic: Double) -> Result {
    dependent = nil
    let roundoff = roundoff.of(walk.members)
    _ = outputRoundoff
    func f(_ t: Double) -> Double {
      walk.move(to: t)
      return evaluate()
    }
    var found = measure(
      analytic, at: 0, step: walk.firstStep,
      error: walk.rounding(at: walk.firstStep, gradient),
      smallError: walk.rounding(at: 0, gradient), roundoff: roundoff, scale: walk.length * scale, f)
    if found.verdict == .inconclusive, found.isFlat, analytic == 0,
      changesNothing({ walk.move(by: $0) })
    {
      (found.verdict, found.reason) = (.zero, .dead)
    }
    walk.restore()
    _ = evaluate()
    return found
  }

  // MARK: Outputs without kinks

  /// Checks a direction along which some outputs have kinks, or whose bound is too wide. The sum
  /// of the outputs without kinks is compared as usual; for those with kinks, the derivatives must
  /// be between the one-sided slopes. The backward passes of the layers by themselves must give the
  /// derivative of the complete one.
  func checkApart(_ walk: DirectionWalk<Subject>) -> Result {
    let whole = cotangents
    defer { cotangents = whole }
    let roundoff = roundoff.of(walk.members)
    _ = outputRoundoff
    dependent = nil
    let kinks = KinkedOutputs(readers, outputs: outputs, step: 1e-4 * walk.firstStep) {
      walk.move(to: $0)
    }
    walk.restore()
    let gap = abs(walk.derivative(from: ownGradient()) - walk.derivative(from: gradient))
    let isSame =
      gap <= 10 * roundoff
      + 64 * Double.ulpOfOne * walk.members.reduce(0) { $0 + abs(gradient[$1]) }
    cotangents = zip(whole, kinks.isKinked).map { row, isKinked in
      zip(row, isKinked).map { $1 ? 0 : $0 }
    }
    let own = ownGradient()
    let weights = zip(whole, kinks.isKinked).map { row, isKinked in
      zip(row, isKinked).map { $1 ? abs($0) : 0 }
    }
    var slopes = [Double](repeating: 0, count: gradient.count)
    for (reader, row) in zip(readers, weights) { reader.addGradient(of: row, to: &slopes) }
    let isBetween = kinks.holds(walk.derivative(from: slopes), weights: weights)
    var found = measure(
      walk.derivative(from: own), at: 0, step: walk.firstStep,
      error: walk.rounding(at: walk.firstStep, own), smallError: walk.rounding(at: 0, own),
      roundoff: roundoff, scale: walk.length * rootMeanSquare(own)
    ) {
      walk.move(to: $0)
      return evaluate()
    }
    if found.isUndecided { checkInGroups(walk, own, roundoff, &found) }
    if !isBetween { (found.verdict, found.reason) = (.inconclusive, .outsideSlopes) }
    if !isSame { (found.verdict, found.reason) = (.inconclusive, .outsideWithinRoundoff) }
    if found.verdict == .pass, kinks.isKinked.contains(where: { $0.contains(true) }) {
      found.reason = .apartFromKinks
    }
    walk.restore()
    _ = evaluate()
    return found
  }

  /// Measures the derivative along a direction as the sum over two groups of outputs, each with its
  /// own steps: those with a kink within the first step, and all others.
  ///
  /// A step that avoids the kinks of all outputs can be so small that round-off hides a derivative
  /// that is small by chance. The few outputs with a kink nearby need such steps, but not the others.
  ///
  /// - Parameter found: the undecided result, which is replaced if the sum is decided.
  private func checkInGroups(
    _ walk: DirectionWalk<Subject>, _ own: [Double], _ roundoff: Double, _ found: inout Result
  ) {
    let included = cotangents
    defer { cotangents = included }
    for step in [64 * walk.firstStep, walk.firstStep] where found.isUndecided {
      let near = KinkedOutputs.near(readers, outputs: outputs, step: step) { walk.move(to: $0) }
      evaluations += 4
      var sum: NumericDerivative?
      for isNear in [false, true] {
        cotangents = zip(included, near).map { row, near in
          zip(row, near).map { $1 == isNear ? $0 : 0 }
        }
        guard cotangents.contains(where: { $0.contains { $0 != 0 } }) else { continue }
        func f(_ t: Double) -> Double {
          walk.move(to: t)
          return evaluate()
        }
        walk.restore()
        let error = walk.rounding(at: step, ownGradient())
        guard f(step).isFinite, rounding.isFinite else { return }
        let part = NumericDerivative.of(
          at: 0, base: 0, step: step, goal: tolerance * 1e-3, error: error + rounding, f)
        if sum?.add(part) == nil { sum = part }
      }
      guard var sum, sum.value.isFinite, !sum.isKinked else { continue }
      sum.evaluations += found.numeric.evaluations
      sum.add(roundoff: roundoff)
      let (verdict, reason) = Verdict.judge(
        found.analytic, against: sum, scale: walk.length * rootMeanSquare(own),
        tolerance: tolerance)
      switch verdict {
      case .pass, .zero:
        (found.numeric, found.verdict, found.reason) = (sum, verdict, reason)
      case .fail:
        (found.numeric, found.reason) = (sum, .outsideWithinRoundoff)
      default: break
      }
    }
  }

  private func measure(
    _ analytic: Double, at x: Double, step: Double, error: Double, smallError: Double,
    roundoff: Double, scale: Double, _ f: (Double) -> Double
  ) -> Result {
    // The loop finds the largest step within the domain of f.
    var h = step
    for _ in 0..<NumericDerivative.departureLimit {
      if f(x + h).isFinite && rounding.isFinite { break }
      h *= NumericDerivative.shrinkage
    }
    let isFlat = !hasChanged
    let size = terms / h
    let noise = rounding.isFinite ? rounding : 0
    let error = error + noise
    func judge(_ numeric: NumericDerivative) -> (Verdict, Reason) {
      Verdict.judge(
        analytic, against: numeric, scale: size.isFinite ? max(scale, size) : scale,
        tolerance: tolerance)
    }
    func derivative(isCareful: Bool) -> NumericDerivative {
      var numeric = NumericDerivative.of(
        at: x, base: 0, step: step, goal: tolerance * 1e-3, error: error, isCareful: isCareful, f)
      numeric.add(roundoff: roundoff)
      return numeric
    }
    var numeric = derivative(isCareful: false)
    if judge(numeric).0 == .fail { numeric = derivative(isCareful: true) }
    if judge(numeric).0 == .fail {
      numeric.lookForKink(at: x, base: 0, step: step, error: error, f)
    }
    var (verdict, reason) = judge(numeric)
    if verdict == .fail {
      let isConfirmed =
        numeric.isKinked
        || numeric.confirms(
          against: analytic, at: x, base: 0, step: step, error: smallError + noise,
          acceptsFlat: true, f)
      if !isConfirmed || abs(analytic - numeric.value) <= leastError(numeric.step) {
        (verdict, reason) = (.inconclusive, .outsideWithinRoundoff)
      }
    }
    return Result(
      analytic: analytic, numeric: numeric, verdict: verdict, reason: reason,
      isFlat: isFlat && numeric.isFlat)
  }

  /// Whether all outputs on which the loss depends keep their bits if the entries change by
  /// their full size in either direction.
  ///
  /// - Parameter move: changes the entries by this multiple of their values, or of 1 if the
  ///   value is 0.
  private func changesNothing(_ move: (Double) -> Void) -> Bool {
    for part in [-1.0, 1.0] {
      move(part)
      _ = evaluate()
      if hasChanged { return false }
    }
    return true
  }

  // MARK: Output by output

  /// The largest number of outputs that are checked one by one.
  private static var mostOutputs: Int { 256 }

  /// Replaces FAIL by KINK if every output is right by itself and one of them is at a kink.
  private func checkOutputs(_ index: Int, _ found: inout Result) {
    let x = subject.value(of: tensor, at: index)
    let step = NumericDerivative.firstStep(at: x)
    var sum = 0.0
    var size = 0.0
    var hasKink = false
    for (r, reader) in readers.enumerated() {
      subject.setValue(x, of: tensor, at: index)
      let moving = movingOutputs(of: r, index, x, step)
      if moving.count > LocalCheck.mostOutputs { return }
      for j in moving {
        subject.setValue(x, of: tensor, at: index)
        var cotangents = [Double](repeating: 0, count: outputs[r].count)
        cotangents[j] = 1
        var row = [Double](repeating: 0, count: gradient.count)
        reader.addGradient(of: cotangents, to: &row)
        let slope = row[index]
        guard isRight(slope, r, j, index, x, step, &hasKink) else { return }
        sum += reader.cotangents[j] * slope
        size += abs(reader.cotangents[j] * slope)
      }
    }
    let error = abs(sum - gradient[index])
    if hasKink, error <= 10 * roundoff.of(index) + 64 * Double.ulpOfOne * size {
      (found.verdict, found.reason) = (.kink, .eachOutput)
    }
  }

  /// The outputs that one entry changes and on which the loss depends.
  private func movingOutputs(of r: Int, _ index: Int, _ x: Double, _ step: Double) -> [Int] {
    var moving: Set<Int> = []
    for moved in [x - step, x + step] {
      subject.setValue(moved, of: tensor, at: index)
      readers[r].evaluate(into: &buffer)
      for j in buffer.indices where buffer[j] != outputs[r][j] && readers[r].cotangents[j] != 0 {
        moving.insert(j)
      }
    }
    return moving.sorted()
  }

  /// Whether `slope` is the derivative of one output, or one of its subgradients.
  private func isRight(
    _ slope: Double, _ r: Int, _ j: Int, _ index: Int, _ x: Double, _ step: Double,
    _ hasKink: inout Bool
  ) -> Bool {
    let base = outputs[r][j]
    func f(_ moved: Double) -> Double {
      if cancellation.isCancelled { return .nan }
      evaluations += 1
      subject.setValue(moved, of: tensor, at: index)
      readers[r].evaluate(into: &buffer)
      return buffer[j]
    }
    var numeric = NumericDerivative.of(
      at: x, base: base, step: step, goal: tolerance * 1e-3, isCareful: true, f)
    numeric.add(roundoff: Double.ulpOfOne * abs(slope))
    var (verdict, _) = Verdict.judge(slope, against: numeric, scale: 0, tolerance: tolerance)
    if verdict == .fail {
      numeric.lookForKink(at: x, base: base, step: step, error: 0, f)
      verdict = Verdict.judge(slope, against: numeric, scale: 0, tolerance: tolerance).0
    }
    if numeric.isKinked { hasKink = true }
    return verdict == .pass || verdict == .kink || verdict == .inconclusive
  }

  // MARK: Terms of the bound

  /// Σ cⱼ·∂yⱼ/∂x over all layers.
  private func ownGradient() -> [Double] {
    var sum = [Double](repeating: 0, count: gradient.count)
    for (reader, row) in zip(readers, cotangents) { reader.addGradient(of: row, to: &sum) }
    return sum
  }

  private func measureOutputRoundoff() -> [[Double]] {
    readers.enumerated().map { r, reader in
      let moved = RoundingStep.all.map(reader.roundedOutputs)
      return outputs[r].indices.map { j in rootMeanSquare(moved.map { $0[j] - outputs[r][j] }) }
    }
  }

  private func measureRoundoff() -> Roundoff {
    var changes = RoundingChanges(ownGradient())
    for step in RoundingStep.all {
      var sum = [Double](repeating: 0, count: gradient.count)
      for reader in readers {
        for (i, g) in reader.roundedGradient(step).enumerated() { sum[i] += g }
      }
      changes.add(sum, step)
    }
    return Roundoff(changes)
  }
}
