import Glibc
import NNExp
import Synchronization

/// The system calls that every result passes through, and what is said when
/// one of them fails.
///
/// A failure is a `Diagnostic` of kind `.environment` that names the path, the
/// bytes where there are any, and the system's reason. Calls that a signal
/// interrupts are made again; nothing else is, above all no failed flush: after
/// one, the kernel may report the same lost pages as written.
public struct FileSystem: Sendable {
  /// What is done to a path, as messages say it.
  public enum Operation: String, Sendable, CaseIterable {
    case open = "open"
    case create = "create"
    case read = "read"
    case write = "write"
    case truncate = "shorten"
    case synchronize = "flush"
    case close = "close"
    case inspect = "inspect"
    case lock = "lock"
    case rename = "replace"
    case remove = "remove"
    case link = "link"
    case readLink = "read the link"
    case resolve = "resolve"
    case makeFolder = "create the folder"
    case openFolder = "open the folder"
    case list = "list"
  }

  /// Asked before every operation; an error number other than 0 becomes the
  /// operation's failure, in place of the operation. For tests of faults.
  public var intercept: (@Sendable (Operation, _ path: String) -> Int32)?

  /// Seconds of a run after which its results wait for the disk; see
  /// `RunDirectory.isWorthFlushing`.
  public var flushesAfter: Double

  public init(
    flushesAfter: Double = 1, intercept: (@Sendable (Operation, _ path: String) -> Int32)? = nil
  ) {
    // A write past RLIMIT_FSIZE shall fail, not kill.
    _ = ignoresFileSizeSignal
    (self.flushesAfter, self.intercept) = (flushesAfter, intercept)
  }

  /// The system as it is.
  public static let system = FileSystem()

  /// The folder that the process runs in, or ran in when it was held.
  public var currentFolder: Folder {
    Folder(
      descriptor: heldFolder.withLock { $0?.descriptor } ?? AT_FDCWD, path: "", in: self,
      isOwner: false)
  }

  /// Paths keep their meaning from here on, even if a plugin changes the current folder.
  ///
  /// Where the folder cannot be opened, nothing is held.
  public static func holdCurrentFolder() {
    heldFolder.withLock { held in
      guard held == nil, let path = getcwd(nil, 0) else { return }
      defer { free(path) }
      // O_PATH, whose name Swift does not import: the folder need not be readable.
      let descriptor = open(".", 0o10000000 | O_DIRECTORY | O_CLOEXEC)
      if descriptor >= 0 { held = (descriptor, String(cString: path)) }
    }
  }

  /// Writes a file outside any run: as a whole, as `RunDirectory.write` does.
  ///
  /// What exists and is no regular file, such as `/dev/stdout` or a pipe, is
  /// written to as it stands.
  public func write(_ bytes: [UInt8], to path: String) throws {
    if let file = try currentFolder.openIfSpecial(path) {
      try file.write(bytes)
      try file.close()
    } else {
      try currentFolder.replace(path, durably: false) { try $0.write(bytes) }
    }
  }

  /// Makes one call. Returns nil where it fails with a `tolerated` error.
  @discardableResult
  func perform(
    _ operation: Operation, _ path: String, bytes: Int? = nil, tolerating tolerated: Int32...,
    call: () -> Int
  ) throws -> Int? {
    var code = intercept?(operation, path) ?? 0
    if code == 0 {
      while true {
        let result = call()
        if result >= 0 { return result }
        code = errno
        if code != EINTR { break }
      }
    }
    if tolerated.contains(code) { return nil }
    throw FileSystem.failure(operation, path, bytes: bytes, code: code)
  }

  /// As above, where no failure is tolerated.
  func require(
    _ operation: Operation, _ path: String, bytes: Int? = nil, call: () -> Int
  ) throws -> Int {
    // Without tolerated errors, `perform` returns a value or throws.
    try perform(operation, path, bytes: bytes, call: call) ?? 0
  }

  static func failure(
    _ operation: Operation, _ path: String, bytes: Int? = nil, code: Int32
  ) -> Diagnostic {
    let amount = bytes.map { " \($0) bytes \(operation == .write ? "to" : "of")" } ?? ""
    let reason = String(cString: strerror(code))
    var notes: [Diagnostic.Note] = []
    switch code {
    case ENOSPC, EDQUOT:
      notes = [.init("free some space there, or name another place with --output")]
    case EACCES, EPERM, EROFS, ENOTDIR, ELOOP:
      notes = [.init("name a place that can be written with --output")]
    case EFBIG: notes = [.init("a file-size limit is in force; see 'ulimit -f'")]
    default: break
    }
    return Diagnostic(
      "cannot \(operation.rawValue)\(amount) '\(path.isEmpty ? "." : path)': \(reason)",
      notes: notes, failure: .environment)
  }
}

/// The folder that was held, with its path from the root on.
private let heldFolder = Mutex<(descriptor: Int32, path: String)?>(nil)

private let ignoresFileSizeSignal: Bool = {
  signal(SIGXFSZ, SIG_IGN)
  return true
}()

/// An open file, closed at the end of its life.
struct File: ~Copyable, Sendable {
  private var descriptor: Int32
  /// As messages name it.
  let path: String
  private let system: FileSystem

  fileprivate init(descriptor: Int32, path: String, in system: FileSystem) {
    self.descriptor = descriptor
    self.path = path
    self.system = system
  }

  deinit {
    if descriptor >= 0 { Glibc.close(descriptor) }
  }

  /// Writes all bytes at the file's position.
  func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let written = try system.require(.write, path, bytes: buffer.count) {
          let rest = UnsafeRawBufferPointer(rebasing: rest)
          let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
          if written == 0 { errno = EIO }
          return written == 0 ? -1 : written
        }
        rest = rest.dropFirst(written)
      }
    }
  }

  /// The next `count` bytes; fewer at the file's end.
  func read(_ count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled...])
        let got = try system.require(.read, path, bytes: count) {
          Glibc.read(descriptor, rest.baseAddress, rest.count)
        }
        if got == 0 { break }
        filled += got
      }
    }
  }

  /// Everything from here to the end, if that is at most `limit` bytes.
  func readAll(limit: Int) throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let piece = try read(1 << 16)
      all += piece
      if all.count > limit {
        throw Diagnostic(
          "'\(path)' is larger than \(limit) bytes, the most that is read of it",
          failure: .environment)
      }
      if piece.count < 1 << 16 { return all }
    }
  }

  /// Cuts the file at `length` and goes on writing there.
  func truncate(to length: Int) throws {
    try system.perform(.truncate, path) {
      let cut = ftruncate(descriptor, length)
      return cut == 0 ? lseek(descriptor, length, SEEK_SET) : Int(cut)
    }
  }

  /// Returns when the file's bytes are on the disk.
  func synchronize() throws {
    try system.perform(.synchronize, path) { Int(fsync(descriptor)) }
  }

  /// What the system knows of the file: kind, size, links, inode.
  func status() throws -> stat {
    var status = stat()
    try system.perform(.inspect, path) { Int(fstat(descriptor, &status)) }
    return status
  }

  /// Takes the kernel's lock on the file, which goes with the process. False
  /// where another holds it.
  func lock() throws -> Bool {
    try system.perform(.lock, path, tolerating: EWOULDBLOCK) {
      Int(flock(descriptor, LOCK_EX | LOCK_NB))
    } != nil
  }

  /// Closes the file; network file systems report late write errors here.
  consuming func close() throws {
    let (descriptor, path, system) = (self.descriptor, self.path, self.system)
    self.descriptor = -1
    // Not made again if interrupted: Linux has let go of the descriptor by then.
    try system.perform(.close, path) {
      Glibc.close(descriptor) == 0 || errno == EINTR ? 0 : -1
    }
  }
}

/// An open folder. What is written goes to this very folder, wherever its path
/// may lead by now; once it is deleted nothing can be written any more.
public final class Folder: Sendable {
  private let descriptor: Int32
  private let isOwner: Bool
  /// As it was opened; empty for the current folder.
  public let path: String
  let system: FileSystem

  /// - Parameter isOwner: whether it closes the descriptor.
  fileprivate init(
    descriptor: Int32, path: String, in system: FileSystem, isOwner: Bool = true
  ) {
    self.descriptor = descriptor
    self.path = path
    self.system = system
    self.isOwner = isOwner
  }

  deinit {
    if isOwner { close(descriptor) }
  }

  /// The path of something in the folder.
  public func path(of name: String) -> String {
    path.isEmpty || name.hasPrefix(bytes: "/") ? name : "\(path)/\(name)"
  }

  // MARK: Files

  /// Replaces a file, or makes it: a reader finds the old or the new bytes, and
  /// nothing else, whenever the process dies.
  ///
  /// - Parameter durably: true for what must survive a power failure as well;
  ///   waits for the disk twice.
  /// - Parameter beforeRenaming: what must happen when the new bytes are safe
  ///   and the old still in their place.
  func replace(
    _ name: String, durably: Bool, with body: (borrowing File) throws -> Void,
    beforeRenaming: () throws -> Void = {}
  ) throws {
    let partial = Folder.partialName(of: name)
    do {
      let file = try open(
        partial, .create, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, shownAs: name)
      try body(file)
      if durably { try file.synchronize() }
      try file.close()
      try beforeRenaming()
      try rename(partial, to: name)
    } catch {
      try? remove(partial)
      throw error
    }
    if durably { try synchronize(holding: name) }
  }

  /// Writes a file where nobody looks yet: half of it may be found there.
  func write(_ name: String, with body: (borrowing File) throws -> Void) throws {
    let file = try open(
      name, .create, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, shownAs: name)
    try body(file)
    try file.close()
  }

  /// Gives a file a second name, in place of what is there; false where the file system
  /// has no such names.
  func giveSecondName(_ newName: String, to name: String) throws -> Bool {
    func link(as name: String, to target: String) throws -> (isDone: Bool, isTaken: Bool) {
      var isTaken = false
      let done = try system.perform(
        .link, path(of: newName), tolerating: EEXIST, EPERM, EOPNOTSUPP, ENOSYS, EMLINK
      ) {
        let done = linkat(descriptor, target, descriptor, name, 0)
        isTaken = done != 0 && errno == EEXIST
        return Int(done)
      }
      return (done != nil, isTaken)
    }
    let first = try link(as: newName, to: name)
    guard first.isTaken else { return first.isDone }
    let partial = Folder.partialName(of: newName)
    guard try link(as: partial, to: name).isDone else { return false }
    do {
      try rename(partial, to: newName)
      // It stays where both were names of the same file.
      try system.perform(.remove, path(of: newName), tolerating: ENOENT) {
        Int(unlinkat(descriptor, partial, 0))
      }
    } catch {
      try? remove(partial)
      throw error
    }
    return true
  }

  /// A file that was not there before, for writing.
  func create(_ name: String) throws -> File {
    try open(name, .create, O_WRONLY | O_CREAT | O_EXCL, shownAs: name)
  }

  /// The file for the kernel's lock: a new one, or nil where there is one.
  func createLock(_ name: String) throws -> File? {
    try openIfPossible(name, .create, O_RDWR | O_CREAT | O_EXCL, except: EEXIST)
  }

  /// An existing file, for its lock alone; nil where there is none.
  func openLock(_ name: String) throws -> File? {
    try openIfPossible(name, .open, O_RDWR, except: ENOENT)
  }

  /// An existing file, to read and to write on; nil where there is none.
  func openForMore(_ name: String) throws -> File? {
    guard
      let file = try openIfPossible(name, .open, O_RDWR | O_NOFOLLOW | O_NONBLOCK, except: ENOENT)
    else { return nil }
    guard try file.status().st_mode & S_IFMT == S_IFREG else {
      throw Diagnostic("'\(path(of: name))' is not a regular file", failure: .environment)
    }
    return file
  }

  /// A file for reading; nil where there is none. FIFOs, devices and folders
  /// are refused at once.
  func openIfThere(_ name: String) throws -> File? {
    // Without O_NONBLOCK, a FIFO would be waited for.
    guard let file = try openIfPossible(name, .open, O_RDONLY | O_NONBLOCK, except: ENOENT) else {
      return nil
    }
    guard try file.status().st_mode & S_IFMT == S_IFREG else {
      throw Diagnostic("'\(path(of: name))' is not a regular file", failure: .environment)
    }
    return file
  }

  /// What a name stands for, for writing, if that is a device, a pipe or the
  /// like; nil where it is a regular file or nothing.
  func openIfSpecial(_ name: String) throws -> File? {
    var status = stat()
    let found = try system.perform(.inspect, path(of: name), tolerating: ENOENT) {
      Int(fstatat(descriptor, name, &status, 0))
    }
    guard found != nil, status.st_mode & S_IFMT != S_IFREG else { return nil }
    return try open(name, .open, O_WRONLY, shownAs: name)
  }

  /// The user that owns a file or folder in it; nil where there is none.
  public func owner(of name: String) throws -> UInt32? {
    var status = stat()
    let found = try system.perform(.inspect, path(of: name), tolerating: ENOENT) {
      Int(fstatat(descriptor, name, &status, 0))
    }
    return found.map { _ in status.st_uid }
  }

  /// A file's bytes; nil where there is none.
  public func readIfThere(_ name: String, limit: Int) throws -> [UInt8]? {
    guard let file = try openIfThere(name) else { return nil }
    return try file.readAll(limit: limit)
  }

  private func open(
    _ name: String, _ operation: FileSystem.Operation, _ flags: Int32, shownAs shown: String
  ) throws -> File {
    let path = path(of: shown)
    let opened = try system.require(operation, path) {
      Int(openat(descriptor, name, flags | O_CLOEXEC, 0o666))
    }
    return File(descriptor: Int32(truncatingIfNeeded: opened), path: path, in: system)
  }

  private func openIfPossible(
    _ name: String, _ operation: FileSystem.Operation, _ flags: Int32, except tolerated: Int32
  ) throws -> File? {
    let path = path(of: name)
    let opened = try system.perform(operation, path, tolerating: tolerated) {
      Int(openat(descriptor, name, flags | O_CLOEXEC, 0o666))
    }
    guard let opened else { return nil }
    return File(descriptor: Int32(truncatingIfNeeded: opened), path: path, in: system)
  }

  /// What a file is called while it is written: hidden, beside it, one a process.
  private static func partialName(of name: String) -> String {
    let slash = name.lastIndex(ofByte: "/").map(name.utf8.index(after:)) ?? name.startIndex
    return "\(name[..<slash]).\(name[slash...]).\(getpid())\(partialSuffix)"
  }

  private static let partialSuffix = ".partial"

  /// Removes what killed processes left half-written. For whoever holds the
  /// folder's lock.
  func removePartials() throws {
    for name in try entries() where Folder.isPartial(name) { try remove(name) }
  }

  static func isPartial(_ name: String) -> Bool {
    name.hasPrefix(bytes: ".") && name.hasSuffix(bytes: partialSuffix)
  }

  // MARK: Entries

  /// Renames within the folder, over what is there.
  public func rename(_ name: String, to newName: String) throws {
    try system.perform(.rename, path(of: newName)) {
      Int(renameat(descriptor, name, descriptor, newName))
    }
  }

  /// As `rename`, where there is something of that name.
  func renameIfThere(_ name: String, to newName: String) throws {
    try system.perform(.rename, path(of: newName), tolerating: ENOENT) {
      Int(renameat(descriptor, name, descriptor, newName))
    }
  }

  /// Removes a file, or a link itself.
  func remove(_ name: String) throws {
    try system.perform(.remove, path(of: name)) { Int(unlinkat(descriptor, name, 0)) }
  }

  /// Removes an empty folder.
  func removeFolder(_ name: String) throws {
    try system.perform(.remove, path(of: name)) {
      Int(unlinkat(descriptor, name, Int32(AT_REMOVEDIR)))
    }
  }

  /// Makes a symbolic link, over one that is there; `alias` is its name until
  /// it is complete.
  func link(_ name: String, to target: String, via alias: String) throws {
    try system.perform(.link, path(of: name)) { Int(symlinkat(target, descriptor, alias)) }
    do {
      try rename(alias, to: name)
    } catch {
      try? remove(alias)
      throw error
    }
  }

  /// Every name in the folder but `.` and `..`, sorted by their bytes. Throws if one
  /// is not UTF-8: no `String` could name that file.
  public func entries() throws -> [String] {
    try entries { entry in
      throw Diagnostic(
        "'\(path.isEmpty ? "." : path)' holds '\(shown(nameOf: entry))', a name that is not "
          + "UTF-8; rename it")
    }
  }

  /// As `entries`, without the names that are not UTF-8.
  public func entriesInUTF8() throws -> [String] { try entries { _ in } }

  private func entries(
    withInvalid body: (UnsafeMutablePointer<dirent>) throws -> Void
  ) throws -> [String] {
    let opened = try system.require(.list, path) {
      Int(openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }
    guard let stream = fdopendir(Int32(truncatingIfNeeded: opened)) else {
      throw FileSystem.failure(.list, path, code: errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      guard let name = validName(of: entry) else {
        try body(entry)
        continue
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.precedes(byBytes: $1) }
  }

  // MARK: Folders

  /// Makes a folder; false where there is something of that name.
  public func makeFolder(_ name: String) throws -> Bool {
    try system.perform(.makeFolder, path(of: name), tolerating: EEXIST) {
      Int(mkdirat(descriptor, name, 0o777))
    } != nil
  }

  /// As `makeFolder`; nil where there is no folder to hold it.
  func makeFolderIfPossible(_ name: String) throws -> Bool? {
    var isThere = false
    let made = try system.perform(.makeFolder, path(of: name), tolerating: EEXIST, ENOENT) {
      let made = mkdirat(descriptor, name, 0o777)
      isThere = made != 0 && errno == EEXIST
      return Int(made)
    }
    return made != nil ? true : isThere ? false : nil
  }

  /// An existing folder.
  func openFolder(_ name: String) throws -> Folder {
    let path = path(of: name)
    let opened = try system.require(.openFolder, path) {
      Int(openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }
    return Folder(descriptor: Int32(truncatingIfNeeded: opened), path: path, in: system)
  }

  /// As `openFolder`; nil where there is no folder of that name.
  public func openFolderIfThere(_ name: String) throws -> Folder? {
    let path = path(of: name)
    let opened = try system.perform(.openFolder, path, tolerating: ENOENT, ENOTDIR) {
      Int(openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }
    return opened.map { Folder(descriptor: Int32(truncatingIfNeeded: $0), path: path, in: system) }
  }

  /// Returns when the names in the folder that holds `name` are on the disk.
  func synchronize(holding name: String) throws {
    guard let slash = name.lastIndex(ofByte: "/") else { return try synchronize() }
    try openFolder(slash == name.startIndex ? "/" : String(name[..<slash])).synchronize()
  }

  func synchronize() throws {
    // AT_FDCWD cannot be flushed; the folder itself can.
    if descriptor < 0 { return try openFolder(".").synchronize() }
    try system.perform(.synchronize, path) { Int(fsync(descriptor)) }
  }

  /// The absolute path without symbolic links.
  func resolve(_ name: String) throws -> String {
    var resolved: String?
    var shownPath: String?
    try system.perform(.resolve, path(of: name)) {
      var path = path(of: name)
      if !path.hasPrefix(bytes: "/"), let held = heldFolder.withLock({ $0?.path }) {
        path = held + "/" + path
      }
      guard let found = realpath(path, nil) else { return -1 }
      defer { free(found) }
      resolved = validName(found)
      if resolved == nil { shownPath = shown(name: found) }
      return 0
    }
    if let shownPath {
      throw Diagnostic("'\(shownPath)' is not UTF-8; rename it", failure: .environment)
    }
    return resolved ?? name
  }
}
