import Files
import Platform
import NNExp

/// An open folder that only this user can write to, and that nobody except this user and root
/// can replace. All entries are accessed through its descriptor.
final class PrivateFolder: Sendable {
  private let descriptor: Int32

  /// The absolute path, without links.
  let path: String

  private init(descriptor: Int32, path: String) {
    (self.descriptor, self.path) = (descriptor, path)
  }

  deinit { close(descriptor) }

  /// Opens the folder, and creates missing folders of its path.
  ///
  /// Each folder of the path must belong to this user or to root, and must not be writable by
  /// others, unless its sticky bit prevents them from replacing entries of other users.
  convenience init(_ path: String) throws {
    var walk = try Walk(to: path)
    let folder = try walk.finish()
    self.init(descriptor: folder.descriptor, path: folder.path)
  }

  // MARK: Files

  /// Reads a file that only this user can write to; nil if there is none.
  ///
  /// - Parameter isProtected: true if the folder itself excludes other users.
  func read(_ name: String, isProtected: Bool = false) -> [UInt8]? {
    let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      isProtected || status.st_uid == geteuid() && status.st_mode & 0o022 == 0
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        Platform.read(file, $0.baseAddress! + filled, $0.count - filled)
      }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return nil }
      filled += count
    }
    return bytes
  }

  /// Creates a new file.
  func write(_ bytes: [UInt8], to name: String) throws {
    let file = openat(
      descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure("create", name) }
    defer { close(file) }
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Platform.write(file, $0.baseAddress! + sent, $0.count - sent)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure("write", name) }
      sent += count
    }
  }

  /// Moves a file from another folder to this one, replacing any file of that name.
  func move(_ name: String, from other: PrivateFolder) throws {
    guard renameat(other.descriptor, name, descriptor, name) == 0 else {
      throw failure("create", name)
    }
  }

  func remove(_ name: String) { unlinkat(descriptor, name, 0) }

  // MARK: Folders

  /// Creates a folder that only this user can access.
  func makeFolder(_ name: String) throws -> PrivateFolder {
    guard mkdirat(descriptor, name, 0o700) == 0 else { throw failure("create", name) }
    let folder = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard folder >= 0 else { throw failure("open", name) }
    return PrivateFolder(descriptor: folder, path: path + "/" + name)
  }

  /// Removes a folder with everything in it.
  func removeFolder(_ name: String) {
    let folder = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if folder >= 0 {
      let inner = PrivateFolder(descriptor: folder, path: path + "/" + name)
      for name in inner.names where unlinkat(folder, name, 0) != 0 { inner.removeFolder(name) }
    }
    unlinkat(descriptor, name, AT_REMOVEDIR)
  }

  private var names: [String] {
    let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { return [] }
    guard let listing = fdopendir(copy) else {
      close(copy)
      return []
    }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  // MARK: Locks

  /// Acquires the lock with this name and returns its descriptor. The kernel releases the lock
  /// when its holder dies; the holder removes the file.
  func lock(_ name: String) throws -> Int32 {
    while true {
      let lock = openat(descriptor, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard lock >= 0 else { throw failure("create", name) }
      while flock(lock, LOCK_EX) != 0 {
        guard errno == EINTR else {
          let failure = failure("lock", name)
          close(lock)
          throw failure
        }
      }
      // The previous holder removed the file: another process may hold the lock of a new file.
      var (mine, there) = (stat(), stat())
      if fstat(lock, &mine) == 0, fstatat(descriptor, name, &there, AT_SYMLINK_NOFOLLOW) == 0,
        mine.st_ino == there.st_ino
      {
        return lock
      }
      close(lock)
    }
  }

  private func failure(_ operation: String, _ name: String) -> Diagnostic {
    Diagnostic("cannot \(operation) '\(path)/\(name)': \(systemReason)", failure: .environment)
  }
}

/// The path from the root to a folder, traversed component by component.
private struct Walk: ~Copyable {
  private let goal: String
  private var folder: Int32
  private var path = ""
  /// The remaining components, the next one last.
  private var pending: [String]
  private var links = 0

  init(to goal: String) throws {
    self.goal = goal
    folder = open("/", openForPath | O_DIRECTORY | O_CLOEXEC)
    pending = Walk.components(of: goal)
    guard folder >= 0 else { throw failure("open") }
  }

  deinit { if folder >= 0 { close(folder) } }

  /// Opens the last folder, which must belong to this user, for reading.
  mutating func finish() throws -> (descriptor: Int32, path: String) {
    while let part = pending.popLast() { try step(into: part) }
    let status = try status(of: folder)
    guard status.st_uid == geteuid() else {
      throw refusal("the plugin cache '\(path)' belongs to \(Walk.owner(status))")
    }
    guard status.st_mode & 0o022 == 0 else {
      throw refusal(
        "others can write to the plugin cache '\(path)' (\(Walk.mode(status)))", remedy: path)
    }
    let descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open") }
    return (descriptor, path)
  }

  private mutating func step(into part: String) throws {
    try requireSafe()
    var next = openat(folder, part, openForPath | O_NOFOLLOW | O_CLOEXEC)
    if next < 0 && errno == ENOENT {
      guard mkdirat(folder, part, 0o700) == 0 || errno == EEXIST else {
        throw failure("create", part)
      }
      next = openat(folder, part, openForPath | O_NOFOLLOW | O_CLOEXEC)
    }
    guard next >= 0 else { throw failure("open", part) }
    var isKept = false
    defer { if !isKept { close(next) } }
    let status = try status(of: next)
    switch status.st_mode & S_IFMT {
    case S_IFLNK:
      guard [0, geteuid()].contains(status.st_uid) else {
        throw refusal(
          "the plugin cache '\(goal)' is reached through the link '\(path)/\(part)', which "
            + "belongs to \(Walk.owner(status))")
      }
      try follow(next, part)
    case S_IFDIR:
      close(folder)
      (folder, isKept) = (next, true)
      if part == ".." {
        path = path.lastIndex(ofByte: "/").map { String(path[..<$0]) } ?? ""
      } else {
        path += "/" + part
      }
    default:
      throw Diagnostic("'\(path)/\(part)' is not a folder", failure: .environment)
    }
  }

  private mutating func follow(_ link: Int32, _ part: String) throws {
    links += 1
    var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = target.withUnsafeMutableBytes { bytes in
      readlinkat(link, "", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    if links > 40 { errno = ELOOP }
    guard count >= 0, links <= 40 else { throw failure("open", part) }
    guard let text = String(validating: target[..<count], as: UTF8.self) else {
      throw Diagnostic(
        "the link '\(path)/\(part)' leads to '\(shown(bytes: Array(target[..<count])))', which is "
          + "not UTF-8; rename it", failure: .environment)
    }
    pending += Walk.components(of: text)
    if text.hasPrefix(bytes: "/") {
      let root = open("/", openForPath | O_DIRECTORY | O_CLOEXEC)
      guard root >= 0 else { throw failure("open", part) }
      close(folder)
      (folder, path) = (root, "")
    }
  }

  /// Throws if another user could replace entries of the current folder.
  private func requireSafe() throws {
    let status = try status(of: folder)
    let shown = path.isEmpty ? "/" : path
    guard [0, geteuid()].contains(status.st_uid) else {
      throw refusal(
        "the plugin cache '\(goal)' is below '\(shown)', which belongs to "
          + Walk.owner(status))
    }
    guard status.st_mode & 0o022 == 0 || status.st_mode & S_ISVTX != 0 else {
      throw refusal(
        "the plugin cache '\(goal)' is below '\(shown)', which others can write to "
          + "(\(Walk.mode(status)))", remedy: shown)
    }
  }

  /// - Parameter remedy: the folder whose mode must be changed.
  private func refusal(_ fact: String, remedy: String? = nil) -> Diagnostic {
    let mode = remedy.map { "run 'chmod go-w \($0)', or " } ?? ""
    return Diagnostic(
      fact,
      notes: [
        .init(
          "plugins are loaded from there; \(mode)set XDG_CACHE_HOME to a folder that only you can "
            + "write to")
      ])
  }

  private func failure(_ operation: String, _ part: String? = nil) -> Diagnostic {
    let shown = part.map { path + "/" + $0 } ?? (path.isEmpty ? "/" : path)
    return Diagnostic("cannot \(operation) '\(shown)': \(systemReason)", failure: .environment)
  }

  private func status(of descriptor: Int32) throws -> stat {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("inspect") }
    return status
  }

  /// The components of a path, the first one last.
  private static func components(of path: String) -> [String] {
    path.split(atByte: "/").filter { $0 != "." }.reversed().map(String.init)
  }

  private static func owner(_ status: stat) -> String { "another user (\(status.st_uid))" }

  private static func mode(_ status: stat) -> String {
    "mode " + String(status.st_mode & 0o7777, radix: 8)
  }
}
