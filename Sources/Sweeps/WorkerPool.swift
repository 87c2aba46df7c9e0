import Glibc
import NNExp
import Results

/// Processes of this same executable that run trials, one each at a time.
///
/// A worker reads `combination hash epochs figure` lines, `-` for all epochs, and
/// answers each with the trial's status and the best of its figure, or with
/// `held`. When one dies, its trial alone has failed, and a new worker takes
/// its place.
public final class WorkerPool {
  private struct Worker {
    var process: pid_t
    var input: Int32
    var output: Int32
    var leg: Leg?
  }

  private let plan: SweepPlan
  private let folder: SweepFolder
  private let arguments: [String]
  private let listener: any SweepListener
  private let failsFast: Bool
  private var schedule: Schedule
  private var workers: [Worker] = []
  /// Legs that another process is at.
  private var held: [Leg] = []
  private var hasFailed = false
  public private(set) var progress: SweepProgress

  /// - Parameter arguments: the command line of a worker, without the executable.
  public init(
    _ plan: SweepPlan, in folder: SweepFolder, arguments: [String], retryingFailed: Bool,
    failsFast: Bool, listener: any SweepListener
  ) {
    self.plan = plan
    self.folder = folder
    self.arguments = arguments
    self.listener = listener
    self.failsFast = failsFast
    schedule = Schedule(plan, in: folder, retryingFailed: retryingFailed)
    progress = SweepProgress(
      total: plan.trials.count, done: schedule.finishedCount, monitor: plan.monitor)
  }

  /// Runs what is not finished on up to `jobs` workers; trials that another
  /// process has are waited for, and run if it dies.
  public func run(jobs: Int) throws {
    defer { stop() }
    while listener.interruption == nil, !(failsFast && hasFailed) {
      try assign(jobs)
      progress.running = workers.filter { $0.leg != nil }.count
      listener.update(progress)
      if progress.running == 0 {
        if held.isEmpty { return }
        usleep(100_000)
      } else {
        try listen()
      }
    }
  }

  /// Gives every idle worker something to do, as long as there is something.
  private func assign(_ jobs: Int) throws {
    var again = held
    held = []
    again.reverse()
    while true {
      let idle = workers.firstIndex { $0.leg == nil }
      guard idle != nil || workers.count < jobs else { break }
      guard let leg = schedule.next() ?? again.popLast() else { break }
      if idle == nil { workers.append(try spawn()) }
      let index = idle ?? workers.count - 1
      workers[index].leg = leg
      let trial = plan.trials[leg.trial]
      let epochs = schedule.epochs(of: leg).map(String.init) ?? "-"
      send(
        "\(trial.combination) \(trial.hash) \(epochs) \(plan.monitor.name)\n",
        to: workers[index].input)
    }
    held = again.reversed()
  }

  /// Waits for answers for a tenth of a second.
  private func listen() throws {
    var polls = workers.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
    guard poll(&polls, nfds_t(polls.count), 100) > 0 else { return }
    for index in workers.indices.reversed() where polls[index].revents != 0 {
      // An answer is one short write, which arrives as a whole.
      var buffer = [UInt8](repeating: 0, count: 128)
      let count = read(workers[index].output, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let leg = workers[index].leg
        let reason = bury(index)
        if let leg, listener.interruption == nil { try died(leg, reason) }
        continue
      }
      guard let leg = workers[index].leg else { continue }
      workers[index].leg = nil
      heard(String(decoding: buffer[..<count], as: UTF8.self), of: leg)
    }
  }

  private func heard(_ answer: String, of leg: Leg) {
    let words = answer.dropLast().split(separator: " ")
    guard words.count == 2, let status = TrialRow.Status(rawValue: String(words[0])),
      status != .interrupted
    else {
      // Held elsewhere, or its worker alone was told to stop: it is run again.
      held.append(leg)
      return
    }
    ended(leg, status)
    progress.note(best: Double(words[1]))
  }

  private func ended(_ leg: Leg, _ status: TrialRow.Status) {
    schedule.end(leg)
    progress.share = schedule.share
    if leg.rung > 0 { progress.stopped -= 1 }
    switch status {
    case .stopped: progress.stopped += 1
    case .failed:
      progress.failed += 1
      progress.done += 1
    default: progress.done += 1
    }
    if plan.declaration.countsAgainst(status) { hasFailed = true }
  }

  /// Lets go of a dead worker; returns its exit code and what it died of.
  @discardableResult
  private func bury(_ index: Int) -> (code: Int, text: String) {
    let worker = workers.remove(at: index)
    close(worker.input)
    close(worker.output)
    var status: Int32 = 0
    while waitpid(worker.process, &status, 0) < 0 && errno == EINTR {}
    let number = status & 0x7F
    if number == 0 {
      let code = Int(status >> 8 & 0xFF)
      return (code == 0 ? 1 : code, "its process ended with exit code \(code)")
    }
    return (128 + Int(number), "its process was killed by signal \(number) (\(name(of: number)))")
  }

  /// Notes that a trial took its worker's process with it.
  private func died(_ leg: Leg, _ reason: (code: Int, text: String)) throws {
    let trial = plan.trials[leg.trial]
    // Another process may have taken the trial up the moment that its lock fell.
    guard let lock = try TrialLock(trial.hash, in: folder) else {
      held.append(leg)
      return
    }
    defer { withExtendedLifetime(lock) {} }
    if !folder.state(of: trial.hash).isFinished(retryingFailed: false) {
      try folder.noteFailure(of: trial.hash, exitStatus: reason.code, error: reason.text)
    }
    ended(leg, .failed)
  }

  private func name(of signal: Int32) -> String {
    [
      SIGABRT: "SIGABRT", SIGSEGV: "SIGSEGV", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
      SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGTERM: "SIGTERM",
      SIGINT: "SIGINT", SIGXCPU: "SIGXCPU",
    ][signal] ?? String(cString: strsignal(signal))
  }

  /// Ends the workers: idle ones when their input closes, busy ones by SIGTERM.
  private func stop() {
    for worker in workers {
      if worker.leg != nil { kill(worker.process, SIGTERM) }
      close(worker.input)
    }
    for worker in workers {
      close(worker.output)
      var status: Int32 = 0
      while waitpid(worker.process, &status, 0) < 0 && errno == EINTR {}
    }
    workers = []
  }

  private func send(_ text: String, to descriptor: Int32) {
    // A worker that has died is noticed when its answer is awaited.
    _ = Array(text.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
  }

  private func spawn() throws -> Worker {
    func makePipe() throws -> (read: Int32, write: Int32) {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw WorkerPool.cannotStart(errno) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return (ends[0], ends[1])
    }
    let input = try makePipe()
    let output = try makePipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input.read, 0)
    posix_spawn_file_actions_adddup2(&actions, output.write, 1)
    var words: [UnsafeMutablePointer<CChar>?] = ([CommandLine.arguments[0]] + arguments).map {
      strdup($0)
    }
    words.append(nil)
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, "/proc/self/exe", &actions, nil, words, environ)
    close(input.read)
    close(output.write)
    guard code == 0 else {
      close(input.write)
      close(output.read)
      throw WorkerPool.cannotStart(code)
    }
    return Worker(process: process, input: input.write, output: output.read)
  }

  private static func cannotStart(_ code: Int32) -> Diagnostic {
    Diagnostic(
      "cannot start a worker process: \(String(cString: strerror(code)))", failure: .environment)
  }
}

/// The worker's side: runs what its standard input names, to its end.
public func serveTrials(with runner: TrialRunner) throws {
  while let line = readLine(strippingNewline: true) {
    let words = line.split(separator: " ", maxSplits: 3)
    guard words.count == 4, let combination = Int(words[0]) else { return }
    let outcome = try runner.run(
      combination: combination, hash: String(words[1]), pausingAfter: Int(words[2]))
    let answer =
      switch outcome {
      case .ended(_, let summary):
        (summary?.status.rawValue ?? "failed") + " "
          + (summary?.best.first { $0.name == words[3] }.map { "\($0.value)" } ?? "-")
      case .held: "held"
      }
    let sent = Array((answer + "\n").utf8).withUnsafeBytes { write(1, $0.baseAddress!, $0.count) }
    if sent < 0 || runner.interruption() != nil { return }
  }
}
