import Files
import Glibc
import NNExp
import Synchronization

/// The folder of one run, made for it and locked while it runs.
///
///     results/xor/run-0001/        metrics.csv, summary.json, …
///                 run-0002/
///                 latest -> run-0002
///
/// Every write goes through it. The lock is the kernel's, on the file `.lock`: it goes
/// when the process does, however that ends.
public final class RunDirectory: Sendable {
  /// The folder, open.
  public let folder: Folder

  /// The open `.lock`; nil where the run is only read.
  private let lock: File?

  private let stopwatch = Stopwatch()

  /// Whether it has its `run.json`. Until then nobody reads it, and what is written
  /// there need not appear as a whole.
  private let isRun: Atomic<Bool>

  /// Whether there may be checkpoints of kind `state`.
  private let hasStates: Atomic<Bool>

  /// `results/xor/run-0001`, or what `--output` said.
  public var path: String { folder.path }

  private init(_ folder: Folder, lock: consuming File?, isNew: Bool) {
    self.folder = folder
    self.lock = lock
    isRun = Atomic(!isNew)
    hasStates = Atomic(!isNew)
  }

  // MARK: Making one

  /// Makes the folder of a new run: the next free `NAME/run-0001` under
  /// `results`, or `output`, which must not exist or be empty.
  ///
  /// Two processes at once get different numbers. Where it throws, it leaves
  /// everything as it was.
  ///
  /// - Parameters:
  ///   - name: the experiment's name; see `validate(name:)`.
  ///   - results: a path. Links on the way from the folder that holds it to the
  ///     run must not lead out of that folder.
  ///   - output: a path to use instead; missing parents are made.
  public static func create(
    name: String, under results: String = "results", output: String? = nil,
    fileSystem: FileSystem = .system
  ) throws -> RunDirectory {
    try validate(name: name)
    var site = Site(here: fileSystem.currentFolder)
    do {
      if let output { return try create(output: output, at: &site) }
      return try create(name: name, under: results, at: &site)
    } catch {
      site.clear()
      throw error
    }
  }

  private static func create(
    name: String, under results: String, at site: inout Site
  ) throws -> RunDirectory {
    let home = try site.here.resolve(Path.folder(of: results))
    let group = results + "/" + name
    for path in [results, group] {
      _ = try site.makeFolder(path)
      let target = try site.here.resolve(path)
      guard
        target.hasSameBytes(as: home)
          || target.hasPrefix(bytes: home == "/" ? home : home + "/")
      else {
        throw Diagnostic(
          "'\(path)' is a link that leads out of '\(home)', to '\(target)'; "
            + "choose the location of the run with --output", failure: .environment)
      }
    }
    let runs = try site.here.openFolder(group)
    var number = try newestNumber(in: runs) + 1  // or more, if others are as quick
    while try !site.makeFolder(runs.path(of: runName(number))) { number += 1 }
    let run = try prepare(runs.path(of: runName(number)), isNew: true, at: &site)
    try pointLatest(in: runs, at: number)
    return run
  }

  private static func create(output: String, at site: inout Site) throws -> RunDirectory {
    guard !output.isEmpty, !output.utf8.contains(0) else {
      throw Diagnostic("--output names no folder; write a path such as 'results/mine'")
    }
    let isNew = try site.makeFolderAndParents(output)
    if !isNew {
      let folder = try site.here.openFolder(output)
      guard try isUnused(folder) else {
        if try folder.kind(of: lockFile) == .file, let held = try holder(of: folder) { throw held }
        throw Diagnostic(
          "'\(output)' is not empty; --output takes a new or empty folder, so that no run is "
            + "overwritten")
      }
    }
    return try prepare(output, isNew: isNew, at: &site)
  }

  /// Whether a folder holds nothing, or no more than a run leaves that was killed
  /// before it had its `run.json`: the mark in its `.lock` shows that it is one.
  static func isUnused(_ folder: Folder) throws -> Bool {
    let names = try folder.entries()
    if names.isEmpty { return true }
    guard names.contains(lockFile), try folder.kind(of: lockFile) == .file,
      let lock = try folder.readIfThere(lockFile, limit: 1 << 26)
    else { return false }
    if names.count == 1, lock.isEmpty { return true }
    guard lock.elementsEqual(mark.utf8) else { return false }
    let early: Set = [
      lockFile, "experiment.yaml", "resolved.yaml", "metrics.csv", TimingWriter.file, Summary.file,
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

  /// Locks a folder and gives it what every run has, and nothing else.
  ///
  /// - Parameter isNew: whether this process made it.
  private static func prepare(
    _ path: String, isNew: Bool, at site: inout Site
  ) throws -> RunDirectory {
    let folder = try site.here.openFolder(path)
    let file: File
    var isEmpty = false
    if let made = try folder.createLock(lockFile) {
      site.note(file: folder.path(of: lockFile))
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
      // Another process may have come first.
      guard try isUnused(folder) else { throw isHeld(folder, by: nil) }
      for name in try folder.entries() where ![lockFile, Checkpoint.folder].contains(name) {
        try folder.remove(name)
      }
      try file.truncate(to: 0)
      try file.write(Array(mark.utf8))
    }
    if try !site.makeFolder(folder.path(of: Checkpoint.folder)) {
      let checkpoints = try folder.openFolder(Checkpoint.folder)
      for name in try checkpoints.entries() { try checkpoints.remove(name) }
    }
    return RunDirectory(folder, lock: file, isNew: true)
  }

  // MARK: Opening one

  /// An existing run: to read, or, `exclusively`, to go on with.
  ///
  /// Only what holds a `run.json` is a run. Exclusive opening takes the lock and
  /// clears away what a killed process left half-written.
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

  /// A run to read; nil where there is no run.
  public static func openIfThere(
    _ path: String, fileSystem: FileSystem = .system
  ) throws -> RunDirectory? {
    guard let folder = try fileSystem.currentFolder.openFolderIfThere(path),
      try folder.openIfThere(RunRecord.file) != nil
    else { return nil }
    return RunDirectory(folder, lock: nil, isNew: false)
  }

  /// Whether there is a folder which a new run can take over: see `isUnused` above.
  public static func isUnused(_ path: String, fileSystem: FileSystem = .system) throws -> Bool {
    try fileSystem.currentFolder.openFolderIfThere(path).map(isUnused) ?? false
  }

  // MARK: Writing and reading

  /// Whether a checkpoint or the final summary waits for the disk unless told
  /// to: a flush takes milliseconds, and a run of under a second is sooner made
  /// again than it is missed. Kills need no flush; power failures do.
  public var isWorthFlushing: Bool { stopwatch.seconds >= folder.system.flushesAfter }

  /// Replaces a file of the run as a whole, or makes it; see `Folder.replace`.
  ///
  /// - Parameter durably: wait for the disk, so that a power failure finds the
  ///   new bytes.
  public func write(_ bytes: [UInt8], to file: String, durably: Bool = false) throws {
    try replace(file, durably: durably, with: { try $0.write(bytes) })
    if file == RunRecord.file { isRun.store(true, ordering: .relaxed) }
  }

  /// As `Folder.replace`; of what is no run yet, the file is made in its place.
  func replace(
    _ file: String, durably: Bool, with body: (borrowing File) throws -> Void
  ) throws {
    if isRun.load(ordering: .relaxed) || durably || file == RunRecord.file {
      try folder.replace(file, durably: durably, with: body)
    } else {
      try folder.write(file, with: body)
    }
  }

  /// Notes that there are checkpoints of kind `state` from here on.
  func noteState() { hasStates.store(true, ordering: .relaxed) }

  /// Whether there may be any.
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

  /// A file of the run, which must be there.
  public func read(_ file: String, limit: Int = 1 << 26) throws -> [UInt8] {
    guard let bytes = try folder.readIfThere(file, limit: limit) else {
      throw Diagnostic("'\(path)' has no \(file)", failure: .environment)
    }
    return bytes
  }

  /// A JSON file of the run, which must be there.
  public func record(_ file: String) throws -> RecordReader {
    try RecordReader(parsing: read(file), from: folder.path(of: file))
  }
}

// MARK: - Numbers and the newest

extension RunDirectory {
  private static func runName(_ number: Int) -> String {
    let digits = String(number)
    return "run-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// The folders of an experiment's runs under `results`, newest first.
  public static func runs(
    of name: String, under results: String = "results", fileSystem: FileSystem = .system
  ) throws -> [String] {
    guard let runs = try fileSystem.currentFolder.openFolderIfThere(results + "/" + name) else {
      return []
    }
    return try numbers(in: runs).sorted(by: >).map { runs.path(of: runName($0)) }
  }

  /// The highest number of a run in the folder; 0 where there is none.
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

  /// Points `latest` to the newest run.
  ///
  /// Of several processes at once, a slower one may point to its older run last;
  /// each therefore looks again after it has pointed, until nothing is newer.
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

// MARK: - What was made on the way

/// Where a run is being made, and what has been made for it so far.
private struct Site {
  let here: Folder
  private var made: [(path: String, isFolder: Bool)] = []

  init(here: Folder) { self.here = here }

  mutating func note(file: String) { made.append((file, false)) }

  /// Makes a folder; false where there is something of that name.
  mutating func makeFolder(_ path: String) throws -> Bool {
    guard try here.makeFolder(path) else { return false }
    made.append((path, true))
    return true
  }

  /// As `makeFolder`, with the folders that are missing on the way.
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

  /// Removes all of it again, as far as it is empty.
  mutating func clear() {
    while let (path, isFolder) = made.popLast() {
      if isFolder { try? here.removeFolder(path) } else { try? here.remove(path) }
    }
  }
}

// MARK: - The lock

extension RunDirectory {
  private static let lockFile = ".lock"

  /// What `.lock` holds, so that no other program's is taken for a run's.
  private static let mark = "a run of nnexp\n"

  private static func isHeld(_ folder: Folder, by process: Int?) -> Diagnostic {
    let holder = process.map { "process \($0)" } ?? "another process"
    return Diagnostic(
      "'\(folder.path)' is in use by \(holder); wait until that has ended, or start a new run",
      failure: .environment)
  }

  /// Takes the folder's lock. Another process may hold it for an instant alone:
  /// one that looks who does, one that was given the same --output, or one on its
  /// way from a fork to its own program.
  private static func lock(_ file: borrowing File, of folder: Folder) throws {
    var attempts = 0
    while try !file.lock() {
      attempts += 1
      guard attempts < 100 else { throw try holder(of: folder) ?? isHeld(folder, by: nil) }
      usleep(2000)
    }
  }

  /// Says who holds the folder's lock; nil where nobody does.
  private static func holder(of folder: Folder) throws -> Diagnostic? {
    guard let file = try folder.openLock(lockFile) else { return nil }
    if try file.lock() { return nil }
    return isHeld(folder, by: process(holding: try file.status().st_ino, in: folder.system))
  }

  /// The process that holds a lock on a file, as `/proc/locks` tells it:
  ///
  ///     1: FLOCK  ADVISORY  WRITE 4711 fe:00:1234567 0 EOF
  ///
  /// Nil where the holder is on another machine or in another container. The
  /// device is not compared: overlay file systems show another one here.
  private static func process(holding inode: UInt, in system: FileSystem) -> Int? {
    guard let bytes = try? system.currentFolder.readIfThere("/proc/locks", limit: 1 << 24) else {
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
