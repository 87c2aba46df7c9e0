public import Engine
import Files
import Glibc
import NNExp
import Results

/// Receives the progress of job arrays.
public protocol ArrayListener: AnyObject {
  /// Called ten times a second.
  func update(_ progress: ArrayProgress)
  /// Something to know, on a line of its own.
  func note(_ text: String)
}

/// How far the job arrays of a sweep have come, in tasks.
public struct ArrayProgress: Sendable {
  public var done = 0
  /// Of those, the ones whose exit code was not 0.
  public var failed = 0
  public var running = 0
  public var waiting = 0
  /// Why the first of those that wait does.
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

/// A sweep whose trials are the tasks of Slurm job arrays.
///
/// Slurm says which tasks are over; how a trial ended, its run directory says.
public final class SlurmSweep {
  private let folder: SweepFolder
  private let listener: any ArrayListener
  private var arrays: [SlurmArray] = []

  /// Takes up the arrays of earlier commands: those that are not over are waited
  /// for, the others' deaths noted.
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

  /// Notes the deaths of trials whose arrays are over, whoever submitted those; where
  /// there is no Slurm, nothing.
  public static func noteDeaths(in folder: SweepFolder) throws {
    guard access(folder.path + "/slurm", F_OK) == 0, try SlurmClient.isPresent() else { return }
    _ = try SlurmSweep(in: folder, listener: Nobody())
  }

  /// Throws where there is no Slurm.
  public static func requirePresence() throws { try SlurmClient.requirePresence() }

  /// The jobs that are waited for.
  public var jobs: [String] { arrays.map(\.job.number) }

  /// What cancels them.
  public var cancelCommands: [String] { arrays.map(\.job.cancelCommand) }

  private static func path(of number: Int, in folder: SweepFolder) -> String {
    let digits = String(number)
    return folder.path + "/slurm/" + String(repeating: "0", count: max(0, 4 - digits.count))
      + digits
  }
}

private final class Nobody: ArrayListener {
  func update(_ progress: ArrayProgress) {}
  func note(_ text: String) {}
}

// MARK: - Submitting

extension SlurmSweep {
  /// What the command line says of an array.
  public struct Request: Sendable {
    let options: [String]
    let throttle: Int?
    let isRetryingFailed: Bool
    let file: String

    /// - Parameters:
    ///   - options: `--slurm-options`, for sbatch.
    ///   - throttle: the most tasks at once.
    ///   - file: the sweep's, as the command line names it.
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
            "--slurm-options cannot have '\(word)': the array is nnexp's; limit how many tasks "
              + "run at once with --jobs")
        }
        if word.hasPrefix(bytes: "--wrap") {
          throw Diagnostic("--slurm-options cannot have '\(word)': the tasks run trials")
        }
      }
    }
  }

  /// Submits the plan's unfinished trials that no array of before has. Returns how
  /// many those are, and in how many tasks.
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

  /// The next free `slurm/0001`.
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
    guard let path = realpath("/proc/self/exe", nil) else {
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
  /// Returns when every array is over, or the waiting is cancelled.
  ///
  /// - Parameter plan: if given, the first of its trials that fails cancels the rest.
  public func wait(
    failingFast plan: SweepPlan? = nil, cancellation: CancellationToken
  ) throws {
    var waited = 0.0
    var nextLook = 0.0
    var progress = ArrayProgress()
    var lastTrouble = ""
    var isCancelled = false
    while !cancellation.isCancelled {
      if waited >= nextLook {
        var isOver = false
        do {
          (progress, isOver) = try look()
          lastTrouble = ""
        } catch let trouble as Diagnostic {
          // A controller that is restarted answers again.
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
        // Every user of a cluster asks the same controller.
        nextLook = waited + min(max(waited / 20, 0.5), 10)
      }
      listener.update(progress)
      usleep(100_000)
      waited += 0.1
    }
  }

  /// Asks for every array.
  private func look() throws -> (ArrayProgress, isOver: Bool) {
    var progress = ArrayProgress()
    var isOver = true
    for index in arrays.indices {
      let tasks = try SlurmClient.tasks(of: arrays[index].job)
      if !arrays[index].learn(tasks) { isOver = false }
      progress.count(tasks)
      // What Slurm has forgotten is over.
      progress.done += arrays[index].tasks.count - tasks.count
    }
    return (progress, isOver)
  }

  private var trials: Set<TrialHash> { Set(arrays.flatMap(\.tasks).flatMap(\.trials)) }

  /// What the run directories tell, where Slurm does not answer.
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
