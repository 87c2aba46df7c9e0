import Files
import NNExp
import Platform

extension RunRecord {
  /// A random number of 128 bits, in hexadecimal.
  public static func newID() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(random.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }.joined()
  }

  /// The name of this machine's processor, which is read once per process.
  public static let thisCPU = cpuName()
  public static let thisBuild = buildID()
  public static let thisCommit = currentCommit()

  /// The version of the Swift compiler, as far as the source code can determine it.
  public static var compilerVersion: String {
    #if compiler(>=6.4)
      "6.4 or later"
    #elseif compiler(>=6.3)
      "6.3"
    #else
      "6.2"
    #endif
  }

  /// The build ID of the executable, which its linker computed from the contents, in
  /// hexadecimal; nil if it has none.
  ///
  /// - Source: the ELF note of type NT_GNU_BUILD_ID (3), owner "GNU". Linkers store it in the
  ///   first page of the file.
  public static func buildID(fileSystem: FileSystem = .system) -> String? {
    guard let file = try? fileSystem.currentFolder.openIfThere(executablePath),
      let page = try? file.read(4096)
    else { return nil }
    return buildID(inELF: page)
  }

  /// Searches for the note in the beginning of a 64-bit, little-endian ELF file.
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
      // The lengths of owner and contents, the type, the owner and the contents, each padded to
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

  /// The processor's name.
  public static func cpuName(fileSystem: FileSystem = .system) -> String? {
    processorName { path in
      guard let file = try? fileSystem.currentFolder.openIfThere(path) else { return nil }
      return try? file.read(2048)
    }
  }

  /// The commit that is checked out in `folder`, according to git's files.
  ///
  /// Follows git's documentation (gitrepository-layout): searches for `.git` from the folder
  /// upwards. In a linked worktree, it is a file that names the git folder. `HEAD` contains a
  /// commit or the name of a ref, which is a separate file or a line in `packed-refs`.
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
      // Anything else, such as a folder, counts as missing.
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
    // Worktrees share their refs with the main repository.
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

  /// True for a SHA-1 or SHA-256 in hexadecimal.
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
