import Files
import Platform
import NNExp

/// The folder of built plugins: `$XDG_CACHE_HOME/nnexp/plugins`, or `~/.cache/nnexp/plugins`.
///
///     Maxout-0123….so            a built plugin
///     Maxout-0123….so.sha256     its hash, as `sha256sum` writes it
///
/// The name of a built plugin contains the hash of its sources. If its bytes do not match its
/// hash, it is built again. The folder may be deleted at any time.
struct PluginCache {
  /// A built plugin. Its bytes were compared with the hash, and must be loaded from here.
  struct Entry {
    let path: String
    let bytes: [UInt8]
  }

  private let folder: PrivateFolder

  static func forCurrentUser() throws -> PluginCache {
    try PluginCache(in: cacheHome() + "/nnexp/plugins")
  }

  init(in path: String) throws { folder = try PrivateFolder(path) }

  private static func cacheHome() throws -> String {
    func variable(_ name: String) throws -> String? {
      guard let value = getenv(name), value[0] == 0x2F else { return nil }
      guard let path = String(validatingCString: value) else {
        throw Diagnostic(
          "\(name) is not UTF-8: '\(shown(name: value))'", failure: .environment)
      }
      return path
    }
    if let home = try variable("XDG_CACHE_HOME") { return home }
    if let home = try variable("HOME") { return home + "/.cache" }
    if let user = getpwuid(geteuid()), user.pointee.pw_dir[0] == 0x2F {
      return String(cString: user.pointee.pw_dir) + "/.cache"
    }
    throw Diagnostic(
      "there is no folder for built plugins: set XDG_CACHE_HOME or HOME", failure: .environment)
  }

  /// The entry with this name. If there is none, or a damaged one, `build` creates a file with
  /// this name in a separate folder.
  ///
  /// Other callers in this process or others wait until the entry exists.
  func entry(_ name: String, build: (_ workshop: PrivateFolder) throws -> Void) throws -> Entry {
    if let entry = entry(name) { return entry }
    let lock = try folder.lock(name + ".lock")
    defer { close(lock) }
    if let entry = entry(name) {
      folder.remove(name + ".lock")
      return entry
    }
    let workshopName = name + ".building"
    folder.removeFolder(workshopName)
    let workshop = try folder.makeFolder(workshopName)
    defer {
      folder.removeFolder(workshopName)
      folder.remove(name + ".lock")
    }
    try build(workshop)
    guard let bytes = workshop.read(name, isProtected: true) else {
      throw Diagnostic("cannot read '\(workshop.path)/\(name)'", failure: .environment)
    }
    // The compiler's file has the mode that the umask determines.
    workshop.remove(name)
    try workshop.write(bytes, to: name)
    try workshop.write(PluginCache.record(of: name, bytes), to: name + ".sha256")
    // Between the two moves, the entry counts as damaged.
    try folder.move(name, from: workshop)
    try folder.move(name + ".sha256", from: workshop)
    return Entry(path: folder.path + "/" + name, bytes: bytes)
  }

  /// The entry with this name; nil if it is missing or damaged.
  private func entry(_ name: String) -> Entry? {
    guard let bytes = folder.read(name), let record = folder.read(name + ".sha256"),
      record == PluginCache.record(of: name, bytes)
    else { return nil }
    return Entry(path: folder.path + "/" + name, bytes: bytes)
  }

  private static func record(of name: String, _ bytes: [UInt8]) -> [UInt8] {
    Array("\(SHA256.hex(of: bytes))  \(name)\n".utf8)
  }
}
