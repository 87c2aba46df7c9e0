import Platform
import NNExp

/// Functions on paths. They compare bytes as the system does: a combining mark after a slash
/// does not hide the slash.
public enum Path {
  /// The folder of a path: `/a` of `/a/b`; `.` of `b`.
  public static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(ofByte: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The part before the name: `/a/` of `/a/b`; empty for `b`.
  public static func prefix(of path: String) -> String {
    path.lastIndex(ofByte: "/").map { String(path[..<path.utf8.index(after: $0)]) } ?? ""
  }

  /// The part after the last slash: `b` of `/a/b`; empty for `/a/`.
  public static func name(of path: String) -> String {
    path.lastIndex(ofByte: "/").map { String(path[path.utf8.index(after: $0)...]) } ?? path
  }

  /// The name without its suffix: `Maxout` of `../plugins/Maxout.swift`; empty if the path has
  /// no name.
  public static func stem(of path: String) -> String {
    let file = path.split(atByte: "/").last ?? ""
    guard let dot = file.lastIndex(ofByte: "."), dot > file.startIndex else { return String(file) }
    return String(file[..<dot])
  }

  /// The part after the last dot of the name: `swift` of `Maxout.swift`; empty if there is
  /// none.
  public static func suffix(of path: String) -> String {
    let file = path.split(atByte: "/").last ?? ""
    guard let dot = file.lastIndex(ofByte: "."), dot > file.startIndex else { return "" }
    return String(file[file.utf8.index(after: dot)...])
  }

  /// The path in `folder` that `path` denotes; `path` itself if it is absolute.
  public static func join(_ folder: String, _ path: String) -> String {
    if path.hasPrefix(bytes: "/") || folder.isEmpty || folder == "." { return path }
    return folder.hasSuffix(bytes: "/") ? folder + path : folder + "/" + path
  }

  /// The path of `path` from `folder`: `../b/c` for `/a/b/c` and `/a/d`. Both are absolute and
  /// without links.
  public static func relative(_ path: String, to folder: String) -> String {
    let (names, folders) = (path.split(atByte: "/"), folder.split(atByte: "/"))
    let shared = zip(names, folders).prefix { $0.hasSameBytes(as: $1) }.count
    let parts =
      Array(repeating: "..", count: folders.count - shared)
      + names.dropFirst(shared).map(String.init)
    return parts.isEmpty ? "." : parts.joined(separator: "/")
  }

  /// True if the path leads to anything, after following links.
  public static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// True if the path leads to a folder, after following links.
  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The absolute path without links; nil if nothing exists there, or if it is not UTF-8.
  public static func real(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return validName(real)
  }

  /// The time of the last write to a file, in nanoseconds.
  public static func modified(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return status.modified.tv_sec * 1_000_000_000 + status.modified.tv_nsec
  }

  /// The names in a folder, sorted by bytes: those in UTF-8, and the others in the form for
  /// messages. Both are empty if the folder cannot be read.
  public static func names(
    in folder: String, limit: Int = .max
  ) -> (valid: [String], invalid: [String]) {
    var valid: [String] = []
    var invalid: [String] = []
    guard let listing = opendir(folder) else { return ([], []) }
    defer { closedir(listing) }
    while valid.count < limit, let entry = readdir(listing) {
      guard let name = validName(of: entry) else {
        invalid.append(shown(nameOf: entry))
        continue
      }
      if name != "." && name != ".." { valid.append(name) }
    }
    return (valid.sorted { $0.precedes(byBytes: $1) }, invalid)
  }

  /// The names in a folder except hidden files, sorted by bytes. Throws if a name is not UTF-8.
  public static func visibleNames(in folder: String) throws -> [String] {
    let (valid, invalid) = names(in: folder)
    if let first = invalid.first(where: { !$0.hasPrefix(bytes: ".") }) {
      throw Diagnostic("'\(folder)' contains '\(first)', a name that is not UTF-8; rename it")
    }
    return valid.filter { !$0.hasPrefix(bytes: ".") }
  }
}

/// The system's description of `errno`.
public var systemReason: String { String(cString: strerror(errno)) }
