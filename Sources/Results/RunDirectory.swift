import Files
import Platform
import NNExp
import Synchronization

/// The folder of one run, which is locked while the run is executed.
///
///     results/xor/run-0001/        metrics.csv, summary.json, …
///                 run-0002/
///                 latest -> run-0002
///
/// Every write to the folder uses this class. The lock is the kernel's lock on the file
/// `.lock`, which ends with the process in any case.
public final class RunDirectory: Sendable {
  /// The folder of all runs if no other is named.
  public static let results = "results"

  /// The open folder.
  public let folder: Folder

  /// The open `.lock`; nil if the run is only read.
  private let lock: File?

  private let stopwatch = Stopwatch()

  /// True if the folder has its `run.json`. Before that, nobody reads the folder, and files
  /// need not be written atomically.
  private let isRun: Atomic<Bool>

  /// True if there may be checkpoints of kind `state`.
  private let hasStates: Atomic<Bool>

  /// The path: `results/xor/run-0001`, or the value of `--output`.
  public var path: String { folder.path }

  private init(_ folder: Folder, lock: consuming File?, isNew: Bool) {
    self.folder = folder
    self.lock = lock
    isRun = Atomic(!isNew)
    hasStates = Atomic(!isNew)
  }

  // MARK: Creating

  /// Creates the folder of a new run: the next free `NAME/run-0001` under `results`, or
  /// `output`, which must be empty or not exist.
  ///
  /// Two processes that create runs at the same time get different numbers. If this throws, it
  /// leaves the file system unchanged.
  ///
  /// - Parameters:
  ///   - name: the experiment's name; see `validate(name:)`.
  ///   - results: a path. Links between the folder that contains it and the run must not lead
  ///     out of that folder.
  ///   - output: a path to use instead. Missing parents are created.
  public static func create(
    name: String, under results: String = RunDirectory.results, output: String? = nil,
    fileSystem: FileSystem = .system
  ) throws -> RunDirectory {
    try validate(name: name)
    var folders = NewFolders(here: fileSystem.currentFolder)
    do {
      if let output { return try create(output: output, creating: &folders) }
      return try create(name: name, under: results, creating: &folders)
    } catch {
      folders.clear()
      throw error
    }
  }

  private static func create(
    name: String, under results: String, creating folders: inout NewFolders
  ) throws -> RunDirectory {
    let home = try folders.here.resolve(Path.folder(of: results))
    let group = results + "/" + name
    for path in [results, group] {
      _ = try folders.makeFolder(path)
      let target = try folders.here.resolve(path)
      guard
        target.hasSameBytes(as: home)
          || target.hasPrefix(bytes: home == "/" ? home : home + "/")
      else {
        throw Diagnostic(
          "'\(path)' is a link that leads out of '\(home)', to '\(target)'; "
            + "choose the location of the run with --output", failure: .environment)
      }
    }
    let runs = try folders.here.openFolder(group)
    var number = try newestNumber(in: runs) + 1  // or more, if others are as quick
    while try !folders.makeFolder(runs.path(of: runName(number))) { number += 1 }
    let run = try prepare(runs.path(of: runName(number)), isNew: true, creating: &folders)
    try pointLatest(in: runs, at: number)
    return run
  }

  private static func create(output: String, creating folders: inout NewFolders) throws
    -> RunDirectory
  {
    guard !output.isEmpty, !output.utf8.contains(0) else {
      throw Diagnostic("--output names no folder; write a path such as 'results/mine'")
    }
    let isNew = try folders.makeFolderAndParents(output)
    if !isNew {
      let folder = try folders.here.openFolder(output)
      guard try isUnused(folder) else {
        if try folder.kind(of: lockFile) == .file, let held = try holder(of: folder) { throw held }
        throw Diagnostic(
          "'\(output)' is not empty; --output needs a new or empty folder, so that no run is "
            + "overwritten")
      }
    }
    return try prepare(output, isNew: isNew, creating: &folders)
  }

  /// True if a folder is empty or contains only the files of a run that was killed before it
  /// had its `run.json`; the mark in `.lock` identifies such a folder.
  static func isUnused(_ folder: Folder) throws -> Bool {
    let names = try folder.entries()
    if names.isEmpty { return true }
    guard names.contains(lockFile), try folder.kind(of: lockFile) == .file,
      let lock = try folder.readIfThere(lockFile, limit: 1 << 26)
    else { return false }
    if names.count == 1, lock.isEmpty { return true }
    guard lock.elementsEqual(mark.utf8) else { return false }
    let early: Set = [
      lockFile, "experiment.yaml", "base.yaml", "resolved.yaml", "columns.json", "metrics.csv",
      TimingWriter.file, Summary.file,
    ]
    return try names.allSatisfy { name in
      switch try folder.kind(of: name) {
      case .file: return early.contains(name) || Folder.isPartial(name)
      case .folder where name == Checkpoint.folder:
        let checkpoints = try folder.openFolder(name)
        return try checkpoints.entries().allSatisfy {
          try checkpoints.kind(of: $0) == .file
            && (Checkpoint.isFile($0) || Folder.isPartial($0))
        }
      default: return false
      }
    }
  }

  /// Locks a folder and creates the entries that every run has.
  ///
  /// - Parameter isNew: true if this process created the folder.
  private static func prepare(
    _ path: String, isNew: Bool, creating folders: inout NewFolders
  ) throws -> RunDirectory {
    let folder = try folders.here.openFolder(path)
    let file: File
    var isEmpty = false
    if let made = try folder.createLock(lockFile) {
      folders.note(file: folder.path(of: lockFile))
      file = made
      try file.write(Array(mark.utf8))
      isEmpty = isNew
    } else if let left = try folder.openLock(lockFile) {
      file = left
    } else {
      throw isHeld(folder, by: nil)
    }
    try lock(file, of: folder)
    if !isEmpty {
      // Another process may have been faster.
      guard try isUnused(folder) else { throw isHeld(folder, by: nil) }
      for name in try folder.entries() where ![lockFile, Checkpoint.folder].contains(name) {
        try folder.remove(name)
      }
      try file.truncate(to: 0)
      try file.write(Array(mark.utf8))
    }
    if try !folders.makeFolder(folder.path(of: Checkpoint.folder)) {
      let checkpoints = try folder.openFolder(Checkpoint.folder)
      for name in try checkpoints.entries() { try checkpoints.remove(name) }
    }
    return RunDirectory(folder, lock: file, isNew: true)
  }

  // MARK: Opening

  /// Opens an existing run for reading, or, if `exclusively`, for resuming it.
  ///
  /// A run is a folder with a `run.json`. Opening it exclusively acquires the lock and removes
  /// the partial files of a killed process.
  public static func open(
    _ path: String, exclusively: Bool = false, fileSystem: FileSystem = .system
  ) throws -> RunDirectory {
    guard let folder = try fileSystem.currentFolder.openFolderIfThere(path) else {
      throw Diagnostic("there is no run folder '\(path)'")
    }
    guard try folder.openIfThere(RunRecord.file) != nil else {
      throw Diagnostic("'\(path)' is not a run: it has no \(RunRecord.file)")
    }
    guard exclusively else { return RunDirectory(folder, lock: nil, isNew: false) }
    guard let file = try folder.openLock(lockFile) else {
      throw Diagnostic("'\(path)' is not a run: it has no \(lockFile)")
    }
    try lock(file, of: folder)
    try folder.removePartials()
    try folder.openFolder(Checkpoint.folder).removePartials()
    return RunDirectory(folder, lock: file, isNew: false)
  }

  /// Opens a run for reading; nil if there is no run.
  public static func openIfThere(
    _ path: String, fileSystem: FileSystem = .system
  ) throws -> RunDirectory? {
    guard let folder = try fileSystem.currentFolder.openFolderIfThere(path),
      try folder.openIfThere(RunRecord.file) != nil
    else { return nil }
    return RunDirectory(folder, lock: nil, isNew: false)
  }

  /// True if there is a folder that a new run can use: see `isUnused` above.
  public static func isUnused(_ path: String, fileSystem: FileSystem = .system) throws -> Bool {
    try fileSystem.currentFolder.openFolderIfThere(path).map(isUnused) ?? false
  }

  // MARK: Writing and reading

  /// True if checkpoints and the final summary are flushed to the disk by default. A flush
  /// takes milliseconds, and repeating a run of less than a second costs little. Only power
  /// failures need flushes; killed processes do not.
  public var isWorthFlushing: Bool { stopwatch.seconds >= folder.system.flushesAfter }

  /// Replaces or creates a whole file of the run; see `Folder.replace`.
  ///
  /// - Parameter durably: true to wait for the disk, so that the new bytes survive a power
  ///   failure.
  public func write(_ bytes: [UInt8], to file: String, durably: Bool = false) throws {
    try replace(file, durably: durably, with: { try $0.write(bytes) })
    if file == RunRecord.file { isRun.store(true, ordering: .relaxed) }
  }

  /// As `Folder.replace`. Before the folder is a run, the file is written directly.
  func replace(
    _ file: String, durably: Bool, with body: (borrowing File) throws -> Void
  ) throws {
    if isRun.load(ordering: .relaxed) || durably || file == RunRecord.file {
      try folder.replace(file, durably: durably, with: body)
    } else {
      try folder.write(file, with: body)
    }
  }

  /// Records that there are checkpoints of kind `state`.
  func recordState() { hasStates.store(true, ordering: .relaxed) }

  /// True if there may be checkpoints of kind `state`.
  var mayHaveStates: Bool { hasStates.load(ordering: .relaxed) }

  public func write(_ text: String, to file: String, durably: Bool = false) throws {
    try write(Array(text.utf8), to: file, durably: durably)
  }

  public func write(_ json: JSON, to file: String, durably: Bool = false) throws {
    try write(json.description + "\n", to: file, durably: durably)
  }

  /// Removes files that an earlier attempt may have left.
  public func removeIfThere(_ files: [String]) throws {
    let there = try folder.entries()
    for file in files where there.contains(file) { try folder.remove(file) }
  }

  /// Reads a file of the run, which must exist.
  public func read(_ file: String, limit: Int = 1 << 26) throws -> [UInt8] {
    guard let bytes = try folder.readIfThere(file, limit: limit) else {
      throw Diagnostic("'\(path)' has no \(file)", failure: .environment)
    }
    return bytes
  }

  /// A file of the run; nil if there is none.
  public func readIfThere(_ file: String, limit: Int = 1 << 30) throws -> [UInt8]? {
    try folder.readIfThere(file, limit: limit)
  }

  /// Reads a JSON file of the run, which must exist.
  public func record(_ file: String) throws -> RecordReader {
    try RecordReader(parsing: read(file), from: folder.path(of: file))
  }
}

// MARK: - Numbers and `latest`

extension RunDirectory {
  private static func runName(_ number: Int) -> String {
    let digits = String(number)
    return "run-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// The folders of an experiment's runs under `results`, newest first.
  public static func runs(
    of name: String, under results: String = RunDirectory.results, fileSystem: FileSystem = .system
  ) throws -> [String] {
    guard let runs = try fileSystem.currentFolder.openFolderIfThere(results + "/" + name) else {
      return []
    }
    return try numbers(in: runs).sorted(by: >).map { runs.path(of: runName($0)) }
  }

  /// The highest number of a run in the folder; 0 if there is none.
  private static func newestNumber(in runs: Folder) throws -> Int {
    try numbers(in: runs).max() ?? 0
  }

  private static func numbers(in runs: Folder) throws -> [Int] {
    try runs.entries().compactMap { name -> Int? in
      let digits = name.utf8.dropFirst(4)
      guard name.hasPrefix(bytes: "run-"), (4...9).contains(digits.count),
        digits.allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      return Int(Substring(digits))
    }
  }

  /// Sets the link `latest` to the newest run.
  ///
  /// If several processes do this at once, a slow one may set the link to its older run last.
  /// Each process therefore checks again afterwards, until there is no newer run.
  private static func pointLatest(in runs: Folder, at own: Int) throws {
    let alias = ".latest.\(runName(own))"
    var newest = own
    try runs.link("latest", to: runName(own), via: alias)
    while let found = try? newestNumber(in: runs), found > newest {
      newest = found
      try? runs.link("latest", to: runName(newest), via: alias)
    }
  }

}

// MARK: - Folders created on the way

/// The location of a new run, and the folders that were created for it.
private struct NewFolders {
  let here: Folder
  private var made: [(path: String, isFolder: Bool)] = []

  init(here: Folder) { self.here = here }

  mutating func note(file: String) { made.append((file, false)) }

  /// Creates a folder. Returns false if there is an entry with that name.
  mutating func makeFolder(_ path: String) throws -> Bool {
    guard try here.makeFolder(path) else { return false }
    made.append((path, true))
    return true
  }

  /// As `makeFolder`, and also creates missing parents.
  mutating func makeFolderAndParents(_ path: String) throws -> Bool {
    if let isMade = try here.makeFolderIfPossible(path) {
      if isMade { made.append((path, true)) }
      return isMade
    }
    for index in path.utf8.indices.dropFirst() where path.utf8[index] == UInt8(ascii: "/") {
      let isTrailing = path.utf8[index...].allSatisfy { $0 == UInt8(ascii: "/") }
      if !isTrailing { _ = try makeFolder(String(path[..<index])) }
    }
    return try makeFolder(path)
  }

  /// Removes the created folders again if they are empty.
  mutating func clear() {
    while let (path, isFolder) = made.popLast() {
      if isFolder { try? here.removeFolder(path) } else { try? here.remove(path) }
    }
  }
}

// MARK: - The lock

extension RunDirectory {
  private static let lockFile = ".lock"

  /// The content of `.lock`, which distinguishes it from a file of another program.
  private static let mark = "a run of nnexp\n"

  private static func isHeld(_ folder: Folder, by process: Int?) -> Diagnostic {
    let holder = process.map { "process \($0)" } ?? "another process"
    return Diagnostic(
      "'\(folder.path)' is in use by \(holder); wait until that has ended, or start a new run",
      failure: .environment)
  }

  /// Acquires the folder's lock. Another process may hold it for a moment: one that checks who
  /// holds it, one with the same --output, or one between a fork and the start of its program.
  private static func lock(_ file: borrowing File, of folder: Folder) throws {
    var attempts = 0
    while try !file.lock() {
      attempts += 1
      guard attempts < 100 else { throw try holder(of: folder) ?? isHeld(folder, by: nil) }
      usleep(2000)
    }
  }

  /// The diagnostic that names the holder of the folder's lock; nil if nobody holds it.
  private static func holder(of folder: Folder) throws -> Diagnostic? {
    guard let file = try folder.openLock(lockFile) else { return nil }
    if try file.lock() { return nil }
    return isHeld(folder, by: process(holding: UInt(try file.status().st_ino), in: folder.system))
  }

  /// True if a process executes the run, or if its lock cannot be examined.
  public var isInProgress: Bool {
    do {
      guard let file = try folder.openLock(Self.lockFile) else { return false }
      return try !file.lock()
    } catch { return true }
  }

  /// The process that holds a lock on a file, according to the system's list:
  ///
  ///     1: FLOCK  ADVISORY  WRITE 4711 fe:00:1234567 0 EOF
  ///
  /// Nil if the holder is on another machine or in another container. Devices are not compared,
  /// because overlay file systems show a different one here.
  private static func process(holding inode: UInt, in system: FileSystem) -> Int? {
    guard let bytes = try? system.currentFolder.readIfThere(lockList, limit: 1 << 24) else {
      return nil
    }
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " ")).map {
        String(decoding: $0, as: UTF8.self)
      }
      if words.count >= 6, words[1] == "FLOCK", words[5].hasSuffix(bytes: ":\(inode)"),
        let process = Int(words[4]), process > 0
      {
        return process
      }
    }
    return nil
  }
}
