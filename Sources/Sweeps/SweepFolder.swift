import Glibc
import NNExp
public import Results

/// Where a sweep keeps its trials, which are its ledger.
///
///     results/xor/sweep/
///       plan.json             the trials: numbers, hashes, values
///       trials/<hash>/        a run directory each
///       trials/<hash>.failed  why a trial left no summary of its own
///       sweep.csv, sweep_summary.csv
///       .locks                one byte a trial, locked by the kernel
public struct SweepFolder: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// The folder of a sweep that names no other.
  public static func standard(name: String) throws -> SweepFolder {
    try RunDirectory.validate(name: name)
    return SweepFolder("results/\(name)/sweep")
  }

  var trials: String { path + "/trials" }
  public func run(_ hash: String) -> String { "\(trials)/\(hash)" }

  /// Makes the folders that are missing.
  public func make() throws {
    let here = FileSystem.system.currentFolder
    let whole = trials
    for index in whole.utf8.indices.dropFirst() where whole.utf8[index] == UInt8(ascii: "/") {
      _ = try here.makeFolder(String(whole[..<index]))
    }
    _ = try here.makeFolder(whole)
  }

  public func write(_ text: String, to file: String) throws {
    try FileSystem.system.write(Array(text.utf8), to: "\(path)/\(file)")
  }

  public func read(_ file: String) throws -> [UInt8]? {
    try FileSystem.system.currentFolder.readIfThere("\(path)/\(file)", limit: 1 << 28)
  }
}

/// A trial's state, as its files tell it.
public enum TrialState: Sendable {
  case absent
  /// A summary is there; `running`, `interrupted` and `stopped` are not the end.
  case found(Summary, seconds: Double?)
  /// It ended without a summary of its own.
  case failed(exitStatus: Int, error: String)

  var summary: Summary? {
    if case .found(let summary, _) = self { summary } else { nil }
  }

  /// True for what a sweep does not run again.
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
  /// What there is of trials, by name: one look for many trials.
  func names() -> Set<String> {
    let folder = try? FileSystem.system.currentFolder.openFolderIfThere(trials)
    return Set((try? folder?.entriesInUTF8()) ?? [])
  }

  /// As below, of a trial of which there may be nothing.
  func state(of hash: String, among names: Set<String>) -> TrialState {
    if names.contains(hash + ".failed") { return state(of: hash) }
    return names.contains(hash) ? summedUp(hash) : .absent
  }

  public func state(of hash: String) -> TrialState {
    if let bytes = try? read("trials/\(hash).failed"),
      let json = try? JSON(parsing: bytes, from: hash)
    {
      return .failed(exitStatus: json["exit_status"]?.int ?? 1, error: json["error"]?.string ?? "")
    }
    return summedUp(hash)
  }

  /// What a trial's own folder tells.
  private func summedUp(_ hash: String) -> TrialState {
    guard let directory = try? RunDirectory.open(run(hash)),
      let summary = try? Summary(of: directory)
    else { return .absent }
    let record = try? directory.readJSON(RunRecord.file)
    return .found(summary, seconds: record?["seconds"]?.double)
  }

  /// Notes why a trial ended without saying so itself.
  func noteFailure(of hash: String, exitStatus: Int, error: String) throws {
    let json: JSON = ["exit_status": .int(exitStatus), "error": .string(error)]
    try write(json.description + "\n", to: "trials/\(hash).failed")
  }

  /// Clears the way for a trial: what an earlier attempt left moves aside; what
  /// is no run yet, because the process was killed while it made the folder, goes.
  func setAside(_ hash: String) throws {
    unlink("\(trials)/\(hash).failed")
    let run = run(hash)
    guard access(run, F_OK) == 0 else { return }
    let here = FileSystem.system.currentFolder
    if access("\(run)/\(RunRecord.file)", F_OK) != 0, let folder = try here.openFolderIfThere(run) {
      let checkpoints = "\(run)/\(Checkpoint.folder)"
      for name in try here.openFolderIfThere(checkpoints)?.entries() ?? [] {
        unlink("\(checkpoints)/\(name)")
      }
      rmdir(checkpoints)
      for name in try folder.entries() { unlink("\(run)/\(name)") }
      if rmdir(run) == 0 { return }
    }
    var attempt = 1
    while access("\(run).attempt-\(attempt)", F_OK) == 0 { attempt += 1 }
    try here.rename(run, to: "\(run).attempt-\(attempt)")
  }
}

/// The right to run a trial: a byte of `.locks` that the kernel locks for this
/// process, on any machine that shares the folder, until it ends.
final class TrialLock {
  private let descriptor: Int32

  /// nil where another process has the trial.
  init?(_ hash: String, in folder: SweepFolder) throws {
    let path = folder.path + "/.locks"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Diagnostic(
        "cannot open '\(path)': \(String(cString: strerror(errno)))", failure: .environment)
    }
    var range = flock()
    range.l_type = Int16(F_WRLCK)
    range.l_whence = Int16(SEEK_SET)
    // The first 60 bits of the hash name the byte.
    range.l_start = Int(hash.prefix(15), radix: 16) ?? 0
    range.l_len = 1
    while fcntl(descriptor, TrialLock.setLock, &range) != 0 {
      if errno == EINTR { continue }
      let code = errno
      if code == EAGAIN || code == EACCES { return nil }
      throw Diagnostic(
        "cannot lock '\(path)': \(String(cString: strerror(code)))", failure: .environment)
    }
  }

  /// F_OFD_SETLK: the lock is the open file's, not the process's, so that closing
  /// another descriptor of the file does not drop it.
  private static let setLock: Int32 = 37

  deinit { close(descriptor) }
}
