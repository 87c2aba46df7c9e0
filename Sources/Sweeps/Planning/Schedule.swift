/// The runs to execute, in order: continuations of trials before new trials.
///
/// Without successive halving there are no rungs, and every trial is one run.
struct Schedule {
  /// The progress of a trial.
  private struct TrialProgress {
    /// The rung to which it may train; the number of rungs means the end.
    var goal = 0
    /// True if its value at that rung has been reported to `SuccessiveHalving`.
    var isNoted = false
    /// The number of rungs for which it has values.
    var reached = 0
    /// True if a run of it is waiting or being executed.
    var isUnderWay = false
    var isOver = false
  }

  /// The rungs, in epochs.
  let rungs: [Int]
  private let plan: SweepPlan
  private let folder: SweepFolder
  private var halving: SuccessiveHalving
  private var progress: [TrialProgress]
  private var beginnings: [RungRun] = []
  private var continuations: [RungRun] = []
  /// The number of runs of each kind that have been handed out.
  private var begun = 0
  private var continued = 0
  /// The estimated costs.
  private var costToDo = 0.0
  private var costDone = 0.0

  /// The number of trials that had ended before this sweep.
  private(set) var finishedCount = 0

  /// The fraction of the work that has been done.
  var share: Double { costToDo > 0 ? min(1, costDone / costToDo) : 0 }

  /// Schedules runs of every trial that has not ended and is not permanently stopped.
  init(_ plan: SweepPlan, in folder: SweepFolder, retryingFailed: Bool) throws {
    self.plan = plan
    self.folder = folder
    rungs = plan.rungs
    halving = SuccessiveHalving(
      trials: plan.trials.count, rungs: rungs.count, factor: plan.declaration.halving?.factor ?? 2,
      largerIsBetter: plan.monitor.largerIsBetter == true)
    progress = Array(repeating: TrialProgress(), count: plan.trials.count)
    let names = folder.names()
    for (index, trial) in plan.trials.enumerated() {
      let state = try folder.state(of: trial.hash, among: names)
      progress[index].isOver = state.isFinished(retryingFailed: retryingFailed)
      guard !progress[index].isOver, !rungs.isEmpty, case .found(let summary, _) = state else {
        continue
      }
      if summary.status == .stopped {
        progress[index].reached = rungs.prefix { $0 <= summary.epochs }.count
      } else {
        // It is first trained to the epoch to which it was being trained when it ended.
        progress[index].reached = folder.metrics(of: trial)?.countPassed(rungs) ?? 0
        begin(RungRun(trial: index, rung: progress[index].reached))
      }
    }
    finishedCount = progress.count { $0.isOver }
    for index in plan.trials.indices { try settle(index) }
    for (rung, size) in halving.sizes.enumerated() where !rungs.isEmpty {
      costToDo += Double(size) * cost(of: RungRun(trial: 0, rung: rung))
    }
    for (index, own) in progress.enumerated() {
      if rungs.isEmpty {
        if !own.isOver { costToDo += plan.trials[index].cost }
      } else {
        let runs = own.isOver ? rungs.count + 1 : own.reached
        for rung in 0..<runs { costToDo -= cost(of: RungRun(trial: index, rung: rung)) }
      }
    }
  }

  /// The cost in multiplications; with successive halving, in epochs.
  private func cost(of run: RungRun) -> Double {
    let trial = plan.trials[run.trial]
    if rungs.isEmpty { return trial.cost }
    return Double((epochs(of: run) ?? trial.epochs) - (run.rung > 0 ? rungs[run.rung - 1] : 0))
  }

  /// Returns the next run; nil if none is known.
  mutating func next() -> RungRun? {
    if continued < continuations.count {
      continued += 1
      return continuations[continued - 1]
    }
    guard begun < beginnings.count else { return nil }
    begun += 1
    return beginnings[begun - 1]
  }

  /// The number of known runs that have not been handed out.
  var waitingCount: Int { continuations.count - continued + beginnings.count - begun }

  /// The epoch at which a run stops; nil for the end.
  func epochs(of run: RungRun) -> Int? { run.rung < rungs.count ? rungs[run.rung] : nil }

  /// Records the end of a run, so that other trials may continue.
  mutating func end(_ run: RungRun) throws {
    progress[run.trial].isUnderWay = false
    costDone += cost(of: run)
    guard !rungs.isEmpty else {
      progress[run.trial].isOver = true
      return
    }
    let state = try folder.state(of: plan.trials[run.trial].hash)
    if state.isFinished(retryingFailed: false) || run.rung == rungs.count {
      progress[run.trial].isOver = true
    } else {
      progress[run.trial].reached = run.rung + 1
    }
    try settle(run.trial)
  }

  private mutating func begin(_ run: RungRun) {
    progress[run.trial].isUnderWay = true
    if run.rung == 0 { beginnings.append(run) } else { continuations.append(run) }
  }

  /// Reports a trial's value to `SuccessiveHalving` or schedules a run of it, and repeats this
  /// for all trials that are promoted as a result.
  private mutating func settle(_ trial: Int) throws {
    var open = [trial]
    while let trial = open.popLast() {
      let own = progress[trial]
      if own.goal < rungs.count, own.isOver || own.goal < own.reached {
        if own.isNoted { continue }
        progress[trial].isNoted = true
        let value = try value(of: trial, at: own.goal)
        for promoted in halving.note(value, of: trial, at: own.goal) {
          progress[promoted.trial].goal = promoted.rung + 1
          progress[promoted.trial].isNoted = false
          open.append(promoted.trial)
        }
      } else if !own.isOver, !own.isUnderWay {
        begin(RungRun(trial: trial, rung: own.goal))
      }
    }
  }

  private func value(of trial: Int, at rung: Int) throws -> Double? {
    let hash = plan.trials[trial].hash
    guard let metrics = folder.metrics(of: plan.trials[trial]) else { return nil }
    return try metrics.value(plan.monitor, atEpoch: rungs[rung])
      ?? (folder.isWhole(hash) ? metrics.lastValue(plan.monitor) : nil)
  }
}
