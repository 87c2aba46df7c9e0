import Files
import NNExp

extension RunRecord {
  /// 128 random bits in hexadecimal.
  public static func newID() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(random.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }.joined()
  }

  /// What is the same for all runs of one process, asked for once.
  public static let thisCPU = cpuName()
  public static let thisBuild = buildID()
  public static let thisCommit = currentCommit()

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

  /// The executable's build ID, which its linker computed from its contents, in
  /// hexadecimal; nil where it was linked without one.
  ///
  /// - Source: the ELF note of type NT_GNU_BUILD_ID, 3, owner "GNU". Linkers put
  ///   it into the file's first page.
  public static func buildID(fileSystem: FileSystem = .system) -> String? {
    guard let file = try? fileSystem.currentFolder.openIfThere("/proc/self/exe"),
      let page = try? file.read(4096)
    else { return nil }
    return buildID(inELF: page)
  }

  /// Looks for the note in the start of a 64-bit, little-endian ELF file.
  static func buildID(inELF file: [UInt8]) -> String? {
    func number(_ offset: Int, bytes count: Int) -> Int? {
      guard offset >= 0, offset <= file.count - count else { return nil }
      let value = file[offset..<(offset + count)].reversed().reduce(UInt64(0)) {
        $0 << 8 | UInt64($1)
      }
      return Int(exactly: value).flatMap { $0 < 1 << 32 ? $0 : nil }
    }
    guard file.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]), let table = number(32, bytes: 8),
      let size = number(54, bytes: 2), let count = number(56, bytes: 2)
    else { return nil }
    let noteSegment = 4
    for header in (0..<count).map({ table + $0 * size })
    where number(header, bytes: 4) == noteSegment {
      guard var offset = number(header + 8, bytes: 8), let length = number(header + 32, bytes: 8)
      else { return nil }
      let end = offset + length
      // Lengths of owner and contents, type, owner, contents, each filled up to
      // four bytes.
      while offset < end, let owner = number(offset, bytes: 4),
        let contents = number(offset + 4, bytes: 4), let type = number(offset + 8, bytes: 4)
      {
        let start = offset + 12 + (owner + 3) & ~3
        if type == 3, start + contents <= file.count,
          file[(offset + 12)..<start].elementsEqual("GNU\0".utf8)
        {
          return file[start..<(start + contents)].map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
          }.joined()
        }
        offset = start + (contents + 3) & ~3
      }
    }
    return nil
  }

  /// The processor's name from `/proc/cpuinfo`.
  public static func cpuName(fileSystem: FileSystem = .system) -> String? {
    // The kernel composes this file core by core; the first one is enough.
    guard let file = try? fileSystem.currentFolder.openIfThere("/proc/cpuinfo"),
      let start = try? file.read(2048)
    else { return nil }
    var rest = start[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[..<end]
      if line.starts(with: "model name".utf8), let colon = line.firstIndex(of: UInt8(ascii: ":")) {
        return trimmed(line[(colon + 1)...])
      }
      rest = rest[(end + 1)...]
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
      if level == "/" { return nil }
      level = Path.folder(of: level)
    }
  }

  private static func commit(checkedOutAt root: String, _ here: Folder) -> String? {
    func text(_ path: String, limit: Int = 1 << 12) -> String? {
      // What is in the way, such as a folder, is as good as nothing.
      (try? here.readIfThere(path, limit: limit)).flatMap { $0 }.map { trimmed($0[...]) }
    }
    var git = root + "/.git"
    if let link = text(git), link.hasPrefix(bytes: "gitdir: ") {
      git = Path.join(root, String(Substring(link.utf8.dropFirst(8))))
    }
    guard let head = text(git + "/HEAD") else { return nil }
    guard head.hasPrefix(bytes: "ref: ") else { return isCommit(head) ? head : nil }
    let ref = String(Substring(head.utf8.dropFirst(5)))
    guard ref.hasPrefix(bytes: "refs/"),
      !ref.split(atByte: "/").contains(where: { $0.hasSameBytes(as: "..") })
    else { return nil }
    // Worktrees share their refs with the repository that they were made from.
    let shared = text(git + "/commondir").map { Path.join(git, $0) } ?? git
    for folder in [git, shared] {
      if let commit = text(folder + "/" + ref), isCommit(commit) { return commit }
    }
    let packed = text(shared + "/packed-refs", limit: 1 << 24) ?? ""
    for line in packed.split(atByte: "\n") where line.hasSuffix(bytes: " " + ref) {
      let commit = String(Substring(line.utf8.dropLast(ref.utf8.count + 1)))
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
