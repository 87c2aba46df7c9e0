import Platform
import NNExp

/// The kind of an entry of a folder.
public enum EntryKind: Sendable {
  case file, folder, link
  /// A device, FIFO or socket.
  case special
}

/// An open folder. Files are written to this folder even if its path leads elsewhere later.
/// After it is deleted, nothing can be written.
public final class Folder: Sendable {
  private let descriptor: Int32
  private let isOwner: Bool
  /// The path with which it was opened; empty for the current folder.
  public let path: String
  public let system: FileSystem

  /// - Parameter isOwner: true if this object closes the descriptor.
  init(
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

  /// The path of an entry of this folder.
  public func path(of name: String) -> String {
    path.isEmpty || name.hasPrefix(bytes: "/") ? name : "\(path)/\(name)"
  }

  // MARK: Files

  /// Replaces or creates a file: readers find either the old or the new bytes, even if the
  /// process is killed.
  ///
  /// - Parameter durably: true if the file must survive a power failure; waits for the disk
  ///   twice.
  /// - Parameter isShared: true if other processes may call `removePartials` at the same time:
  ///   a lock shows them that the file is in use.
  /// - Parameter beforeRenaming: called when the new bytes are complete and the old file is
  ///   still there.
  public func replace(
    _ name: String, durably: Bool, isShared: Bool = false,
    with body: (borrowing File) throws -> Void, beforeRenaming: () throws -> Void = {}
  ) throws {
    var partial = Path.prefix(of: name) + PartialName.new()
    var lock: File?
    do {
      var file = try create(partial, shownAs: name)
      if isShared {
        lock = try file.duplicate()
        // If the file system has no locks, no other process removes the file.
        while try (try? file.lock()) == false || file.status().st_nlink == 0 {
          // Another process removed it before it was locked, because it looked abandoned.
          partial = Path.prefix(of: name) + PartialName.new()
          file = try create(partial, shownAs: name)
          lock = try file.duplicate()
        }
      }
      try body(file)
      if durably { try file.synchronize() }
      try file.close()
      try beforeRenaming()
      try rename(partial, to: name)
    } catch {
      try? remove(partial)
      throw error
    }
    // The lock lasts until here. `_ = consume lock` would let the optimizer end it earlier.
    try? lock.take()?.close()
    if durably { try synchronize(holding: name) }
  }

  /// Creates a new file for writing.
  private func create(_ name: String, shownAs shown: String) throws -> File {
    try open(name, .create, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, shownAs: shown)
  }

  /// Writes a file directly: an interrupted write leaves a part of it. For files that no other
  /// process reads yet.
  public func write(_ name: String, with body: (borrowing File) throws -> Void) throws {
    let file = try open(
      name, .create, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, shownAs: name)
    try body(file)
    try file.close()
  }

  /// Gives a file a second name, replacing any file of that name. Returns false if the file
  /// system does not support second names.
  public func createHardLink(_ newName: String, to name: String) throws -> Bool {
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
    let partial = Path.prefix(of: newName) + PartialName.new()
    guard try link(as: partial, to: name).isDone else { return false }
    do {
      try rename(partial, to: newName)
      // The new name stays if both were names of the same file.
      try system.perform(.remove, path(of: newName), tolerating: ENOENT) {
        Int(unlinkat(descriptor, partial, 0))
      }
    } catch {
      try? remove(partial)
      throw error
    }
    return true
  }

  /// Creates a new file for writing.
  public func create(_ name: String) throws -> File {
    try create(name, shownAs: name)
  }

  /// Creates a file without a name for writing and reading. It exists until it is closed.
  public func createUnnamed() throws -> File {
    let name = PartialName.new()
    let file = try open(
      name, .create, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, shownAs: "a temporary file")
    try remove(name)
    return file
  }

  /// Creates the file for the kernel's lock; nil if it exists.
  public func createLock(_ name: String) throws -> File? {
    try openIfPossible(name, .create, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, except: EEXIST)
  }

  /// Opens an existing file only for its lock; nil if there is none.
  public func openLock(_ name: String) throws -> File? {
    try openIfPossible(name, .open, O_RDWR | O_NOFOLLOW | O_NONBLOCK, except: ENOENT)
  }

  /// Opens an existing file for reading and writing; nil if there is none.
  public func openForUpdating(_ name: String) throws -> File? {
    guard
      let file = try openIfPossible(name, .open, O_RDWR | O_NOFOLLOW | O_NONBLOCK, except: ENOENT)
    else { return nil }
    guard try file.status().st_mode & S_IFMT == S_IFREG else {
      throw Diagnostic("'\(path(of: name))' is not a regular file", failure: .environment)
    }
    return file
  }

  /// Opens a file for reading; nil if there is none. A FIFO, device or folder is an error.
  public func openIfThere(_ name: String) throws -> File? {
    do {
      return try openRegular(name)
    } catch {
      switch error {
      case .system(ENOENT): return nil
      case .system(let code): throw FileSystem.failure(.open, path(of: name), code: code)
      case .notRegular:
        throw Diagnostic("'\(path(of: name))' is not a regular file", failure: .environment)
      }
    }
  }

  /// Opens a regular file for reading. Only this function opens files that nnexp may not have
  /// written.
  func openRegular(_ name: String) throws(UnreadableFile) -> File {
    func fd(_ result: Result<Int, FileSystem.SystemError>) throws(UnreadableFile) -> Int {
      switch result {
      case .success(let value): return value
      case .failure(let error): throw .system(error.code)
      }
    }
    let path = path(of: name)
    // Without O_NONBLOCK, the call would wait for a writer of a FIFO.
    let opened = try fd(
      system.attempt(.open, path) {
        Int(openat(descriptor, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
      })
    let file = File(descriptor: Int32(truncatingIfNeeded: opened), path: path, in: system)
    var status = stat()
    _ = try fd(system.attempt(.inspect, path) { Int(fstat(Int32(opened), &status)) })
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular(mode: status.st_mode) }
    return file
  }

  /// Opens a device, a pipe or similar for writing; nil if there is a regular file or nothing.
  public func openIfSpecial(_ name: String) throws -> File? {
    guard try isSpecial(name) else { return nil }
    return try open(name, .open, O_WRONLY | O_APPEND, shownAs: name)
  }

  /// True if a name, after following links, is an entry that is written directly.
  public func isSpecial(_ name: String) throws -> Bool {
    var status = stat()
    let found = try system.perform(.inspect, path(of: name), tolerating: ENOENT) {
      Int(fstatat(descriptor, name, &status, 0))
    }
    if found == nil { return false }
    // `/dev/stdout` may be a regular file.
    return status.st_mode & S_IFMT != S_IFREG || name.hasPrefix(bytes: "/dev/")
      || name.hasPrefix(bytes: "/proc/")
  }

  /// The kind of an entry, without following links; nil if there is none.
  public func kind(of name: String) throws -> EntryKind? {
    var status = stat()
    let found = try system.perform(.inspect, path(of: name), tolerating: ENOENT) {
      Int(fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW))
    }
    if found == nil { return nil }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFLNK: .link
    default: .special
    }
  }

  /// The user that owns an entry; nil if there is none.
  public func owner(of name: String) throws -> UInt32? {
    var status = stat()
    let found = try system.perform(.inspect, path(of: name), tolerating: ENOENT) {
      Int(fstatat(descriptor, name, &status, 0))
    }
    return found.map { _ in status.st_uid }
  }

  /// Reads a whole file; nil if there is none.
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

  /// Removes the partial files that killed processes left. A file that another process has
  /// locked stays, and so does one with such a name that is not a regular file of this user.
  public func removePartials() throws {
    for name in try entriesInUTF8() where PartialName.isOne(name) {
      guard let file = try? openForUpdating(name),
        let status = try? file.status(), status.st_uid == geteuid(), try file.lock()
      else { continue }
      try remove(name)
    }
  }

  /// True for the names that `replace` uses until a file is complete.
  public static func isPartial(_ name: String) -> Bool { PartialName.isOne(name) }

  // MARK: Entries

  /// Renames an entry within the folder, replacing any entry with the new name.
  public func rename(_ name: String, to newName: String) throws {
    try system.perform(.rename, path(of: newName)) {
      Int(renameat(descriptor, name, descriptor, newName))
    }
  }

  /// As `rename`, but does nothing if there is no entry with the old name.
  public func renameIfThere(_ name: String, to newName: String) throws {
    try system.perform(.rename, path(of: newName), tolerating: ENOENT) {
      Int(renameat(descriptor, name, descriptor, newName))
    }
  }

  /// Removes a file or a symbolic link.
  public func remove(_ name: String) throws {
    try system.perform(.remove, path(of: name)) { Int(unlinkat(descriptor, name, 0)) }
  }

  /// As `remove`, but does nothing if there is no entry.
  public func removeIfThere(_ name: String) throws {
    try system.perform(.remove, path(of: name), tolerating: ENOENT) {
      Int(unlinkat(descriptor, name, 0))
    }
  }

  /// Removes an empty folder.
  public func removeFolder(_ name: String) throws {
    try system.perform(.remove, path(of: name)) {
      Int(unlinkat(descriptor, name, Int32(AT_REMOVEDIR)))
    }
  }

  /// Creates a symbolic link, replacing an existing one; `alias` is its name until it is
  /// complete.
  public func link(_ name: String, to target: String, via alias: String) throws {
    try system.perform(.link, path(of: name)) { Int(symlinkat(target, descriptor, alias)) }
    do {
      try rename(alias, to: name)
    } catch {
      try? remove(alias)
      throw error
    }
  }

  /// Every name in the folder except `.` and `..`, sorted by bytes. Throws if a name is not
  /// UTF-8, because no `String` can represent it.
  public func entries() throws -> [String] {
    try entries { entry in
      throw Diagnostic(
        "'\(path.isEmpty ? "." : path)' contains '\(shown(nameOf: entry))', a name that is not "
          + "UTF-8; rename it")
    }
  }

  /// As `entries`, but omits names that are not UTF-8.
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

  /// Creates a folder. Returns false if there is an entry with that name.
  public func makeFolder(_ name: String) throws -> Bool {
    try system.perform(.makeFolder, path(of: name), tolerating: EEXIST) {
      Int(mkdirat(descriptor, name, 0o777))
    } != nil
  }

  /// As `makeFolder`; nil if the parent folder does not exist.
  public func makeFolderIfPossible(_ name: String) throws -> Bool? {
    var isThere = false
    let made = try system.perform(.makeFolder, path(of: name), tolerating: EEXIST, ENOENT) {
      let made = mkdirat(descriptor, name, 0o777)
      isThere = made != 0 && errno == EEXIST
      return Int(made)
    }
    return made != nil ? true : isThere ? false : nil
  }

  /// Opens an existing folder.
  public func openFolder(_ name: String) throws -> Folder {
    let path = path(of: name)
    let opened = try system.require(.openFolder, path) {
      Int(openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }
    return Folder(descriptor: Int32(truncatingIfNeeded: opened), path: path, in: system)
  }

  /// As `openFolder`; nil if there is no folder with that name.
  public func openFolderIfThere(_ name: String) throws -> Folder? {
    let path = path(of: name)
    let opened = try system.perform(.openFolder, path, tolerating: ENOENT, ENOTDIR) {
      Int(openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }
    return opened.map { Folder(descriptor: Int32(truncatingIfNeeded: $0), path: path, in: system) }
  }

  /// Returns when the names in the folder that contains `name` are on the disk.
  public func synchronize(holding name: String) throws {
    let folder = Path.folder(of: name)
    if folder == "." { try synchronize() } else { try openFolder(folder).synchronize() }
  }

  public func synchronize() throws {
    // AT_FDCWD cannot be flushed, but the folder itself can.
    if descriptor < 0 { return try openFolder(".").synchronize() }
    try system.perform(.synchronize, path) { Int(fsync(descriptor)) }
  }

  /// The absolute path without symbolic links.
  public func resolve(_ name: String) throws -> String {
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
