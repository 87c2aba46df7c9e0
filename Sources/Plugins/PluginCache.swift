import Glibc
import NNExp

/// The folder of built plugins: `$XDG_CACHE_HOME/nnexp/plugins`, or the same
/// under `~/.cache`.
///
/// A built plugin is named by what it was built from and never changes; the
/// whole folder may be deleted at any time.
struct PluginCache {
  let folder: String

  static func ofThisUser() throws -> PluginCache {
    try PluginCache(in: cacheHome() + "/nnexp/plugins")
  }

  init(in folder: String) throws {
    self.folder = folder
    var made = ""
    for part in folder.split(separator: "/") {
      made += "/" + part
      // Code will be loaded from here: nobody else may write.
      if mkdir(made, 0o700) != 0 && errno != EEXIST {
        throw Diagnostic("cannot create '\(made)': \(systemReason)", failure: .environment)
      }
    }
    var status = stat()
    guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw Diagnostic("'\(folder)' is not a folder", failure: .environment)
    }
    guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
      throw Diagnostic(
        "'\(folder)' can be written to by others, and plugins would be loaded from it",
        notes: [.init("make it yours alone: chmod 700")], failure: .environment)
    }
  }

  private static func cacheHome() throws -> String {
    func variable(_ name: String) -> String? {
      guard let value = getenv(name), value[0] == 0x2F else { return nil }
      return String(cString: value)
    }
    if let home = variable("XDG_CACHE_HOME") { return home }
    if let home = variable("HOME") { return home + "/.cache" }
    if let user = getpwuid(geteuid()), user.pointee.pw_dir[0] == 0x2F {
      return String(cString: user.pointee.pw_dir) + "/.cache"
    }
    throw Diagnostic(
      "there is no place for built plugins: set XDG_CACHE_HOME or HOME", failure: .environment)
  }

  /// The built file of that name; where there is none, `build` makes it at a
  /// path of its own, and it appears under its name at once or not at all.
  ///
  /// Whoever comes meanwhile, in this process or another, waits and finds it.
  func file(_ name: String, build: (_ path: String) throws -> Void) throws -> String {
    let path = folder + "/" + name
    if isThere(path) { return path }

    let lock = try hold(path + ".lock")
    // The kernel lets go of a lock whose holder dies.
    defer { close(lock) }
    if isThere(path) {
      unlink(path + ".lock")
      return path
    }

    let workshop = path + ".building"
    removeFolder(workshop)
    guard mkdir(workshop, 0o700) == 0 else {
      throw Diagnostic("cannot create '\(workshop)': \(systemReason)", failure: .environment)
    }
    defer {
      removeFolder(workshop)
      unlink(path + ".lock")
    }
    let built = workshop + "/" + name
    try build(built)
    guard rename(built, path) == 0 else {
      throw Diagnostic("cannot create '\(path)': \(systemReason)", failure: .environment)
    }
    return path
  }

  /// A descriptor of the file at `path` that holds its lock.
  private func hold(_ path: String) throws -> Int32 {
    while true {
      let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard lock >= 0 else {
        throw Diagnostic("cannot create '\(path)': \(systemReason)", failure: .environment)
      }
      while flock(lock, LOCK_EX) != 0 {
        guard errno == EINTR else {
          close(lock)
          throw Diagnostic("cannot lock '\(path)': \(systemReason)", failure: .environment)
        }
      }
      // Whoever held it before took the file away: another may hold a new one.
      var (mine, there) = (stat(), stat())
      if fstat(lock, &mine) == 0, stat(path, &there) == 0, mine.st_ino == there.st_ino {
        return lock
      }
      close(lock)
    }
  }

  /// A folder of files, as builds make it.
  private func removeFolder(_ folder: String) {
    for name in fileNames(in: folder) { unlink(folder + "/" + name) }
    rmdir(folder)
  }
}
