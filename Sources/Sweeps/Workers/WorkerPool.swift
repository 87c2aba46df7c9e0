import Glibc
import NNExp
import Results

/// Worker processes, each at one run of a trial at a time, with the next few at hand.
///
/// A worker is sent `combination hash epochs figure` lines, `-` for all epochs,
/// and answers each with the trial's status and the best of its figure, or with
/// `held`; `leaving` besides if it was told to stop. When one dies, the trial that it
/// was at has failed, and a new worker takes its place.
public final class WorkerPool {
  private let plan: SweepPlan
  private let folder: SweepFolder
  private let runner: TrialRunner
  private let arguments: [String]
  private let listener: any SweepListener
  private let failsFast: Bool
  private var schedule: Schedule
  private var workers: [WorkerProcess] = []
  /// Runs that another process is at.
  private var held: [RungRun] = []
  private var hasFailed = false
  public private(set) var progress: SweepProgress

  /// - Parameters:
  ///   - runner: what the workers run trials with.
  ///   - arguments: the command line of a worker that is a program of its own, the
  ///     program's name first.
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
    schedule = try Schedule(plan, in: folder, retryingFailed: retryingFailed)
    progress = SweepProgress(
      total: plan.trials.count, done: schedule.finishedCount, monitor: plan.monitor)
  }

  /// Runs what is not finished on up to `jobs` workers; trials that another
  /// process has are waited for, and run if it dies.
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

  /// Gives every worker something to do, as long as there is something.
  ///
  /// Where many wait, a worker is given some at once, so that it need not wait for
  /// this process between short ones: half its share of what is left, 8 at most, so
  /// that all come to their ends together.
  ///
  /// - Source: Hummel, Schonberg, Flynn 1992, "Factoring", for the half
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

  /// A copy of this process, which has the plan and its data in memory already.
  ///
  /// Plugins may have started threads, which a copy lacks, or left whatever else their
  /// code leaves: where there are any, a worker is this program from its beginning. It
  /// is sent the sweep's files first, so that it sees what this process saw.
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
      execv("/proc/self/exe", &words)
      return 127
    }
    for file in plan.declaration.files { worker.send(Array("\(file.count)\n".utf8) + file) }
    return worker
  }

  /// Waits for answers for a tenth of a second.
  private func listen() throws {
    let descriptors = workers.map(\.output) + workers.map(\.errors)
    var polls = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&polls, nfds_t(polls.count), 100) > 0 else { return }
    for (index, worker) in workers.enumerated().reversed() {
      if polls[workers.count + index].revents & Int16(POLLIN) != 0 { worker.listen() }
      guard polls[index].revents != 0 else { continue }
      if let answers = worker.answers() {
        for (run, line) in answers { try heard(line, of: run) }
        guard let last = answers.last, last.line.hasSuffix(bytes: " leaving") else { continue }
        workers.remove(at: index)
        held += worker.runs
        worker.bury()
      } else {
        workers.remove(at: index)
        let reason = worker.bury()
        held += worker.runs.dropFirst()
        if let run = worker.runs.first, !runner.cancellation.isCancelled { try died(run, reason) }
      }
    }
  }

  private func heard(_ answer: String, of run: RungRun) throws {
    let words = answer.split(atByte: " ")
    guard words.count >= 2, let status = TrialRow.Status(rawValue: String(words[0])),
      status != .interrupted
    else {
      // Held elsewhere, or its worker alone was told to stop: it is tried again.
      held.append(run)
      return
    }
    try ended(run, status)
    progress.note(best: Double(words[1]))
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

  /// Notes that a trial took its worker's process with it.
  private func died(_ run: RungRun, _ reason: (code: Int, text: String)) throws {
    let trial = plan.trials[run.trial]
    // Another process may have taken the trial up the moment that its lock fell.
    guard let lock = try TrialLock(trial.hash, in: folder) else {
      held.append(run)
      return
    }
    defer { withExtendedLifetime(lock) {} }
    if try !folder.state(of: trial.hash).isFinished(retryingFailed: false) {
      try folder.noteFailure(of: trial.hash, exitStatus: reason.code, error: reason.text)
    }
    try ended(run, .failed)
  }

  /// Lets the workers go, which takes them a moment; waits for those that are at a
  /// trial.
  private func dismiss() {
    for worker in workers { worker.dismiss() }
    if workers.contains(where: { !$0.runs.isEmpty }) { close() }
  }

  /// Waits until all have gone. Call it last.
  public func close() {
    for worker in workers { worker.bury(isDismissed: true) }
    workers = []
  }
}
