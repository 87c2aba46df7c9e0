import Platform
import NNExp
import Results

/// Worker processes. Each executes one run of a trial at a time and has the next few queued.
///
/// A worker receives lines `combination hash epochs column`, with `-` for all epochs. It
/// answers each with the trial's status and the best value of the column, or with `held` if
/// another process runs the trial; it appends `leaving` if it was asked to end. If a worker
/// dies, its current trial has failed, and a new worker replaces it.
public final class WorkerPool {
  private let plan: SweepPlan
  private let folder: SweepFolder
  private let runner: TrialRunner
  private let arguments: [String]
  private let listener: any SweepListener
  private let failsFast: Bool
  /// Shows other programs that the sweep is in progress.
  private let lock: TrialLock?
  private var schedule: Schedule
  private var workers: [WorkerProcess] = []
  /// Runs of trials that another process is running.
  private var held: [RungRun] = []
  private var hasFailed = false
  public private(set) var progress: SweepProgress

  /// - Parameters:
  ///   - runner: the runner that the workers use for trials.
  ///   - arguments: the command line of a worker that is started as a separate program,
  ///     beginning with the program's name.
  public init(
    _ plan: SweepPlan, in folder: SweepFolder, runner: TrialRunner, arguments: [String],
    retryingFailed: Bool, failsFast: Bool, listener: any SweepListener
  ) throws {
    self.plan = plan
    self.folder = folder
    self.runner = runner
    self.arguments = arguments
    self.listener = listener
    self.failsFast = failsFast
    lock = try TrialLock.ofCommand(in: folder)
    schedule = try Schedule(plan, in: folder, retryingFailed: retryingFailed)
    progress = SweepProgress(
      total: plan.trials.count, done: schedule.finishedCount, monitor: plan.monitor)
  }

  /// Executes the unfinished runs on up to `jobs` workers. Waits for trials that another
  /// process is running, and runs them if that process dies.
  public func run(jobs: Int) throws {
    defer { dismiss() }
    while !runner.cancellation.isCancelled, !(failsFast && hasFailed) {
      try assign(jobs)
      progress.running = workers.count { !$0.runs.isEmpty }
      listener.update(progress)
      if progress.running == 0 {
        if held.isEmpty { return }
        usleep(100_000)
      } else {
        try listen()
      }
    }
  }

  /// Assigns runs to every worker while there are any.
  ///
  /// If many runs are waiting, a worker gets several at once, so that it need not wait for this
  /// process between short runs: half of its share of the remaining runs, at most 8, so that
  /// all workers end at about the same time.
  ///
  /// - Source: Hummel, Schonberg, Flynn 1992, "Factoring", for the factor of one half.
  private func assign(_ jobs: Int) throws {
    var again = held
    held = []
    again.reverse()
    while true {
      let enough = max(1, min(8, schedule.waitingCount / (2 * jobs)))
      var worker = workers.min { $0.runs.count < $1.runs.count }
      let load = worker?.runs.count ?? enough
      let isNew = load > 0 && workers.count < jobs
      guard isNew || load < enough, let run = schedule.next() ?? again.popLast() else { break }
      if isNew {
        workers.append(try newWorker())
        worker = workers.last
      }
      let trial = plan.trials[run.trial]
      let epochs = schedule.epochs(of: run).map(String.init) ?? "-"
      worker?.send("\(trial.combination) \(trial.hash) \(epochs) \(plan.monitor.name)", for: run)
    }
    held = again.reversed()
  }

  /// Creates a worker as a copy of this process, which already has the plan and its data in
  /// memory.
  ///
  /// If plugins are loaded, the worker is started as a new program instead, because a copy
  /// would lack threads that plugins may have started. It receives the sweep's files first, so
  /// that it reads the same contents as this process.
  private func newWorker() throws -> WorkerProcess {
    guard plan.loadsPlugins else {
      return try WorkerProcess(besides: workers) {
        Workers.count = 1
        return WorkerInput().serve(with: runner)
      }
    }
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    let worker = try WorkerProcess(besides: workers) {
      execv(executablePath, &words)
      return 127
    }
    for file in plan.declaration.files { worker.send(Array("\(file.count)\n".utf8) + file) }
    return worker
  }

  /// Waits up to a tenth of a second for answers.
  private func listen() throws {
    let descriptors = workers.map(\.output) + workers.map(\.errors)
    var polls = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&polls, nfds_t(polls.count), 100) > 0 else { return }
    for (index, worker) in workers.enumerated().reversed() {
      if polls[workers.count + index].revents & Int16(POLLIN) != 0 { worker.listen() }
      guard polls[index].revents != 0 else { continue }
      if let answers = worker.answers() {
        for (run, line) in answers { try receive(line, of: run) }
        guard let last = answers.last, last.line.hasSuffix(bytes: " leaving") else { continue }
        workers.remove(at: index)
        held += worker.runs
        worker.waitForEnd()
      } else {
        workers.remove(at: index)
        let reason = worker.waitForEnd()
        held += worker.runs.dropFirst()
        if let run = worker.runs.first, !runner.cancellation.isCancelled {
          try recordDeath(of: run, reason)
        }
      }
    }
  }

  private func receive(_ answer: String, of run: RungRun) throws {
    let words = answer.split(atByte: " ")
    guard words.count >= 2, let status = TrialRow.Status(rawValue: String(words[0])),
      status != .interrupted
    else {
      // Another process runs the trial, or only this worker was asked to end: the run is tried
      // again.
      held.append(run)
      return
    }
    try ended(run, status)
    progress.note(best: Double(words[1]), settings: plan.settings(of: run.trial))
  }

  private func ended(_ run: RungRun, _ status: TrialRow.Status) throws {
    try schedule.end(run)
    progress.share = schedule.share
    if run.rung > 0 { progress.stopped -= 1 }
    switch status {
    case .stopped: progress.stopped += 1
    case .failed:
      progress.failed += 1
      progress.done += 1
    default: progress.done += 1
    }
    if plan.declaration.countsAgainst(status) { hasFailed = true }
  }

  /// Records that a trial ended its worker's process.
  private func recordDeath(of run: RungRun, _ reason: (code: Int, text: String)) throws {
    let trial = plan.trials[run.trial]
    // Another process may have started the trial as soon as its lock was released.
    guard let lock = try TrialLock(trial.hash, in: folder) else {
      held.append(run)
      return
    }
    defer { withExtendedLifetime(lock) {} }
    if try !folder.state(of: trial.hash).isFinished(retryingFailed: false) {
      try folder.recordFailure(of: trial.hash, exitStatus: reason.code, error: reason.text)
    }
    try ended(run, .failed)
  }

  /// Asks the workers to end, and waits for those that are running a trial.
  private func dismiss() {
    for worker in workers { worker.dismiss() }
    if workers.contains(where: { !$0.runs.isEmpty }) { close() }
  }

  /// Waits until all workers have ended. Call it last.
  public func close() {
    for worker in workers { worker.waitForEnd(isDismissed: true) }
    workers = []
  }
}
