import Glibc
import NNExp
import Results

/// Who hears of job arrays while they last.
public protocol ArrayListener: AnyObject {
  /// The signal that asked to wait no longer, if one came.
  var interruption: Int32? { get }
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
    for number in 1... {
      let path = SlurmSweep.path(of: number, in: folder)
      guard access(path, F_OK) == 0 else { break }
      guard var array = try SlurmArray(of: path), !array.isSettled else { continue }
      let tasks = try SlurmClient.tasks(of: array.job)
      if tasks.contains(where: { !$0.isOver }) {
        arrays.append(array)
      } else {
        try array.settle(tasks, in: folder)
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
  var interruption: Int32? { nil }
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
      let own = [
        "-a": "limit the tasks with --jobs", "--array": "limit the tasks with --jobs",
        "--wrap": "the tasks run trials",
      ]
      for word in self.options {
        let name = word.prefix { $0 != "=" }
        if let remedy = own[String(name)] {
          throw Diagnostic("--slurm-options cannot have \(name), which nnexp gives; \(remedy)")
        }
      }
    }
  }

  /// Submits the plan's unfinished trials that no array of before has. Returns how
  /// many those are, and in how many tasks.
  public func submit(
    _ plan: SweepPlan, _ request: Request
  ) throws -> (trials: Int, tasks: Int) {
    let taken = Set(arrays.flatMap(\.tasks).flatMap(\.trials))
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
      logFolder: path.hasPrefix("/") ? path : "\(here)/\(path)")
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
    for remark in remarks.split(separator: "\n") { listener.note(String(remark)) }
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
        "cannot tell the current folder: \(String(cString: strerror(errno)))",
        failure: .environment)
    }
    defer { free(path) }
    return String(cString: path)
  }

  private func executable() throws -> String {
    guard let path = realpath("/proc/self/exe", nil) else {
      throw Diagnostic(
        "cannot tell which program this is: \(String(cString: strerror(errno)))",
        failure: .environment)
    }
    defer { free(path) }
    return String(cString: path)
  }
}

// MARK: - Waiting

extension SlurmSweep {
  /// Returns when every array is over, or the listener is asked to end.
  ///
  /// - Parameter isEnough: asked after every look at the queue, while tasks are
  ///   left; true cancels those.
  public func wait(cancellingIf isEnough: () -> Bool = { false }) throws {
    var waited = 0.0
    var nextLook = 0.0
    var progress = ArrayProgress()
    var lastTrouble = ""
    var isCancelled = false
    while !arrays.isEmpty {
      if listener.interruption != nil { return }
      if waited >= nextLook {
        do {
          progress = try look()
          lastTrouble = ""
        } catch let trouble as Diagnostic {
          // A controller that is restarted answers again.
          if trouble.message != lastTrouble { listener.note("\(trouble.message); still waiting") }
          lastTrouble = trouble.message
          try endIfAllIsDone()
        }
        // Every user of a cluster asks the same controller.
        nextLook = waited + min(max(waited / 20, 0.5), 10)
        if !isCancelled, !arrays.isEmpty, isEnough() {
          for array in arrays { try SlurmClient.cancel(array.job) }
          isCancelled = true
        }
      }
      if arrays.isEmpty { return }
      listener.update(progress)
      usleep(100_000)
      waited += 0.1
    }
  }

  /// Asks for every array; lets go of those that are over.
  private func look() throws -> ArrayProgress {
    var progress = ArrayProgress()
    var isOver = true
    var known: [[SlurmTask]] = []
    for array in arrays {
      let tasks = try SlurmClient.tasks(of: array.job)
      known.append(tasks)
      progress.count(tasks)
      // What Slurm has forgotten is over.
      progress.done += array.tasks.count - tasks.count
      if tasks.contains(where: { !$0.isOver }) { isOver = false }
    }
    if isOver {
      for index in arrays.indices { try arrays[index].settle(known[index], in: folder) }
      arrays = []
    }
    return progress
  }

  /// Where Slurm does not answer, the run directories may still tell the end.
  private func endIfAllIsDone() throws {
    for hash in arrays.flatMap(\.tasks).flatMap(\.trials)
    where !folder.state(of: hash).isFinished(retryingFailed: false) { return }
    for index in arrays.indices { try arrays[index].settle([], in: folder) }
    arrays = []
  }
}
