import Glibc
import NNExp
import Results

/// A job array that was submitted for a sweep; kept in the sweep's folder:
///
///     slurm/0001/  array.sh    the batch script
///                  plan.json   the plan of its trials
///                  job.json    the job, and the trials of each task
///                  3.log       what task 3 said
struct SlurmArray {
  struct Task {
    let index: Int
    /// Hashes of the trials, in the order in which they are run.
    let trials: [String]
  }

  /// `results/xor/sweep/slurm/0001`
  let path: String
  let job: SlurmClient.Job
  let tasks: [Task]
  /// True if it is over and nothing is left to note.
  private(set) var isSettled = false

  init(path: String, job: SlurmClient.Job, tasks: [Task]) {
    self.path = path
    self.job = job
    self.tasks = tasks
  }

  // MARK: Its file

  private static let file = "job.json"

  var json: JSON {
    [
      "job": .string(job.number), "cluster": JSON(job.cluster), "settled": .bool(isSettled),
      "tasks": .array(
        tasks.map {
          ["task": .int($0.index), "trials": .array($0.trials.map(JSON.string))]
        }),
    ]
  }

  /// nil where nothing was submitted from there.
  init?(of path: String) throws {
    let file = "\(path)/\(SlurmArray.file)"
    guard let bytes = try FileSystem.system.currentFolder.readIfThere(file, limit: 1 << 28) else {
      return nil
    }
    let json = try JSON(parsing: bytes, from: file)
    guard let number = json["job"]?.string, let tasks = json["tasks"]?.array else { return nil }
    self.path = path
    job = SlurmClient.Job(number: number, cluster: json["cluster"]?.string)
    isSettled = json["settled"]?.bool ?? false
    self.tasks = tasks.compactMap { task in
      guard let index = task["task"]?.int, let trials = task["trials"]?.array else { return nil }
      return Task(index: index, trials: trials.compactMap(\.string))
    }
  }

  func write() throws {
    try FileSystem.system.write(
      Array((json.description + "\n").utf8), to: "\(path)/\(SlurmArray.file)")
  }

  // MARK: Its end

  /// Notes as failed what a task left behind without a word. For an array that is
  /// over.
  ///
  /// - Parameter known: what Slurm still knows of the tasks.
  mutating func settle(_ known: [SlurmTask], in folder: SweepFolder) throws {
    // A network file system looks for what is new when a folder is read.
    if let trials = opendir(folder.trials) {
      while readdir(trials) != nil {}
      closedir(trials)
    }
    let ends = Dictionary(known.map { ($0.index, $0) }) { $1 }
    for task in tasks {
      try settle(task, ends[task.index], in: folder)
    }
    isSettled = true
    try write()
  }

  private func settle(_ task: Task, _ end: SlurmTask?, in folder: SweepFolder) throws {
    let wasKilled = end.map { $0.ending & 0x7F != 0 } ?? true
    for hash in task.trials {
      if folder.state(of: hash).isOver { continue }
      // Whoever holds it is at it: another array, or a sweep on some machine.
      guard let lock = try TrialLock(hash, in: folder) else { continue }
      defer { withExtendedLifetime(lock) {} }
      switch folder.state(of: hash) {
      case .failed: continue
      case .found(let summary, _):
        // The task was told to end, and began no other trial.
        if summary.status == .interrupted { return }
        if summary.status != .running { continue }
      case .absent:
        // Slurm took the task back before its time.
        if end?.isTakenBack ?? true { return }
      }
      let (code, text) = end?.end ?? (1, "its task ended without a word")
      try folder.noteFailure(
        of: hash, exitStatus: code, error: "\(text); see \(path)/\(task.index).log")
      // What a killed task had not begun has not failed.
      if wasKilled { return }
    }
  }
}

extension TrialState {
  /// True where the trial came to an end of its own.
  fileprivate var isOver: Bool {
    switch self {
    case .absent: false
    case .failed: true
    case .found(let summary, _): summary.isOver
    }
  }
}
