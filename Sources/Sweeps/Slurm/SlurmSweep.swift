public import Engine
import Files
import Platform
import NNExp
import Results

/// Receives the progress of job arrays.
public protocol ArrayListener: AnyObject {
  /// Called ten times a second.
  func update(_ progress: ArrayProgress)
  /// Called with a message for the user, on a separate line.
  func note(_ text: String)
}

/// The progress of a sweep's job arrays, in tasks.
public struct ArrayProgress: Sendable {
  public var done = 0
  /// The number of ended tasks whose exit code was not 0.
  public var failed = 0
  public var running = 0
  public var waiting = 0
  /// The reason why the first waiting task waits.
  public var reason: String?

  public var total: Int { done + running + waiting }

  mutating func count(_ tasks: [SlurmTask]) {
    for task in tasks {
      if task.isOver {
        done += 1
        if task.state != "COMPLETED" { failed += 1 }
      } else if task.state == "PENDING" {
        waiting += 1
        if reason == nil, task.reason != "None" { reason = task.reason }
      } else {
        running += 1
      }
    }
  }
}

/// A sweep whose trials are tasks of Slurm job arrays.
///
/// Slurm reports which tasks have ended; the run directories contain the results of the trials.
public final class SlurmSweep {
  private let folder: SweepFolder
  private let listener: any ArrayListener
  private var arrays: [SlurmArray] = []

  /// Reads the arrays of earlier commands. Unfinished ones will be waited for; failures of the
  /// others are recorded.
  public init(in folder: SweepFolder, listener: any ArrayListener) throws {
    self.folder = folder
    self.listener = listener
    let home = folder.path + "/slurm"
    let here = FileSystem.system.currentFolder
    for name in try here.openFolderIfThere(home)?.entries() ?? [] {
      guard var array = try SlurmArray(of: "\(home)/\(name)"), !array.isSettled else { continue }
      if array.learn(try SlurmClient.tasks(of: array.job)) {
        try array.settle(in: folder)
      } else {
        arrays.append(array)
      }
    }
  }

  /// Records failures of trials whose arrays have ended, whichever command submitted them. Does
  /// nothing if Slurm is not installed.
  public static func recordFailures(in folder: SweepFolder) throws {
    guard access(folder.path + "/slurm", F_OK) == 0, try SlurmClient.isPresent() else { return }
    _ = try SlurmSweep(in: folder, listener: NullArrayListener())
  }

  /// Throws if Slurm is not installed.
  public static func requirePresence() throws { try SlurmClient.requirePresence() }

  /// The jobs for which `wait` waits.
  public var jobs: [String] { arrays.map(\.job.number) }

  /// The commands that cancel these jobs.
  public var cancelCommands: [String] { arrays.map(\.job.cancelCommand) }

  private static func path(of number: Int, in folder: SweepFolder) -> String {
    let digits = String(number)
    return folder.path + "/slurm/" + String(repeating: "0", count: max(0, 4 - digits.count))
      + digits
  }
}

private final class NullArrayListener: ArrayListener {
  func update(_ progress: ArrayProgress) {}
  func note(_ text: String) {}
}

// MARK: - Submitting

extension SlurmSweep {
  /// The settings of an array from the command line.
  public struct Request: Sendable {
    let options: [String]
    let throttle: Int?
    let isRetryingFailed: Bool
    let file: String

    /// - Parameters:
    ///   - options: `--slurm-options`, which are passed to sbatch.
    ///   - throttle: the maximum number of tasks at a time.
    ///   - file: the sweep's file, as on the command line.
    public init(
      options: String, throttle: Int?, retryingFailed: Bool, file: String
    ) throws {
      self.options = try shellWords(options, of: "--slurm-options")
      self.throttle = throttle
      isRetryingFailed = retryingFailed
      self.file = file
      for word in self.options {
        if word.hasPrefix(bytes: "-a") || word.hasPrefix(bytes: "--array") {
          throw Diagnostic(
            "--slurm-options cannot contain '\(word)': nnexp defines the array; limit the number "
              + "of tasks that run at once with --jobs")
        }
        if word.hasPrefix(bytes: "--wrap") {
          throw Diagnostic("--slurm-options cannot contain '\(word)': the tasks run trials")
        }
      }
    }
  }

  /// Submits the unfinished trials of the plan that are not in an earlier array. Returns the
  /// number of these trials and of their tasks.
  public func submit(
    _ plan: SweepPlan, _ request: Request
  ) throws -> (trials: Int, tasks: Int) {
    let taken = trials
    let trials = try folder.trialsLeft(of: plan, retryingFailed: request.isRetryingFailed)
      .filter { !taken.contains($0.hash) }
    if trials.isEmpty { return (0, 0) }
    let path = try makeFolder()
    try WrittenPlan(plan).write(to: SweepFolder(path))
    let list = TaskList(
      of: trials.map(\.number), largestIndex: try SlurmClient.largestIndex())
    let here = try currentFolder()
    let script = ArrayScript(
      name: plan.declaration.name, tasks: list, throttle: request.throttle,
      program: try executable(), workingFolder: here, file: request.file, output: folder.path,
      plan: "\(path)/\(PlanRecord.file)",
      logFolder: path.hasPrefix(bytes: "/") ? path : "\(here)/\(path)")
    try FileSystem.system.write(Array(try script.text().utf8), to: "\(path)/array.sh")
    let (job, remarks) = try SlurmClient.submit(
      script: "\(path)/array.sh", options: request.options)
    let hashes = Dictionary(uniqueKeysWithValues: trials.map { ($0.number, $0.hash) })
    let array = SlurmArray(
      path: path, job: job,
      tasks: list.tasks.map { task in
        .init(index: task.index, trials: task.trials.compactMap { hashes[$0] })
      })
    arrays.append(array)
    try array.write()
    for remark in remarks.split(atByte: "\n") { listener.note(String(remark)) }
    return (trials.count, list.tasks.count)
  }

  /// Creates the next free folder, such as `slurm/0001`.
  private func makeFolder() throws -> String {
    let here = FileSystem.system.currentFolder
    _ = try here.makeFolder(folder.path + "/slurm")
    var number = 1
    while try !here.makeFolder(SlurmSweep.path(of: number, in: folder)) { number += 1 }
    return SlurmSweep.path(of: number, in: folder)
  }

  private func currentFolder() throws -> String {
    guard let path = getcwd(nil, 0) else {
      throw Diagnostic(
        "cannot determine the current folder: \(String(cString: strerror(errno)))",
        failure: .environment)
    }
    defer { free(path) }
    return try name(of: path)
  }

  private func executable() throws -> String {
    guard let path = realpath(executablePath, nil) else {
      throw Diagnostic(
        "cannot determine the path of this program: \(String(cString: strerror(errno)))",
        failure: .environment)
    }
    defer { free(path) }
    return try name(of: path)
  }

  private func name(of path: UnsafePointer<CChar>) throws -> String {
    if let name = validName(path) { return name }
    throw Diagnostic(
      "a path of a job array must be UTF-8: '\(shown(name: path))'", failure: .environment)
  }
}

// MARK: - Waiting

extension SlurmSweep {
  /// Returns when every array has ended, or when waiting is cancelled.
  ///
  /// - Parameter plan: if given, the first of its trials that fails cancels the others.
  public func wait(
    failingFast plan: SweepPlan? = nil, cancellation: CancellationToken
  ) throws {
    let lock = try TrialLock.ofCommand(in: folder)
    defer { withExtendedLifetime(lock) {} }
    var waited = 0.0
    var nextLook = 0.0
    var progress = ArrayProgress()
    var lastTrouble = ""
    var isCancelled = false
    while !cancellation.isCancelled {
      if waited >= nextLook {
        var isOver = false
        do {
          (progress, isOver) = try poll()
          lastTrouble = ""
        } catch let trouble as Diagnostic {
          // A controller may not answer while it is being restarted.
          if trouble.message != lastTrouble { listener.note("\(trouble.message); still waiting") }
          lastTrouble = trouble.message
          isOver = try isFinished()
        }
        if isOver {
          for index in arrays.indices { try arrays[index].settle(in: folder) }
          arrays = []
          return
        }
        if let plan, !isCancelled, try hasFailed(plan) {
          for array in arrays { try SlurmClient.cancel(array.job) }
          isCancelled = true
        }
        // The intervals grow, because all users of a cluster query the same controller.
        nextLook = waited + min(max(waited / 20, 0.5), 10)
      }
      listener.update(progress)
      usleep(100_000)
      waited += 0.1
    }
  }

  /// Queries every array.
  private func poll() throws -> (ArrayProgress, isOver: Bool) {
    var progress = ArrayProgress()
    var isOver = true
    for index in arrays.indices {
      let tasks = try SlurmClient.tasks(of: arrays[index].job)
      if !arrays[index].learn(tasks) { isOver = false }
      progress.count(tasks)
      // Tasks that Slurm no longer lists have ended.
      progress.done += arrays[index].tasks.count - tasks.count
    }
    return (progress, isOver)
  }

  private var trials: Set<TrialHash> { Set(arrays.flatMap(\.tasks).flatMap(\.trials)) }

  /// True if the run directories show that all trials have ended, for use if Slurm does not
  /// answer.
  private func isFinished() throws -> Bool {
    try trials.allSatisfy { try folder.state(of: $0).isFinished(retryingFailed: false) }
  }

  private func hasFailed(_ plan: SweepPlan) throws -> Bool {
    let trials = trials
    let record = PlanRecord(plan)
    return zip(record.trials, try record.rows(in: folder)).contains { trial, row in
      (row.status == .failed || row.status == .fellShort) && trials.contains(trial.hash)
        && plan.declaration.countsAgainst(row.status)
    }
  }
}
