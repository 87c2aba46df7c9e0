import Files
import Platform
import NNExp
public import Results
import Tracking

/// The folder of a sweep, whose files record the state of every trial.
///
///     results/xor/sweep/
///       plan.json             the trials: numbers, hashes, values
///       trials/<hash>/        one run directory per trial
///       trials/<hash>.failed  why a trial ended without a summary
///       sweep.csv, sweep_summary.csv
///       .locks                one byte per trial and one for the commands that run the sweep,
///                             locked by the kernel
public struct SweepFolder: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// The folder of a sweep without `--output`.
  public static func standard(name: String) throws -> SweepFolder {
    try RunDirectory.validate(name: name)
    return SweepFolder("results/\(name)/sweep")
  }

  var trials: String { path + "/trials" }
  public func run(_ hash: TrialHash) -> String { "\(trials)/\(hash)" }

  /// Creates missing folders. Throws if the folder contains something other than a sweep.
  public func make() throws {
    try requireSweep()
    let here = FileSystem.system.currentFolder
    for index in trials.utf8.indices.dropFirst() where trials.utf8[index] == UInt8(ascii: "/") {
      _ = try here.makeFolder(String(trials[..<index]))
    }
    _ = try here.makeFolder(trials)
    try here.openFolder(trials).removePartials()
  }

  /// Throws if the folder is neither empty nor the folder of a sweep.
  private func requireSweep() throws {
    guard let folder = try FileSystem.system.currentFolder.openFolderIfThere(path) else { return }
    let names = try folder.entries()
    if names.contains(PlanRecord.file) {
      _ = try PlanRecord(of: self)
      return
    }
    // The entries of a process that was killed before it wrote its plan.
    let own: Set = ["trials", ".locks", "slurm", EventFile.parametersName]
    guard let other = names.first(where: { !own.contains($0) && !Folder.isPartial($0) }) else {
      return
    }
    throw Diagnostic(
      names.contains(RunRecord.file)
        ? "'\(path)' is the folder of a run; choose another folder for the sweep"
        : "'\(path)' is not the folder of a sweep, and it contains '\(other)'; a sweep needs a new or empty folder",
      notes: [.init("name another with --output")])
  }

  public func write(_ text: String, to file: String) throws {
    try FileSystem.system.write(Array(text.utf8), to: "\(path)/\(file)")
  }

  public func read(_ file: String) throws -> [UInt8]? {
    try FileSystem.system.currentFolder.readIfThere("\(path)/\(file)", limit: 1 << 28)
  }
}

/// The state of a trial, according to its files.
public enum TrialState: Sendable {
  case absent
  /// There is a summary. With the status `running`, `interrupted` or `stopped`, the trial has
  /// not ended.
  case found(Summary, seconds: Double?)
  /// The trial ended without a summary.
  case failed(exitStatus: Int, error: String)

  var summary: Summary? {
    if case .found(let summary, _) = self { summary } else { nil }
  }

  /// True if a sweep does not run the trial again.
  func isFinished(retryingFailed: Bool) -> Bool {
    switch self {
    case .absent: false
    case .failed: !retryingFailed
    case .found(let summary, _):
      switch summary.status {
      case .completed, .fellShort: true
      case .failed: !retryingFailed
      case .running, .interrupted, .stopped: false
      }
    }
  }
}

extension SweepFolder {
  /// The names of all trials that have files, read once for many trials.
  func names() -> Set<String> {
    let folder = try? FileSystem.system.currentFolder.openFolderIfThere(trials)
    return Set((try? folder?.entriesInUTF8()) ?? [])
  }

  /// As below, for a trial that may have no files.
  func state(of hash: TrialHash, among names: Set<String>) throws -> TrialState {
    if names.contains("\(hash).failed") { return try state(of: hash) }
    return names.contains("\(hash)") ? try stateFromRunFolder(hash) : .absent
  }

  /// Throws if the trial's files differ from the format that nnexp writes.
  public func state(of hash: TrialHash) throws -> TrialState {
    guard let bytes = try read("trials/\(hash).failed") else { return try stateFromRunFolder(hash) }
    let record = try RecordReader(parsing: bytes, from: "\(trials)/\(hash).failed")
    return .failed(
      exitStatus: try record.count("exit_status", in: 0...255),
      error: try record.value("error", \.string))
  }

  /// The state according to the trial's own folder. A run that was killed between two files has
  /// a record but no summary.
  private func stateFromRunFolder(_ hash: TrialHash) throws -> TrialState {
    guard let directory = try RunDirectory.openIfThere(run(hash)),
      let summary = try Summary.ifThere(in: directory)
    else { return .absent }
    return .found(summary, seconds: try RunRecord(of: directory).seconds)
  }

  /// Records the reason for a trial that ended without recording it.
  func recordFailure(of hash: TrialHash, exitStatus: Int, error: String) throws {
    let json: JSON = ["exit_status": .int(exitStatus), "error": .string(error)]
    // `make` removes partial files here, rather than this call, because there may be many
    // trials.
    try FileSystem.system.currentFolder.replace(
      "\(trials)/\(hash).failed", durably: false, isShared: true,
      with: { try $0.write(Array((json.description + "\n").utf8)) })
  }

  /// Moves the results of an earlier attempt aside. A folder that is not a run yet, because the
  /// process was killed while creating it, is reused by the new run.
  ///
  /// - Precondition: the experiment with this hash is about to run.
  func setAside(_ hash: TrialHash) throws {
    let here = FileSystem.system.currentFolder
    try here.removeIfThere("\(trials)/\(hash).failed")
    let run = run(hash)
    guard let kind = try here.kind(of: run) else { return }
    if kind == .folder, try RunDirectory.isUnused(run) { return }
    var attempt = 1
    while try here.kind(of: "\(run).attempt-\(attempt)") != nil { attempt += 1 }
    try here.rename(run, to: "\(run).attempt-\(attempt)")
  }
}

extension SweepFolder {
  /// True if a process runs the sweep or one of its trials, or if that cannot be examined.
  public var isInProgress: Bool { isLocked(from: 0, count: 0) }

  /// True if a process holds a lock on one of these bytes of `.locks`, or if that cannot be
  /// examined.
  ///
  /// - Parameter count: the number of bytes; 0 for all that follow.
  func isLocked(from position: Int, count: Int) -> Bool {
    let descriptor = open(path + "/.locks", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return errno != ENOENT }
    defer { close(descriptor) }
    var range = flock()
    range.l_type = Int16(F_WRLCK)
    range.l_whence = Int16(SEEK_SET)
    range.l_start = position
    range.l_len = count
    return fcntl(descriptor, getFileLock, &range) != 0 || range.l_type != Int16(F_UNLCK)
  }
}

/// The lock of a trial: a byte of `.locks` that the kernel locks for this process until it
/// ends, on all machines that share the folder.
final class TrialLock {
  private let descriptor: Int32

  /// The byte that commands lock together while they run a sweep. The bytes of trials are below
  /// 2⁶⁰.
  private static let commandPosition = 1 << 60

  /// The lock of a command that runs a sweep; nil if it cannot be locked.
  static func ofCommand(in folder: SweepFolder) throws -> TrialLock? {
    try TrialLock(at: commandPosition, in: folder, isShared: true)
  }

  /// Nil if another process has locked the trial.
  convenience init?(_ hash: TrialHash, in folder: SweepFolder) throws {
    try self.init(at: hash.lockPosition, in: folder)
  }

  /// - Parameters:
  ///   - position: the byte's position, the first 60 bits of a trial's hash.
  ///   - isShared: true if several processes may hold the lock.
  init?(at position: Int, in folder: SweepFolder, isShared: Bool = false) throws {
    let path = folder.path + "/.locks"
    descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Diagnostic(
        "cannot open '\(path)': \(String(cString: strerror(errno)))", failure: .environment)
    }
    var range = flock()
    range.l_type = Int16(isShared ? F_RDLCK : F_WRLCK)
    range.l_whence = Int16(SEEK_SET)
    range.l_start = position
    range.l_len = 1
    while fcntl(descriptor, setFileLock, &range) != 0 {
      if errno == EINTR { continue }
      let code = errno
      if code == EAGAIN || code == EACCES { return nil }
      throw Diagnostic(
        "cannot lock '\(path)': \(String(cString: strerror(code)))", failure: .environment)
    }
  }

  deinit { close(descriptor) }
}
