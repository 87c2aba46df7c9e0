import Files
import NNExp

/// The files of a plugin, read from a path: sources to compile, or a shared object.
struct PluginSource: Sendable {
  enum Kind: Sendable {
    case swift
    case c
    case built
  }

  struct File: Sendable {
    let path: String
    let bytes: [UInt8]

    var name: String { Path.name(of: path) }
    var isHeader: Bool { PluginSource.headers.contains(Path.suffix(of: path)) }

    /// The bytes, preceded by a line that states their origin, so that the compiler's messages
    /// refer to the original file's lines.
    func located(in kind: Kind) -> [UInt8] {
      let escaped = path.utf8.contains { [0x22, 0x5C].contains($0) || $0 < 0x20 }
      if escaped { return bytes }
      let start =
        kind == .swift ? "#sourceLocation(file: \"\(path)\", line: 1)" : "#line 1 \"\(path)\""
      // A byte order mark is only permitted at the beginning.
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      return Array((start + "\n").utf8) + bytes.dropFirst(bytes.starts(with: mark) ? 3 : 0)
    }
  }

  /// The path as written by the user.
  let path: String

  /// The name: `Maxout` for `plugins/Maxout` and for `plugins/Maxout.swift`.
  let name: String

  let kind: Kind

  /// The files to compile, for C with the headers next to them; or only the shared object.
  let files: [File]

  private static let kinds: [String: Kind] = [
    "swift": .swift, "c": .c, "cc": .c, "cpp": .c, "so": .built,
  ]
  private static let headers = ["h", "hpp"]

  /// A folder with more files is not a plugin, but probably a wrong path.
  private static let mostFiles = 256

  /// Reads the plugin at `path`: a folder with Swift or C files, one such file, or a built
  /// `.so`.
  init(_ path: String) throws {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw Diagnostic("a plugin's path is needed, such as '../plugins/Maxout'")
    }
    self.path = path
    name = Path.stem(of: path)
    guard Path.isThere(path) else { throw PluginSource.missing(path) }
    guard Path.isFolder(path) else {
      guard let kind = PluginSource.kinds[Path.suffix(of: path)] else {
        throw Diagnostic(
          "'\(path)' is not a plugin, which is a folder with Swift or C files, one such file, or a built .so"
        )
      }
      self.kind = kind
      let file = File(path: path, bytes: try readRegularFile(path))
      files = kind == .c ? PluginSource.withHeaders(file) : [file]
      return
    }
    let names = try Path.visibleNames(in: path)
    let sources = names.filter { [.swift, .c].contains(PluginSource.kinds[Path.suffix(of: $0)]) }
    guard let first = sources.first, let kind = PluginSource.kinds[Path.suffix(of: first)] else {
      throw Diagnostic("the plugin '\(path)' has no Swift or C file")
    }
    if let other = sources.first(where: { PluginSource.kinds[Path.suffix(of: $0)] != kind }) {
      throw Diagnostic(
        "the plugin '\(path)' mixes languages: '\(first)' and '\(other)'; give each its own")
    }
    let wanted = names.filter {
      sources.contains($0) || kind == .c && PluginSource.headers.contains(Path.suffix(of: $0))
    }
    guard wanted.count <= PluginSource.mostFiles else {
      throw Diagnostic(
        "the plugin '\(path)' has \(wanted.count) files; at most \(PluginSource.mostFiles) are read"
      )
    }
    self.kind = kind
    files = try wanted.map {
      File(path: path + "/" + $0, bytes: try readRegularFile(path + "/" + $0))
    }
  }

  /// A C file and the headers in its folder that it includes, directly or indirectly.
  private static func withHeaders(_ file: File) -> [File] {
    var files = [file]
    let folder = Path.prefix(of: file.path)
    var names = Path.names(in: Path.folder(of: file.path)).valid.filter {
      headers.contains(Path.suffix(of: $0))
    }
    var index = 0
    while index < files.count {
      let text = String(decoding: files[index].bytes, as: UTF8.self)
      for name in names where text.utf8.contains("\"\(name)\"".utf8) {
        names.removeAll { $0.hasSameBytes(as: name) }
        guard let bytes = try? readRegularFile(folder + name) else { continue }
        files.append(File(path: folder + name, bytes: bytes))
      }
      index += 1
    }
    return files
  }

  private static func missing(_ path: String) -> Diagnostic {
    let names = (try? Path.visibleNames(in: Path.folder(of: path))) ?? []
    let near = nearest(to: String(path.split(atByte: "/").last ?? ""), among: names)
    let hint = near.map { "; did you mean '\(Path.prefix(of: path))\($0)'?" } ?? ""
    return Diagnostic("no such plugin: '\(path)'\(hint)")
  }

  /// The SHA-256 of the files' names and contents, and of `context`.
  func hash(_ context: String) -> String {
    var message = Array(context.utf8)
    for file in files {
      message += Array("\u{0}\(file.name)\u{0}\(file.bytes.count)\u{0}".utf8)
      message += file.bytes
    }
    return SHA256.hex(of: message)
  }
}
