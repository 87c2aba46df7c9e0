import Files
import Platform
import NNExp
import Results
import Sweeps

/// The folder whose runs the server shows. Nothing outside it is read: a path leads through
/// real folders below it, and a run or sweep that contains a symbolic link is refused.
struct ServedFolder: Sendable {
  /// The path as the user named it.
  let path: String

  init(_ path: String) {
    var path = path
    while path.utf8.count > 1, path.hasSuffix(bytes: "/") { path = String(path.dropLast()) }
    self.path = path
  }

  /// The path of a run for commands and messages, such as `results/xor/run-0001`.
  func path(of address: String) -> String { address.isEmpty ? path : Path.join(path, address) }

  /// The part of a path below the folder: `xor/run-0001`.
  func address(of path: String) -> String {
    if path.hasSameBytes(as: self.path) { return "" }
    let prefix = self.path.hasSuffix(bytes: "/") ? self.path : self.path + "/"
    return path.hasPrefix(bytes: prefix)
      ? String(Substring(path.utf8.dropFirst(prefix.utf8.count))) : path
  }

  /// The path of the folder with an address that a request contains.
  ///
  /// - Parameter address: the decoded part of the path below the folder.
  /// - Throws: a `Refusal` unless it leads to a folder through folders only.
  func folder(_ address: String) throws(Refusal) -> String {
    guard !address.utf8.contains(0) else { throw .notFound }
    var place = path
    for name in address.split(atByte: "/", omittingEmptySubsequences: false) {
      if address.isEmpty { break }
      guard !name.isEmpty, name != ".", name != ".." else { throw .notFound }
      place = Path.join(place, String(name))
      switch Self.kind(place) {
      case S_IFDIR: continue
      case S_IFLNK:
        throw .forbidden("'\(place)' is a symbolic link, which the server does not follow")
      default: throw .notFound
      }
    }
    return place
  }

  /// Throws a `Refusal` if the folder of a run contains a symbolic link, or the folder of a
  /// sweep or of one of its trials.
  static func requireNoLinks(in folder: String, levels: Int = 3) throws(Refusal) {
    let paths = Path.names(in: folder).valid.map { folder + "/" + $0 }
    try requireNoLinks(paths)
    for path in paths where levels > 1 && kind(path) == S_IFDIR {
      try requireNoLinks(in: path, levels: levels - 1)
    }
  }

  /// Throws a `Refusal` if one of the paths leads to a symbolic link.
  static func requireNoLinks(_ paths: [String]) throws(Refusal) {
    for path in paths where kind(path) == S_IFLNK {
      throw .forbidden("'\(path)' is a symbolic link, which the server does not follow")
    }
  }

  /// The kind of an entry, without following a link; nil if there is none.
  private static func kind(_ path: String) -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }
}

/// The time of the last change of a file or a folder, and its size, without following links.
/// Equal marks mean that it was not changed, unless two changes of equal size were made within
/// the resolution of the file system's clock, a few milliseconds.
struct FileMark: Hashable, Sendable {
  let nanoseconds: Int
  let size: Int
  let inode: UInt
  let isFolder: Bool

  /// Nil if there is no such entry.
  init?(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    nanoseconds = status.modified.tv_sec * 1_000_000_000 + status.modified.tv_nsec
    size = Int(status.st_size)
    inode = UInt(status.st_ino)
    isFolder = status.st_mode & S_IFMT == S_IFDIR
  }

  /// True if a later change may have the same time.
  var isRecent: Bool {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec - nanoseconds < 2_000_000_000
  }
}
