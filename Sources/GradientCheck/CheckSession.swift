import Engine
import NNExp

/// The check of one subject, with intermediate results.
final class CheckSession<Subject: GradientSubject> {
  let subject: Subject
  let tensors: [SubjectTensor]
  let settings: GradientCheckSettings
  let random: RandomStream
  let analytic: AnalyticGradients
  private let cancellation: CancellationToken
  private(set) var evaluations = 0

  /// The check of the layers that read the tensor of the last local check.
  private var local: (tensor: Int, check: LocalCheck<Subject>?)?

  /// - Parameter analytic: the gradients, if another session has already computed them.
  init(
    _ subject: Subject, settings: GradientCheckSettings, random: RandomStream,
    analytic: AnalyticGradients? = nil, _ cancellation: CancellationToken
  ) {
    self.cancellation = cancellation
    self.subject = subject
    self.tensors = subject.tensors
    self.settings = settings
    self.random = random
    if let analytic {
      _ = subject.analyticGradients()
      self.analytic = analytic
    } else {
      self.analytic = AnalyticGradients(of: subject)
    }
  }

  /// The relative bound at which a derivative is exact enough: a thousandth of the tolerance.
  private var goal: Double { settings.tolerance * 1e-3 }

  /// The records of a block and the number of evaluations.
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
      records = measure(t, block.probes, base: base)
      if loss(t).bitPattern != base.bitPattern {
        for i in records.indices {
          records[i].verdict = .nondeterministic
          records[i].reason = .evaluationDrifts
        }
      }
    }
    return Result(records: records, evaluations: evaluations - before)
  }

  /// The number of wrong entries per block that are confirmed. Further entries are judged
  /// without confirmation.
  private let enoughFaults = 4

  /// Evaluates the loss and counts the evaluation.
  private func loss(_ t: Int) -> Double {
    evaluations += 1
    return cancellation.isCancelled ? .nan : subject.loss(changing: t)
  }

  /// Records with the same verdict for all probes, if there is nothing to measure.
  private func refuse(
    _ t: Int, _ probes: ProbePlan.Tensor, _ reason: Reason
  ) -> [GradientReport.Record] {
    let verdict: Verdict = reason == .lossNotFinite ? .nonfinite : .nondeterministic
    let entries = probes.entries.map { index in
      GradientReport.Record(
        kind: .init(tensors[t].kind), index: index, value: subject.value(of: t, at: index),
        analytic: analytic.values[t][index], numeric: NumericDerivative(), verdict: verdict,
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
    _ t: Int, _ probes: ProbePlan.Tensor, base: Double
  ) -> [GradientReport.Record] {
    let scale = rootMeanSquare(analytic.values[t])
    var confirmed = 0
    var records: [GradientReport.Record] = []
    records.reserveCapacity(probes.entries.count + probes.directions.count)
    for index in probes.entries where !cancellation.isCancelled {
      records.append(
        checkEntry(t, index, scale: scale, base: base, isConfirming: confirmed < enoughFaults))
      if records.last!.verdict == .fail { confirmed += 1 }
    }
    for index in probes.directions where !cancellation.isCancelled {
      records.append(
        checkDirection(t, index, scale: scale, base: base, isConfirming: confirmed < enoughFaults))
      if records.last!.verdict == .fail { confirmed += 1 }
    }
    return records
  }

  // MARK: Entries

  /// - Parameter isConfirming: whether an apparent error is checked a second time, with more
  ///   evaluations.
  func checkEntry(
    _ t: Int, _ index: Int, scale: Double, base: Double, isConfirming: Bool = true
  ) -> GradientReport.Record {
    let x = subject.value(of: t, at: index)
    let a = analytic.values[t][index]
    func f(_ moved: Double) -> Double {
      if cancellation.isCancelled { return .nan }
      subject.setValue(moved, of: t, at: index)
      return subject.loss(changing: t, at: index)
    }
    var record = judge(
      GradientReport.Kind(tensors[t].kind), index, at: x, analytic: a, scale: scale, base: base,
      step: NumericDerivative.firstStep(at: x), error: analytic.lossRoundoff,
      roundoff: analytic.roundoff[t].of(index),
      isConfirming: isConfirming, f)
    record.value = x
    subject.setValue(x, of: t, at: index)
    let isSuspected = record.verdict == .fail && isConfirming
    guard record.verdict == .inconclusive || isSuspected else { return record }
    guard let local = localCheck(t) else {
      if record.verdict == .inconclusive { provePlainZero(t, index, base: base, &record) }
      return record
    }
    let before = local.evaluations
    let found = local.check(index)
    evaluations += local.evaluations - before
    settle(
      &record, by: found, at: x, step: NumericDerivative.firstStep(at: x), error: 0, base: base, f
    ) {
      _ = f($0)
      return subject.activations(after: t)
    }
    subject.setValue(x, of: t, at: index)
    return record
  }

  /// The check of the layers that read a tensor; nil if they cannot run by themselves.
  private func localCheck(_ t: Int) -> LocalCheck<Subject>? {
    if let local, local.tensor == t { return local.check }
    // This restores the activations of the whole pass.
    _ = subject.loss(changing: t)
    let check = LocalCheck(
      subject, tensor: t, readers: subject.readers(of: t), gradient: analytic.values[t],
      tolerance: settings.tolerance, cancellation)
    local = (t, check)
    return check
  }

  /// The verdict is ZERO if the analytic derivative is exactly 0 and even large changes of
  /// the entry do not change the loss.
  private func provePlainZero(
    _ t: Int, _ index: Int, base: Double, _ record: inout GradientReport.Record
  ) {
    guard record.numeric.isFlat, record.analytic == 0 else { return }
    let size = record.value == 0 ? 1 : abs(record.value)
    let isDead = [record.value - size, record.value + size].allSatisfy { moved in
      subject.setValue(moved, of: t, at: index)
      return loss(t) == base
    }
    subject.setValue(record.value, of: t, at: index)
    (record.verdict, record.reason) = isDead ? (.zero, .dead) : (.inconclusive, .saturated)
  }

  /// The number of entries at kinks per tensor for which a proof is attempted.
  private let mostTries = 16

  /// Looks for a proof of a tensor whose derivatives are all at kinks of later layers. The
  /// layers that read the tensor may have no kinks themselves.
  func proveInIsolation(_ t: Int, _ records: inout [GradientReport.Record]) {
    guard records.allSatisfy({ $0.verdict == .kink }), let local = localCheck(t) else { return }
    for i in records.indices.prefix(mostTries)
    where records[i].kind != .direction && records[i].reason != .meetingKinks {
      let before = local.evaluations
      let found = local.check(records[i].index)
      evaluations += local.evaluations - before
      if found.verdict.isProof {
        records[i].adopt(found)
      } else if found.verdict == .fail {
        records[i].adopt(found)
        records[i].isWrongInIsolation = true
      }
    }
  }

  // MARK: Directions

  /// Checks a tensor along 16 directions if some entries are not settled. The derivatives of
  /// such entries are too small for a proof, but an error in one of them would appear at its
  /// full size in a direction.
  func addDirections(_ t: Int, _ records: inout [GradientReport.Record]) {
    let isOpen =
      records.contains { $0.verdict == .inconclusive }
      && records.contains { $0.verdict.isProof }
    guard isOpen, records.allSatisfy({ $0.kind != .direction && !$0.verdict.isFault }) else {
      return
    }
    let base = subject.loss(changing: t)
    let scale = rootMeanSquare(analytic.values[t])
    for index in 0..<ProbePlan.provingDirections where !cancellation.isCancelled {
      records.append(
        checkDirection(t, index, scale: scale, base: base, isConfirming: true))
    }
    _ = subject.loss(changing: t)
  }

  /// An error along a direction counts only if it exceeds this fraction of the sum of the
  /// direction's terms, in magnitude.
  private let smallestError = 1e-9

  /// Checks a random direction. If it meets kinks, or if its bound is too wide, the layers by
  /// themselves are checked. If kinks still prevent a verdict, the direction is drawn again over
  /// the entries that are not 0, because most kinks are at 0.
  private func checkDirection(
    _ t: Int, _ index: Int, scale: Double, base: Double, isConfirming: Bool
  ) -> GradientReport.Record {
    let count = tensors[t].count
    let record = checkDirection(
      t, index, members: Array(0..<count), scale: scale, base: base, isConfirming: isConfirming)
    let isUndecided = record.verdict == .inconclusive && record.reason != .outsideWithinRoundoff
    guard record.verdict == .kink || isUndecided else { return record }
    if let apart = checkApart(t, index, record) { return apart }
    if isUndecided { return record }
    let members = (0..<count).filter { subject.value(of: t, at: $0) != 0 }
    if members.isEmpty { return record }
    var second = checkDirection(
      t, index + ProbePlan.redrawn, members: members, scale: scale, base: base,
      isConfirming: isConfirming)
    second.numeric.evaluations += record.numeric.evaluations
    return second
  }

  /// The same direction, checked with the layers by themselves; nil unless their outputs
  /// without kinks give a verdict.
  private func checkApart(
    _ t: Int, _ index: Int, _ record: GradientReport.Record
  ) -> GradientReport.Record? {
    guard let local = localCheck(t) else { return nil }
    let walk = DirectionWalk(
      subject, tensor: t, members: Array(0..<tensors[t].count),
      random: random.stream(t).stream(index))
    let before = local.evaluations
    let found = local.checkApart(walk)
    evaluations += local.evaluations - before
    let isDecided =
      record.verdict == .inconclusive
      && (found.verdict == .zero || found.reason == .outsideWithinRoundoff)
    guard found.verdict == .pass || found.verdict == .fail || isDecided else { return nil }
    var apart = record
    apart.adopt(found)
    apart.analytic = found.analytic
    return apart
  }

  private func checkDirection(
    _ t: Int, _ index: Int, members: [Int], scale: Double, base: Double, isConfirming: Bool
  ) -> GradientReport.Record {
    let walk = DirectionWalk(
      subject, tensor: t, members: members, random: random.stream(t).stream(index))
    return check(
      walk, t, index, scale: scale, base: base, isConfirming: isConfirming, isSettled: true)
  }

  /// - Parameter isSettled: whether the layers by themselves decide if the loss does not.
  private func check(
    _ walk: DirectionWalk<Subject>, _ t: Int, _ index: Int, scale: Double, base: Double,
    isConfirming: Bool, isSettled: Bool
  ) -> GradientReport.Record {
    let a = walk.derivative(from: analytic.values[t])
    let error = walk.rounding(at: walk.firstStep, analytic.values[t])
    func f(_ moved: Double) -> Double {
      if cancellation.isCancelled { return .nan }
      walk.move(to: moved)
      return subject.loss(changing: t)
    }
    var record = judge(
      .direction, index, at: 0, analytic: a, scale: walk.length * scale, base: base,
      step: walk.firstStep, error: error + analytic.lossRoundoff,
      roundoff: analytic.roundoff[t].of(walk.members), isConfirming: isConfirming, f)
    record.members = walk.members.count
    // A direction at kinks of several entries neither proves nor refutes any of them.
    func countsNeitherWay(_ numeric: NumericDerivative) -> Bool {
      numeric.isKinked
        || hasKink(at: 0, step: 1e-4 * walk.firstStep) {
          _ = f($0)
          return subject.activations(after: t)
        }
    }
    let isSmall =
      abs(a - record.numeric.value) <= smallestError * walk.length * scale
    if record.verdict == .fail && isSmall {
      (record.verdict, record.reason) = (.inconclusive, .outsideWithinRoundoff)
    }
    if record.verdict == .fail && countsNeitherWay(record.numeric) {
      (record.verdict, record.reason) = (.kink, .directionAtKink)
    }
    walk.restore()
    let isSuspected = record.verdict == .fail && isConfirming
    guard isSettled, record.verdict == .inconclusive || isSuspected, let local = localCheck(t)
    else { return record }
    let before = local.evaluations
    var found = local.check(walk, analytic: a)
    evaluations += local.evaluations - before
    if found.verdict == .fail && isSmall {
      (found.verdict, found.reason) = (.inconclusive, .outsideWithinRoundoff)
    }
    if found.verdict == .fail && countsNeitherWay(found.numeric) {
      (found.verdict, found.reason) = (.kink, .directionAtKink)
    }
    walk.restore()
    settle(
      &record, by: found, at: 0, step: walk.firstStep,
      error: walk.rounding(at: 0, analytic.values[t]), base: base, f
    ) {
      _ = f($0)
      return subject.activations(after: t)
    }
    walk.restore()
    return record
  }

  /// Finds the entry that makes the derivative along a direction wrong, by bisection; nil if
  /// both halves of a part are right.
  func wrongEntry(along index: Int, of t: Int) -> Int? {
    let count = tensors[t].count
    let isRedrawn = index >= ProbePlan.redrawn
    let members = (0..<count).filter { !isRedrawn || subject.value(of: t, at: $0) != 0 }
    let scale = rootMeanSquare(analytic.values[t])
    let base = loss(t)
    var walk = DirectionWalk(
      subject, tensor: t, members: members, random: random.stream(t).stream(index))
    while walk.members.count > 1, !cancellation.isCancelled {
      let half = walk.members.count / 2
      let parts = [walk.part(0..<half), walk.part(half..<walk.members.count)]
      let wrong = parts.first { part in
        check(
          part, t, index, scale: scale, base: base, isConfirming: true, isSettled: false
        ).verdict == .fail
      }
      guard let wrong else { return nil }
      walk = wrong
    }
    return walk.members.first
  }

  // MARK: Judgement

  /// The verdict from differences of the loss.
  private func judge(
    _ kind: GradientReport.Kind, _ index: Int, at x: Double, analytic: Double, scale: Double,
    base: Double, step: Double, error: Double, roundoff: Double, isConfirming: Bool,
    _ f: (Double) -> Double
  ) -> GradientReport.Record {
    var numeric = NumericDerivative.of(at: x, base: base, step: step, goal: goal, error: error, f)
    numeric.add(roundoff: roundoff)
    var (verdict, reason) = Verdict.judge(
      analytic, against: numeric, scale: scale, tolerance: settings.tolerance)
    if verdict == .fail && isConfirming {
      // Before a derivative is called wrong, the noise of f is measured, and kinks that
      // curvature hides are searched.
      let spent = numeric.evaluations
      numeric = NumericDerivative.of(
        at: x, base: base, step: step, goal: goal, error: error, isCareful: true, f)
      numeric.evaluations += spent
      numeric.add(roundoff: roundoff)
      (verdict, reason) = Verdict.judge(
        analytic, against: numeric, scale: scale, tolerance: settings.tolerance)
      if verdict == .fail {
        numeric.lookForKink(at: x, base: base, step: step, error: error, f)
        (verdict, reason) = Verdict.judge(
          analytic, against: numeric, scale: scale, tolerance: settings.tolerance)
      }
    }
    evaluations += numeric.evaluations
    return GradientReport.Record(
      kind: kind, index: index, value: 0, analytic: analytic, numeric: numeric, verdict: verdict,
      reason: reason)
  }

  /// Lets the layers by themselves decide if the loss gives no result or an apparent error.
  ///
  /// - Parameters:
  ///   - error: the error of f(x ± h) for small h, because x ± h is rounded.
  ///   - f: the loss.
  ///   - activations: all later outputs.
  private func settle(
    _ record: inout GradientReport.Record, by found: LocalCheck<Subject>.Result, at x: Double,
    step: Double, error: Double, base: Double, _ f: (Double) -> Double,
    activations: (Double) -> [Double]
  ) {
    switch (record.verdict, found.verdict) {
    case (.inconclusive, .fail):
      record.adopt(found)
      record.isWrongInIsolation = true
    case (.inconclusive, _):
      record.adopt(found)
    case (_, .fail):
      record.isWrongInIsolation = true
    default:
      let excess = abs(record.analytic - record.numeric.value)
      let isRight = found.verdict.isSettled
      if record.kind != .direction, isRight, hasKink(at: x, step: 1e-4 * step, activations) {
        record.adopt(found)
        (record.verdict, record.reason) = (.kink, .meetingKinks)
      } else if isRight, excess > 10 * record.numeric.bound,
        record.numeric.confirms(
          against: record.analytic, at: x, base: base, step: step,
          error: error + analytic.lossRoundoff, acceptsFlat: false, f)
      {
        record.reason = .betweenNodes
      } else {
        (record.verdict, record.reason) = (.inconclusive, .outsideWithinRoundoff)
      }
    }
  }

  /// Whether any later output has a kink at x.
  private func hasKink(at x: Double, step h: Double, _ activations: (Double) -> [Double]) -> Bool {
    let rows = [x, x + h, x - h, x + h / 2, x - h / 2].map(activations)
    evaluations += rows.count
    return rows[0].indices.contains { i in
      let (y, right, left) = (rows[0][i], rows[1][i], rows[2][i])
      let wide = right + left - 2 * y
      let narrow = rows[3][i] + rows[4][i] - 2 * y
      let noise = Double.ulpOfOne * (abs(right) + abs(left) + 2 * abs(y))
      // The condition is J(h/2)/J(h) > 0.6, with each J divided by its step.
      return abs(narrow) > NumericDerivative.noiseMargin * noise && narrow / wide > 0.3
    }
  }
}

extension GradientReport.Record {
  /// Replaces the result by that of the layers by themselves.
  fileprivate mutating func adopt<Subject>(_ found: LocalCheck<Subject>.Result) {
    if kind != .direction { kind = .local }
    let spent = numeric.evaluations
    numeric = found.numeric
    numeric.evaluations += spent
    verdict = found.verdict
    reason = found.reason
  }
}
