extension RunRecord {
  /// 128 random bits in hexadecimal.
  public static func newID() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<32).map { _ in String(Int.random(in: 0..<16, using: &random), radix: 16) }.joined()
  }

  /// The Swift that compiled this binary, as far as its source can tell.
  public static var compilerVersion: String {
    #if compiler(>=6.4)
      "6.4 or later"
    #elseif compiler(>=6.3)
      "6.3"
    #else
      "6.2"
    #endif
  }

  /// The processor's name from `/proc/cpuinfo`.
  public static func cpuName(fileSystem: FileSystem = .system) -> String? {
    // The kernel composes this file core by core; the first one is enough.
    guard let file = try? fileSystem.currentFolder.openIfThere("/proc/cpuinfo"),
      let start = try? file.read(2048)
    else { return nil }
    for line in start.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1).map(trimmed)
      if parts.count == 2, parts[0] == "model name" { return parts[1] }
    }
    return nil
  }

  /// The commit that `folder` is checked out at, read from git's own files.
  ///
  /// Follows what git documents (gitrepository-layout): `.git` is looked for
  /// from the folder upwards; in a linked worktree it is a file that names the
  /// folder; `HEAD` is a commit or names a ref, which is a file of its own or a
  /// line of `packed-refs`.
  public static func currentCommit(
    in folder: String = ".", fileSystem: FileSystem = .system
  ) -> String? {
    let here = fileSystem.currentFolder
    guard var level = try? here.resolve(folder) else { return nil }
    while true {
      if let commit = commit(checkedOutAt: level, here) { return commit }
      guard let slash = level.lastIndex(of: "/"), level != "/" else { return nil }
      level = slash == level.startIndex ? "/" : String(level[..<slash])
    }
  }

  private static func commit(checkedOutAt root: String, _ here: Folder) -> String? {
    func text(_ path: String, limit: Int = 1 << 12) -> String? {
      // What is in the way, such as a folder, is as good as nothing.
      (try? here.readIfThere(path, limit: limit)).flatMap { $0 }.map { trimmed($0[...]) }
    }
    func absolute(_ path: String, from folder: String) -> String {
      path.hasPrefix("/") ? path : folder + "/" + path
    }
    var git = root + "/.git"
    if let link = text(git), link.hasPrefix("gitdir: ") {
      git = absolute(String(link.dropFirst(8)), from: root)
    }
    guard let head = text(git + "/HEAD") else { return nil }
    guard head.hasPrefix("ref: ") else { return isCommit(head) ? head : nil }
    let ref = String(head.dropFirst(5))
    guard ref.hasPrefix("refs/"), !ref.contains("..") else { return nil }
    // Worktrees share their refs with the repository that they were made from.
    let shared = text(git + "/commondir").map { absolute($0, from: git) } ?? git
    for folder in [git, shared] {
      if let commit = text(folder + "/" + ref), isCommit(commit) { return commit }
    }
    let packed = text(shared + "/packed-refs", limit: 1 << 24) ?? ""
    for line in packed.split(separator: "\n") where line.hasSuffix(" " + ref) {
      let commit = String(line.dropLast(ref.utf8.count + 1))
      if isCommit(commit) { return commit }
    }
    return nil
  }

  /// SHA-1 or SHA-256 in hexadecimal.
  private static func isCommit(_ text: String) -> Bool {
    [40, 64].contains(text.utf8.count)
      && text.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    let isInk = { (byte: UInt8) in byte > 0x20 }
    guard let first = bytes.firstIndex(where: isInk), let last = bytes.lastIndex(where: isInk)
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }
}
