public import Engine
public import NNExp
import Synchronization

/// Holds every analytic derivative of a subject against a numeric one.
///
/// Small tensors are checked entry by entry. Larger ones than the budget allows
/// are checked along random directions of ±1 entries, in which one wrong entry
/// shows at full size, and at a sample of entries.
public struct GradientChecker {
  public let settings: GradientCheckSettings
  private let random: RandomStream

  /// - Parameter random: chooses samples and directions.
  public init(_ settings: GradientCheckSettings, random: RandomStream) {
    self.settings = settings
    self.random = random
  }

  /// Checks the subject, and leaves its values as they were.
  ///
  /// - Parameter moment: what the report's column `at` says: `start`, `end`.
  public func check(_ subject: some GradientSubject, at moment: String) -> GradientReport {
    // Unless it is cancelled, there is a report.
    check([subject], plan(for: subject.tensors), at: moment, .never)!
  }

  /// Checks a subject on all cores, each with a copy of its own that `copy` makes.
  ///
  /// The report is the same on any number of cores.
  ///
  /// - Parameter cancellation: asked before every evaluation, by several threads. Once it
  ///   is cancelled an evaluation is NaN, without any work, and there is no report.
  public func check<Subject: GradientSubject>(
    at moment: String, cancellation: CancellationToken = .never, _ copy: () throws -> Subject
  ) throws -> GradientReport? {
    let first = try copy()
    let plan = plan(for: first.tensors)
    var subjects = [first]
    // A copy takes time and memory, too; where there is none, fewer will do.
    let worthy = Int(min(plan.work(on: first.tensors) / GradientChecker.workOfACore, 256))
    while subjects.count < min(Workers.count, worthy), !cancellation.isCancelled,
      let another = try? copy()
    {
      subjects.append(another)
    }
    return check(subjects, plan, at: moment, cancellation)
  }

  /// Multiplications and additions that are worth a copy for another core.
  private static let workOfACore = 5e6

  private func plan(for tensors: [SubjectTensor]) -> ProbePlan {
    ProbePlan(tensors, settings: settings, random: random.stream(0))
  }

  private func check<Subject: GradientSubject>(
    _ subjects: [Subject], _ plan: ProbePlan, at moment: String, _ cancellation: CancellationToken
  ) -> GradientReport? {
    let tensors = subjects[0].tensors
    var sessions: [CheckSession<Subject>] = []
    for subject in subjects where !cancellation.isCancelled {
      sessions.append(
        CheckSession(subject, settings: settings, random: random.stream(1), cancellation))
    }
    let blocks = plan.blocks
    var results = [CheckSession<Subject>.Result?](repeating: nil, count: blocks.count)
    results.withUnsafeMutableBufferPointer { results in
      let next = Atomic<Int>(0)
      Workers.perform(sessions.count) { lane in
        while !cancellation.isCancelled {
          let k = next.add(1, ordering: .relaxed).oldValue
          guard k < blocks.count else { return }
          results[k] = sessions[lane].check(blocks[k])
        }
      }
    }
    if cancellation.isCancelled { return nil }

    var evaluations = 0
    var reports: [GradientReport.Tensor] = []
    var k = 0
    for t in tensors.indices where plan.tensors[t] != nil {
      var records: [GradientReport.Record] = []
      while k < blocks.count, blocks[k].tensor == t {
        records += results[k]!.records
        evaluations += results[k]!.evaluations
        k += 1
      }
      evaluations += sessions[0].recheck(t, &records)
      if cancellation.isCancelled { return nil }
      reports.append(
        GradientReport.Tensor(
          tensor: tensors[t], records: records,
          scale: rootMeanSquare(sessions[0].gradients[t]), tolerance: settings.tolerance,
          diagnosis: Diagnosis.of(
            t, records: records, tensors: tensors, gradients: sessions[0].gradients,
            outputGradient: subjects[0].outputGradient(of: t))))
    }
    return GradientReport(at: moment, tensors: reports, evaluations: evaluations)
  }
}

/// One check under way: the subject and what is known of it so far.
private final class CheckSession<Subject: GradientSubject> {
  let subject: Subject
  let tensors: [SubjectTensor]
  let settings: GradientCheckSettings
  let random: RandomStream
  let gradients: [[Double]]
  private let cancellation: CancellationToken
  private(set) var evaluations = 0

  /// What the loss's values are off by, measured where the loss moves most: an
  /// entry that hardly moves it may not show its noise.
  private lazy var noiseFloor = measureNoiseFloor()

  init(
    _ subject: Subject, settings: GradientCheckSettings, random: RandomStream,
    _ cancellation: CancellationToken
  ) {
    self.cancellation = cancellation
    self.subject = subject
    self.tensors = subject.tensors
    self.settings = settings
    self.random = random
    gradients = subject.analyticGradients()
    precondition(
      gradients.map(\.count) == tensors.map(\.count),
      "a subject gives a gradient for every entry of every tensor")
  }

  /// A bound a thousand times narrower than the tolerance is good enough.
  var goal: Double { settings.tolerance * 1e-3 }

  /// What a block came to, and what it took.
  struct Result {
    var records: [GradientReport.Record]
    var evaluations: Int
  }

  func check(_ block: ProbePlan.Block) -> Result {
    let t = block.tensor
    let before = evaluations
    let base = loss(t)
    let isRepeatable = loss(t).bitPattern == base.bitPattern
    var records: [GradientReport.Record]
    if !base.isFinite || !isRepeatable {
      records = refuse(t, block.probes, base.isFinite ? .evaluationsDiffer : .lossNotFinite)
    } else {
      records = measure(t, block.probes, base: base, gradient: gradients[t])
      if loss(t).bitPattern != base.bitPattern {
        for i in records.indices {
          records[i].verdict = .nondeterministic
          records[i].reason = .evaluationDrifts
        }
      }
    }
    return Result(records: records, evaluations: evaluations - before)
  }

  /// Looks again at a tensor with an entry that FAILs, or of nothing but kinks.
  /// Returns what it took.
  func recheck(_ t: Int, _ records: inout [GradientReport.Record]) -> Int {
    let before = evaluations
    let verdicts = records.map(\.verdict)
    if verdicts.contains(.nondeterministic) || records.isEmpty { return 0 }
    if verdicts.contains(.fail) || verdicts.allSatisfy({ $0 == .kink }) {
      recheckBeside(t, &records)
    }
    return evaluations - before
  }

  /// So many entries of a tensor are called wrong only after a second, careful
  /// look; that settles it, and the others are taken at their first.
  private let enoughFaults = 4

  /// The loss, counted.
  private func loss(_ t: Int) -> Double {
    evaluations += 1
    return cancellation.isCancelled ? .nan : subject.loss(changing: t)
  }

  /// Every probe with the same verdict, where there is nothing to measure.
  private func refuse(
    _ t: Int, _ probes: ProbePlan.Tensor, _ reason: Reason
  ) -> [GradientReport.Record] {
    let verdict: Verdict = reason == .lossNotFinite ? .nonfinite : .nondeterministic
    let entries = probes.entries.map { index in
      GradientReport.Record(
        kind: .init(tensors[t].kind), index: index, value: subject.value(of: t, at: index),
        analytic: gradients[t][index], numeric: NumericDerivative(), verdict: verdict,
        reason: reason)
    }
    let directions = probes.directions.map { index in
      GradientReport.Record(
        kind: .direction, index: index, value: 0, analytic: .nan, numeric: NumericDerivative(),
        verdict: verdict, reason: reason)
    }
    return entries + directions
  }

  private func measure(
    _ t: Int, _ probes: ProbePlan.Tensor, base: Double, gradient: [Double]
  ) -> [GradientReport.Record] {
    let scale = rootMeanSquare(gradient)
    var confirmed = 0
    var records: [GradientReport.Record] = []
    records.reserveCapacity(probes.entries.count + probes.directions.count)
    for index in probes.entries where !cancellation.isCancelled {
      let x = subject.value(of: t, at: index)
      let kind = GradientReport.Kind(tensors[t].kind)
      let record = judge(
        kind, index, value: x, analytic: gradient[index], scale: scale, base: base,
        step: NumericDerivative.firstStep(at: x), error: 0, confirmed: &confirmed
      ) { displaced in
        if cancellation.isCancelled { return .nan }
        subject.setValue(displaced, of: t, at: index)
        return subject.loss(changing: t, at: index)
      }
      subject.setValue(x, of: t, at: index)
      records.append(record)
    }
    if !probes.directions.isEmpty {
      let walk = DirectionWalk(subject, tensor: t, count: tensors[t].count)
      for index in probes.directions where !cancellation.isCancelled {
        walk.turn(random.stream(t).stream(index))
        let (analytic, error) = walk.derivative(from: gradient)
        records.append(
          judge(
            .direction, index, value: 0, analytic: analytic, scale: walk.length * scale,
            base: base, step: walk.firstStep, error: error, confirmed: &confirmed
          ) { cancellation.isCancelled ? .nan : walk.loss($0) })
        walk.restore()
      }
    }
    return records
  }

  /// Checks entries that FAIL, or tensors that are nothing but KINK, a little
  /// beside the present parameters, and activations beside their present values:
  /// zeros that dropout or a rectifier leaves are zeros for any parameters.
  ///
  /// Where several kinks meet in a point, as at biases of 0 behind inputs of 0,
  /// back-propagation through every unit's subgradient need not give one of the
  /// loss: ReLU(x) − ReLU(−x) is x, its slope by ReLU′(0) = 0 is 0. A layer that
  /// is wrong is wrong beside such points too, and stays FAIL; what is right
  /// beside them becomes KINK. Tensors of nothing but KINK find their proof, or
  /// their fault, beside.
  private func recheckBeside(_ t: Int, _ records: inout [GradientReport.Record]) {
    let parameters = tensors.indices.filter { tensors[$0].kind == .parameter }
    let values = parameters.map { p in
      (0..<tensors[p].count).map { subject.value(of: p, at: $0) }
    }
    guard values.contains(where: { !$0.isEmpty }) else { return }
    for (p, old) in zip(parameters, values) {
      for (i, x) in old.enumerated() {
        let u = 2 * random.stream(p).stream(-1).uniform(at: i) - 1
        subject.setValue(x + 1e-2 * max(1, abs(x)) * u, of: p, at: i)
      }
    }
    let ownValues = (0..<tensors[t].count).map { subject.value(of: t, at: $0) }
    var gradient = subject.analyticGradients()[t]
    if tensors[t].kind == .input, subject.analyticGradient(keeping: t) != nil {
      for i in 0..<tensors[t].count {
        let x = subject.value(of: t, at: i)
        let u = 2 * random.stream(t).stream(-2).uniform(at: i) - 1
        subject.setValue(x + 1e-2 * max(1, abs(x)) * u, of: t, at: i)
      }
      gradient = subject.analyticGradient(keeping: t) ?? gradient
    }
    let base = loss(t)
    var stillWrong = 0
    let doubtful: Verdict = records.contains { $0.verdict == .fail } ? .fail : .kink
    for i in records.indices where records[i].verdict == doubtful {
      if stillWrong == enoughFaults { break }
      let isEntry = records[i].kind != .direction
      let probe = ProbePlan.Tensor(
        entries: isEntry ? [records[i].index] : [],
        directions: isEntry ? 0..<0 : records[i].index..<records[i].index + 1)
      guard base.isFinite,
        var beside = measure(t, probe, base: base, gradient: gradient).first
      else { continue }
      if beside.verdict == .fail { stillWrong += 1 }
      switch (records[i].verdict, beside.verdict) {
      case (.kink, .pass), (.kink, .zero):
        beside.reason = .besideKink
        records[i] = beside
      case (.kink, .fail):
        records[i] = beside
      case (.fail, .pass), (.fail, .zero), (.fail, .kink):
        // Not proof: it may be that this very point is treated wrongly.
        records[i].verdict = .kink
        records[i].reason = .rightBeside
      case (.fail, .inconclusive):
        records[i].verdict = .inconclusive
        records[i].reason = beside.reason
      default: break
      }
    }
    for (p, old) in zip(parameters, values) {
      for (i, x) in old.enumerated() { subject.setValue(x, of: p, at: i) }
    }
    // Every activation as it was; no pass restores the data.
    if tensors[t].kind == .input {
      for (i, x) in ownValues.enumerated() { subject.setValue(x, of: t, at: i) }
    }
    _ = subject.analyticGradients()
    _ = loss(t)
  }

  private func judge(
    _ kind: GradientReport.Kind, _ index: Int, value: Double, analytic: Double, scale: Double,
    base: Double, step: Double, error: Double, confirmed: inout Int,
    _ f: (Double) -> Double
  ) -> GradientReport.Record {
    let x = kind == .direction ? 0 : value
    var numeric = NumericDerivative.of(
      at: x, base: base, step: step, goal: goal, error: error, f)
    var (verdict, reason) = Verdict.judge(
      analytic, against: numeric, scale: scale, tolerance: settings.tolerance)
    if verdict == .fail && confirmed < enoughFaults {
      // Before anything is called wrong, the noise of f is measured, and then
      // kinks are looked for that curvature hides.
      let spent = numeric.evaluations
      numeric = NumericDerivative.of(
        at: x, base: base, step: step, goal: goal, error: error, isCareful: true, f)
      numeric.evaluations += spent
      (verdict, reason) = Verdict.judge(
        analytic, against: numeric, scale: scale, tolerance: settings.tolerance)
      if verdict == .fail {
        _ = f(x)
        numeric.lookForKink(at: x, base: base, step: step, error: error + noiseFloor, f)
        (verdict, reason) = Verdict.judge(
          analytic, against: numeric, scale: scale, tolerance: settings.tolerance)
      }
      if verdict == .fail { confirmed += 1 }
    }
    evaluations += numeric.evaluations
    return GradientReport.Record(
      kind: kind, index: index, value: value, analytic: analytic, numeric: numeric,
      verdict: verdict, reason: reason)
  }

  private func measureNoiseFloor() -> Double {
    var best = (tensor: 0, index: 0, slope: -1.0)
    for (t, gradient) in gradients.enumerated() {
      for (i, g) in gradient.enumerated() where g.isFinite && abs(g) > best.slope {
        best = (t, i, abs(g))
      }
    }
    let x = subject.value(of: best.tensor, at: best.index)
    let step = NumericDerivative.firstStep(at: x)
    func f(_ displaced: Double) -> Double {
      if cancellation.isCancelled { return .nan }
      subject.setValue(displaced, of: best.tensor, at: best.index)
      return subject.loss(changing: best.tensor)
    }
    var noise = 0.0
    // Not counted: every core's session measures it once, if at all.
    var uncounted = 0
    for side in [-step, step] {
      noise = max(noise, NumericDerivative.noise(of: f, from: x + side, evaluations: &uncounted))
    }
    _ = f(x)
    return noise
  }
}

/// The way through a tensor's values along v = (±1, …, ±1).
private final class DirectionWalk<Subject: GradientSubject> {
  private let subject: Subject
  private let tensor: Int
  private let values: [Double]
  private var signs: [Double]

  /// ‖v‖ = √count.
  let length: Double

  init(_ subject: Subject, tensor: Int, count: Int) {
    self.subject = subject
    self.tensor = tensor
    values = (0..<count).map { subject.value(of: tensor, at: $0) }
    signs = Array(repeating: 1, count: count)
    length = Double(count).squareRoot()
    firstStep = NumericDerivative.firstStep(at: rootMeanSquare(values)) / length
  }

  /// h₀ such that the walk is as long as a single entry's would be.
  let firstStep: Double

  /// Draws the signs: 128 from a block of random bits.
  func turn(_ random: RandomStream) {
    var block = SIMD4<UInt32>()
    for i in signs.indices {
      if i % 128 == 0 { block = random.bits(at: i / 128) }
      signs[i] = (block[i / 32 % 4] >> UInt32(i % 32)) & 1 == 0 ? 1 : -1
    }
  }

  func loss(_ t: Double) -> Double {
    for i in signs.indices { subject.setValue(values[i] + t * signs[i], of: tensor, at: i) }
    return subject.loss(changing: tensor)
  }

  func restore() {
    for i in signs.indices { subject.setValue(values[i], of: tensor, at: i) }
  }

  /// v·g, and what the loss may be off by because each xᵢ ± h is rounded: at
  /// most ε|xᵢ|/2 an entry, of either sign.
  func derivative(from gradient: [Double]) -> (derivative: Double, error: Double) {
    var sum = 0.0
    var size = 0.0
    var square = 0.0
    for i in signs.indices {
      sum += signs[i] * gradient[i]
      size += abs(gradient[i])
      let rounding = gradient[i] * (abs(values[i]) + firstStep)
      square += rounding * rounding
    }
    let summation = size * firstStep
    return (sum, Double.ulpOfOne * (square.squareRoot() + summation))
  }
}

/// √(Σ x² / n), without overflow; 0 where there is nothing, or NaN or infinity.
func rootMeanSquare(_ values: [Double]) -> Double {
  var largest = 0.0
  for x in values {
    guard x.isFinite else { return 0 }
    largest = max(largest, abs(x))
  }
  guard largest > 0 else { return 0 }
  var sum = 0.0
  for x in values { sum += (x / largest) * (x / largest) }
  return largest * (sum / Double(values.count)).squareRoot()
}
