public import Engine
public import NNExp
import Synchronization

/// Compares every analytic derivative of a subject with a numeric one.
///
/// Small tensors are checked entry by entry. A tensor that exceeds the budget is checked
/// along random directions of ±1 entries, in which a single wrong entry appears at its full
/// size, and at a sample of its entries. If the loss does not decide, the layer by itself
/// does.
public struct GradientChecker {
  public let settings: GradientCheckSettings
  private let random: RandomStream

  /// - Parameter random: the random numbers for samples and directions.
  public init(_ settings: GradientCheckSettings, random: RandomStream) {
    self.settings = settings
    self.random = random
  }

  /// Checks the subject and restores its values.
  ///
  /// - Parameter moment: the text of the report's column `at`: `start` or `end`.
  public func check(_ subject: some GradientSubject, at moment: String) -> GradientReport {
    // Without a cancellation, there is always a report.
    check([subject], plan(for: subject.tensors), at: moment, .never)!
  }

  /// Checks a subject on all cores; `copy` makes a copy for each.
  ///
  /// The report is the same on any number of cores.
  ///
  /// - Parameter cancellation: polled before every evaluation, by several threads. After a
  ///   cancellation, an evaluation returns NaN without any work, and the result is nil.
  public func check<Subject: GradientSubject>(
    at moment: String, cancellation: CancellationToken = .never, _ copy: () throws -> Subject
  ) throws -> GradientReport? {
    let first = try copy()
    let plan = plan(for: first.tensors)
    var subjects = [first]
    // A copy takes time and memory, so that no more copies are made than the work justifies.
    let worthy = Int(min(plan.work(on: first.tensors) / GradientChecker.workOfACore, 256))
    while subjects.count < min(Workers.count, worthy), !cancellation.isCancelled,
      let another = try? copy()
    {
      subjects.append(another)
    }
    return check(subjects, plan, at: moment, cancellation)
  }

  /// The number of multiplications and additions that justifies a copy for another core.
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
        CheckSession(
          subject, settings: settings, random: random.stream(1),
          analytic: sessions.first?.analytic, cancellation))
    }
    if cancellation.isCancelled { return nil }
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
    var found: [(tensor: Int, records: [GradientReport.Record])] = []
    var k = 0
    for t in tensors.indices where plan.tensors[t] != nil {
      var records: [GradientReport.Record] = []
      while k < blocks.count, blocks[k].tensor == t {
        records += results[k]!.records
        evaluations += results[k]!.evaluations
        k += 1
      }
      found.append((t, records))
    }
    let session = sessions[0]
    let before = session.evaluations
    for i in found.indices {
      session.proveInIsolation(found[i].tensor, &found[i].records)
      session.addDirections(found[i].tensor, &found[i].records)
      session.nameWrongEntry(of: found[i].tensor, &found[i].records)
    }
    if cancellation.isCancelled { return nil }
    let culprits = Localization(session.subject, session.analytic.values, found)
    var reports = found.map { t, records in
      GradientReport.Tensor(
        tensor: tensors[t], records: records, scale: rootMeanSquare(session.analytic.values[t]),
        diagnosis: culprits.diagnosis(of: t), culprit: culprits.nodes[t])
    }
    if settings.only.isEmpty { reports += culprits.modes }
    evaluations += session.evaluations - before
    return cancellation.isCancelled
      ? nil : GradientReport(at: moment, tensors: reports, evaluations: evaluations)
  }
}

extension CheckSession {
  /// If a direction is wrong but no checked entry is, adds the wrong entry. If there is none,
  /// the directions are only outside their bounds.
  fileprivate func nameWrongEntry(of t: Int, _ records: inout [GradientReport.Record]) {
    let wrong = records.filter { $0.verdict == .fail }
    guard let direction = wrong.first, wrong.allSatisfy({ $0.kind == .direction }) else { return }
    if let entry = wrongEntry(along: direction.index, of: t) {
      let base = subject.loss(changing: t)
      let record = checkEntry(
        t, entry, scale: rootMeanSquare(analytic.values[t]), base: base)
      _ = subject.loss(changing: t)
      if record.verdict == .fail {
        records.removeAll { $0.kind != .direction && $0.index == entry }
        let position = records.firstIndex { $0.kind == .direction || $0.index > entry }
        records.insert(record, at: position ?? records.count)
        return
      }
    }
    for i in records.indices where records[i].verdict == .fail {
      records[i].verdict = .inconclusive
      records[i].reason = .outsideWithinRoundoff
    }
  }
}
