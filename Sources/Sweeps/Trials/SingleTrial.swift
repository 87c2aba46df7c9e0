import Files
import Platform
import NNExp
import Results

/// One trial of a written plan, run to its end in this process, as a task of a job array does.
public struct SingleTrial {
  private let name: String
  private let hash: TrialHash
  private let combination: Int
  private let folder: SweepFolder
  /// The plan's file.
  private let planFile: String

  /// Throws if the plan has no trial with this number.
  public init(_ number: Int, of plan: WrittenPlan, in folder: SweepFolder) throws {
    let trials = plan.record.trials
    guard let index = trials.firstIndex(where: { $0.number == number }) else {
      throw Diagnostic(
        "there is no trial \(number); the sweep has \(trials.count), numbered from 1")
    }
    let values = zip(plan.record.parameters, trials[index].values).filter { !$1.isEmpty }
    name = "trial \(number) (" + values.map { "\($0)=\($1)" }.joined(separator: " ") + ")"
    hash = trials[index].hash
    combination = plan.combinations[index]
    planFile = plan.file ?? folder.path + "/" + PlanRecord.file
    self.folder = folder
  }

  /// Runs the trial unless it has ended. Returns its exit code, from this process or an earlier
  /// one; 128 + n after signal n.
  ///
  /// If another process runs the trial, this waits up to `patience` seconds: when a job is
  /// moved, the old process may need a moment to end, and a file server needs some time to
  /// notice that a machine has failed.
  public func run(
    with runner: TrialRunner, patience: Int, report: (String) -> Void,
    warn: (String) -> Void
  ) throws -> Int32 {
    let before = try folder.state(of: hash)
    if before.isFinished(retryingFailed: runner.isRetrying) {
      reportEnd(before, "had ended: ", report, warn)
      return before.exitStatus
    }
    for attempt in 0...patience * 10 {
      if case .ended(let code, _) = try runner.run(combination: combination, hash: hash) {
        let state = try folder.state(of: hash)
        reportEnd(state, "", report, warn)
        // Another process may have finished it in the meantime.
        return code == 0 ? state.exitStatus : code
      }
      if let signal = runner.cancellation.signal { return 128 + signal }
      if attempt == 0 {
        report("\(Escaping.line(name)) is in use by another process; waiting for it")
      }
      usleep(100_000)
    }
    throw Diagnostic(
      "\(name) has been in use by another process for \(patience) s",
      notes: [.init("to wait for its result, run this command again")],
      failure: .environment)
  }

  private func reportEnd(
    _ state: TrialState, _ when: String, _ report: (String) -> Void, _ warn: (String) -> Void
  ) {
    switch state {
    case .absent: break
    case .failed(let code, let error):
      // The cause may be in the plan, even if the experiment's file has changed since.
      let note =
        [2, 3].contains(code) ? "\nnote: the trial is of the plan '\(Escaping.line(planFile))'" : ""
      warn(Escaping.line("error: \(name) \(when)failed: \(error)") + note)
    case .found(let summary, _):
      if summary.status == .completed { return report(Escaping.line("\(name) \(when)completed")) }
      warn(
        Escaping.line(
          "error: \(name) \(when)\(summary.status.rawValue)"
            + (summary.reason.map { ": \($0)" } ?? "")))
    }
  }
}

extension TrialState {
  /// The exit code of the trial; 0 if it has not ended.
  var exitStatus: Int32 {
    switch self {
    case .absent: 0
    case .failed(let code, _): Int32(truncatingIfNeeded: code)
    case .found(let summary, _): Int32(truncatingIfNeeded: summary.exitStatus ?? 0)
    }
  }
}

extension TrialLock {
  /// Acquires the lock of a sweep's plan, and waits for it if necessary.
  static func ofPlan(in folder: SweepFolder, seconds: Int) throws -> TrialLock {
    for _ in 0...seconds * 20 {
      if let lock = try TrialLock(at: 0, in: folder) { return lock }
      usleep(50_000)
    }
    throw Diagnostic(
      "'\(folder.path)/.locks' has been locked by another process for \(seconds) s",
      failure: .environment)
  }
}

extension SweepDeclaration {
  /// Throws if trials are compared with each other while they run.
  public func requireIndependentTrials(for option: String) throws {
    if halving == nil { return }
    throw Diagnostic("halving compares the trials with each other; omit \(option)")
  }
}

extension SweepFolder {
  /// True if the trial's files show that it is running, but no process runs it.
  func isAbandoned(_ hash: TrialHash) throws -> Bool {
    if isLocked(from: hash.lockPosition, count: 1) { return false }
    // It may have ended in the meantime.
    if case .found(let summary, _) = try state(of: hash) { return summary.status == .running }
    return false
  }

  /// The trials to run, determined before any process is started. Failed trials that will be
  /// repeated are moved aside now, so that a task that is started twice resumes its trial the
  /// second time.
  public func trialsLeft(of plan: SweepPlan, retryingFailed: Bool) throws -> [PlannedTrial] {
    try plan.trials.filter { trial in
      let state = try state(of: trial.hash)
      if state.isFinished(retryingFailed: retryingFailed) { return false }
      if state.isFinished(retryingFailed: false), let lock = try TrialLock(trial.hash, in: self) {
        defer { withExtendedLifetime(lock) {} }
        try setAside(trial.hash)
      }
      return true
    }
  }
}
