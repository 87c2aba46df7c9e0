import Glibc
import NNExp
import Results

/// Who hears of a sweep while it lasts.
public protocol SweepListener: AnyObject {
  /// The signal that asked the sweep to end, if one came.
  var interruption: Int32? { get }
  /// Called when a trial ended and ten times a second in between.
  func update(done: Int, failed: Int, running: Int, of total: Int)
}

/// Processes of this same executable that run trials, one each at a time.
///
/// A worker reads `combination hash` lines and answers each with the trial's exit
/// code, or `held`. When one dies, its trial alone has failed, and a new worker
/// takes its place.
public final class WorkerPool {
  private struct Worker {
    var process: pid_t
    var input: Int32
    var output: Int32
    var trial: PlannedTrial?
  }

  private let folder: SweepFolder
  private let arguments: [String]
  private let listener: any SweepListener
  private let failsFast: Bool
  private var workers: [Worker] = []
  private var failed = 0
  private var done = 0

  /// - Parameter arguments: the command line of a worker, without the executable.
  public init(
    in folder: SweepFolder, arguments: [String], failsFast: Bool, listener: any SweepListener
  ) {
    self.folder = folder
    self.arguments = arguments
    self.failsFast = failsFast
    self.listener = listener
  }

  /// Runs the trials on up to `jobs` workers; those that another process has
  /// are waited for, and run if it dies.
  public func run(_ trials: [PlannedTrial], jobs: Int, of total: Int) throws {
    var queue = Array(trials.reversed())
    var held: [PlannedTrial] = []
    done = total - trials.count
    defer { stop() }
    while !queue.isEmpty || !held.isEmpty || workers.contains(where: { $0.trial != nil }) {
      if listener.interruption != nil { return }
      if failsFast, failed > 0 { queue = []; held = [] }
      while workers.count < min(jobs, queue.count) { workers.append(try spawn()) }
      for index in workers.indices where workers[index].trial == nil {
        guard let trial = queue.popLast() else { break }
        workers[index].trial = trial
        send("\(trial.combination) \(trial.hash)\n", to: workers[index].input)
      }
      let running = workers.filter { $0.trial != nil }.count
      listener.update(done: done, failed: failed, running: running, of: total)
      if running == 0 {
        if held.isEmpty { continue }
        usleep(100_000)
        queue = held.reversed()
        held = []
        continue
      }
      try listen(requeue: &held)
    }
    listener.update(done: done, failed: failed, running: 0, of: total)
  }

  /// Waits for answers for a tenth of a second.
  private func listen(requeue held: inout [PlannedTrial]) throws {
    var polls = workers.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
    guard poll(&polls, nfds_t(polls.count), 100) > 0 else { return }
    for index in workers.indices.reversed() where polls[index].revents != 0 {
      guard let trial = workers[index].trial else {
        bury(index)
        continue
      }
      // An answer is one short write, which arrives as a whole.
      var buffer = [UInt8](repeating: 0, count: 64)
      let count = read(workers[index].output, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 {
        let reason = bury(index)
        if listener.interruption == nil {
          failed += 1
          done += 1
          try noteDeath(of: trial, reason)
        }
        continue
      }
      workers[index].trial = nil
      let answer = String(decoding: buffer[..<count].dropLast(), as: UTF8.self)
      if answer == "held" {
        held.append(trial)
      } else {
        done += 1
        if answer != "0" { failed += 1 }
      }
    }
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

  private func noteDeath(of trial: PlannedTrial, _ reason: (code: Int, text: String)) throws {
    // Another process may have taken the trial up the moment that its lock fell.
    guard let lock = try TrialLock(trial.hash, in: folder) else { return }
    defer { withExtendedLifetime(lock) {} }
    if folder.state(of: trial.hash).isFinished(retryingFailed: false) { return }
    try folder.noteFailure(of: trial.hash, exitStatus: reason.code, error: reason.text)
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
      if worker.trial != nil { kill(worker.process, SIGTERM) }
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
    let words = line.split(separator: " ")
    guard words.count == 2, let combination = Int(words[0]) else { return }
    let answer: String
    switch try runner.run(combination: combination, hash: String(words[1])) {
    case .ended(let code): answer = "\(code)\n"
    case .held: answer = "held\n"
    }
    let sent = Array(answer.utf8).withUnsafeBytes { write(1, $0.baseAddress!, $0.count) }
    if sent < 0 || runner.interruption() != nil { return }
  }
}
