import Results

/// A stretch of a trial's training: to a rung of successive halving, or to the
/// end.
struct Leg: Sendable {
  /// The trial's place in the plan.
  let trial: Int
  /// As many as there are rungs for the end.
  let rung: Int
}

/// What is to be trained, and in which order: what goes on before what begins.
///
/// Without successive halving there are no rungs, and every trial is one leg.
struct Schedule {
  /// Where a trial stands.
  private struct Standing {
    /// The rung that it may train to; as many as there are rungs for the end.
    var goal = 0
    /// Whether its figure there has been noted.
    var isNoted = false
    /// How many rungs its figures are there for.
    var reached = 0
    /// Whether a leg of it waits or runs.
    var isUnderWay = false
    var isOver = false
  }

  /// The rungs in epochs.
  let rungs: [Int]
  private let plan: SweepPlan
  private let folder: SweepFolder
  private var bracket: Bracket
  private var standings: [Standing]
  private var beginnings: [Leg] = []
  private var continuations: [Leg] = []
  /// How many of each have been handed out.
  private var begun = 0
  private var continued = 0
  /// Estimated costs.
  private var costToDo = 0.0
  private var costDone = 0.0

  /// How many trials were over at the beginning.
  private(set) var finishedCount = 0

  /// Which part of the work to do has been done.
  var share: Double { costToDo > 0 ? min(1, costDone / costToDo) : 0 }

  /// Legs of every trial that is not yet over, nor stopped for good.
  init(_ plan: SweepPlan, in folder: SweepFolder, retryingFailed: Bool) throws {
    self.plan = plan
    self.folder = folder
    rungs = plan.rungs
    bracket = Bracket(
      trials: plan.trials.count, rungs: rungs.count, factor: plan.declaration.halving?.factor ?? 2,
      largerIsBetter: plan.monitor.largerIsBetter == true)
    standings = Array(repeating: Standing(), count: plan.trials.count)
    let names = folder.names()
    for (index, trial) in plan.trials.enumerated() {
      let state = try folder.state(of: trial.hash, among: names)
      standings[index].isOver = state.isFinished(retryingFailed: retryingFailed)
      guard !standings[index].isOver, !rungs.isEmpty, case .found(let summary, _) = state else {
        continue
      }
      if summary.status == .stopped {
        standings[index].reached = rungs.prefix { $0 <= summary.epochs }.count
      } else {
        // It is trained first for what it was being trained for when it ended.
        standings[index].reached = folder.metrics(of: trial.hash)?.countPassed(rungs) ?? 0
        begin(Leg(trial: index, rung: standings[index].reached))
      }
    }
    finishedCount = standings.count { $0.isOver }
    for index in plan.trials.indices { try settle(index) }
    for (rung, size) in bracket.sizes.enumerated() where !rungs.isEmpty {
      costToDo += Double(size) * cost(of: Leg(trial: 0, rung: rung))
    }
    for (index, standing) in standings.enumerated() {
      if rungs.isEmpty {
        if !standing.isOver { costToDo += plan.trials[index].cost }
      } else {
        let legs = standing.isOver ? rungs.count + 1 : standing.reached
        for rung in 0..<legs { costToDo -= cost(of: Leg(trial: index, rung: rung)) }
      }
    }
  }

  /// In multiplications; under successive halving, in epochs.
  private func cost(of leg: Leg) -> Double {
    let trial = plan.trials[leg.trial]
    if rungs.isEmpty { return trial.cost }
    return Double((epochs(of: leg) ?? trial.epochs) - (leg.rung > 0 ? rungs[leg.rung - 1] : 0))
  }

  /// The next leg; nil while none is known.
  mutating func next() -> Leg? {
    if continued < continuations.count {
      continued += 1
      return continuations[continued - 1]
    }
    guard begun < beginnings.count else { return nil }
    begun += 1
    return beginnings[begun - 1]
  }

  /// How many legs are known that nobody has.
  var waitingCount: Int { continuations.count - continued + beginnings.count - begun }

  /// Epochs that a leg goes to; nil for the end.
  func epochs(of leg: Leg) -> Int? { leg.rung < rungs.count ? rungs[leg.rung] : nil }

  /// Notes what came of a leg, so that other trials may go on.
  mutating func end(_ leg: Leg) throws {
    standings[leg.trial].isUnderWay = false
    costDone += cost(of: leg)
    guard !rungs.isEmpty else {
      standings[leg.trial].isOver = true
      return
    }
    let state = try folder.state(of: plan.trials[leg.trial].hash)
    if state.isFinished(retryingFailed: false) || leg.rung == rungs.count {
      standings[leg.trial].isOver = true
    } else {
      standings[leg.trial].reached = leg.rung + 1
    }
    try settle(leg.trial)
  }

  private mutating func begin(_ leg: Leg) {
    standings[leg.trial].isUnderWay = true
    if leg.rung == 0 { beginnings.append(leg) } else { continuations.append(leg) }
  }

  /// Notes a trial's figure, or gives it a leg, and so on with all whom that
  /// lets go on.
  private mutating func settle(_ trial: Int) throws {
    var open = [trial]
    while let trial = open.popLast() {
      let standing = standings[trial]
      if standing.goal < rungs.count, standing.isOver || standing.goal < standing.reached {
        if standing.isNoted { continue }
        standings[trial].isNoted = true
        let figure = try figure(of: trial, at: standing.goal)
        for promoted in bracket.note(figure, of: trial, at: standing.goal) {
          standings[promoted.trial].goal = promoted.rung + 1
          standings[promoted.trial].isNoted = false
          open.append(promoted.trial)
        }
      } else if !standing.isOver, !standing.isUnderWay {
        begin(Leg(trial: trial, rung: standing.goal))
      }
    }
  }

  private func figure(of trial: Int, at rung: Int) throws -> Double? {
    let hash = plan.trials[trial].hash
    guard let metrics = folder.metrics(of: hash) else { return nil }
    return try metrics.value(plan.monitor, atEpoch: rungs[rung])
      ?? (folder.isWhole(hash) ? metrics.lastValue(plan.monitor) : nil)
  }
}
