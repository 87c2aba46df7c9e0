import Files
import Glibc
import NNExp
import Results

/// One trial of a written plan, run in this process to its end: what a task of a job
/// array does, on whichever machine.
public struct SingleTrial {
  private let name: String
  private let hash: TrialHash
  private let combination: Int
  private let folder: SweepFolder
  /// The plan's file.
  private let planFile: String

  /// Throws where the plan has no trial of that number.
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

  /// Runs the trial unless it has ended. Returns its exit code, be it of this
  /// process or of an earlier one; 128 + n after signal n.
  ///
  /// A trial that another process holds is waited for, `patience` seconds long:
  /// where a job is moved, its old process may be a moment about its end, and a file
  /// server takes a while to see that a machine has died.
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
        // Another process may have brought it to its end in the meantime.
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
      // Bad input may be in the plan, whatever the experiment's file holds now.
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
  /// The exit code that the trial ended with; 0 while it has not.
  var exitStatus: Int32 {
    switch self {
    case .absent: 0
    case .failed(let code, _): Int32(truncatingIfNeeded: code)
    case .found(let summary, _): Int32(truncatingIfNeeded: summary.exitStatus ?? 0)
    }
  }
}

extension TrialLock {
  /// The lock of a sweep's plan, once whoever holds it lets go of it.
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
  /// Throws where trials are held against each other while they run.
  public func requireIndependentTrials(for option: String) throws {
    if halving == nil { return }
    throw Diagnostic("halving compares the trials with each other; leave \(option) out")
  }
}

extension SweepFolder {
  /// True for a trial that is under way by its files, and that no process has.
  func isAbandoned(_ hash: TrialHash) throws -> Bool {
    guard let lock = try? TrialLock(hash, in: self) else { return false }
    defer { withExtendedLifetime(lock) {} }
    // It may have come to its end in the meantime.
    if case .found(let summary, _) = try state(of: hash) { return summary.status == .running }
    return false
  }

  /// The trials that are left to run, before anybody is told to run them. Failed
  /// ones that are to be run again move aside, so that a task which is started twice
  /// goes on with its trial the second time.
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
