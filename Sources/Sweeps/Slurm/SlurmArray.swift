import Files
import Platform
import NNExp
import Results

/// A job array that was submitted for a sweep. It is stored in the sweep's folder:
///
///     slurm/0001/  array.sh    the batch script
///                  plan.json   the plan of its trials
///                  job.json    the job, and the trials of each task
///                  3.log       the output of task 3
struct SlurmArray {
  struct Task {
    let index: Int
    /// The trials, in the order in which they run.
    let trials: [TrialHash]
  }

  /// The folder, such as `results/xor/sweep/slurm/0001`.
  let path: String
  let job: SlurmClient.Job
  let tasks: [Task]
  /// True if the array has ended and all failures are recorded.
  private(set) var isSettled = false
  /// The last known state of each task. Slurm deletes old tasks one by one.
  private var known: [Int: SlurmTask] = [:]

  init(path: String, job: SlurmClient.Job, tasks: [Task]) {
    self.path = path
    self.job = job
    self.tasks = tasks
  }

  // MARK: job.json

  private static let file = "job.json"

  var json: JSON {
    [
      "job": .string(job.number), "cluster": JSON(job.cluster), "settled": .bool(isSettled),
      "tasks": .array(
        tasks.map {
          ["task": .int($0.index), "trials": .array($0.trials.map { .string($0.description) })]
        }),
    ]
  }

  /// Nil if no job was submitted from this folder.
  init?(of path: String) throws {
    let file = "\(path)/\(SlurmArray.file)"
    guard let bytes = try FileSystem.system.currentFolder.readIfThere(file, limit: 1 << 28) else {
      return nil
    }
    try self.init(RecordReader(parsing: bytes, from: file), of: path)
  }

  /// Reads job.json and checks every value: see `RecordReader`.
  init(_ file: RecordReader, of path: String) throws {
    func isWord(_ text: String) -> Bool {
      1...64 ~= text.utf8.count && !text.hasPrefix(bytes: "-")
        && text.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }
    self.path = path
    job = SlurmClient.Job(
      number: try file.member("job").value(expecting: "a job's number") { json in
        json.string.flatMap {
          1...20 ~= $0.utf8.count && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? $0 : nil
        }
      },
      cluster: try file.optional("cluster") { $0.string.flatMap { isWord($0) ? $0 : nil } })
    isSettled = try file.value("settled", \.bool)
    tasks = try file.items("tasks").map { task in
      Task(
        index: try task.count("task", in: 0...1 << 32),
        trials: try task.items("trials").map { try $0.trialHash() })
    }
  }

  func write() throws {
    try FileSystem.system.write(
      Array((json.description + "\n").utf8), to: "\(path)/\(SlurmArray.file)")
  }

  // MARK: Ending

  /// Records the states of the tasks that Slurm reports. Returns true if all have ended.
  mutating func learn(_ tasks: [SlurmTask]) -> Bool {
    for task in tasks { known[task.index] = task }
    return tasks.allSatisfy(\.isOver)
  }

  /// Records failures for trials whose tasks ended without recording a result. Only for an
  /// array that has ended.
  mutating func settle(in folder: SweepFolder) throws {
    // A network file system checks for new files when a folder is read.
    if let trials = opendir(folder.trials) {
      while readdir(trials) != nil {}
      closedir(trials)
    }
    for task in tasks {
      let end = known[task.index].flatMap { $0.isOver ? $0 : nil }
      try settle(task, end, in: folder)
    }
    isSettled = true
    try write()
  }

  private func settle(_ task: Task, _ end: SlurmTask?, in folder: SweepFolder) throws {
    let wasKilled = end.map { $0.ending & 0x7F != 0 } ?? true
    for hash in task.trials {
      if try folder.state(of: hash).isOver { continue }
      // If the lock is taken, another array or a sweep on another machine is running the trial.
      guard let lock = try TrialLock(hash, in: folder) else { continue }
      defer { withExtendedLifetime(lock) {} }
      switch try folder.state(of: hash) {
      case .failed: continue
      case .found(let summary, _):
        // The task was asked to end, and started no other trial.
        if summary.status == .interrupted { return }
        if summary.status != .running { continue }
      case .absent:
        // Slurm requeued or cancelled the task.
        if end?.isCancelledOrWaiting ?? true { return }
      }
      let (code, text) = end?.end ?? (1, "its task ended without a result")
      try folder.recordFailure(
        of: hash, exitStatus: code, error: "\(text); see \(path)/\(task.index).log")
      // Trials that a killed task had not started have not failed.
      if wasKilled { return }
    }
  }
}

extension TrialState {
  /// True if the trial has ended.
  fileprivate var isOver: Bool {
    switch self {
    case .absent: false
    case .failed: true
    case .found(let summary, _): summary.isOver
    }
  }
}
