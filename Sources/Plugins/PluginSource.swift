import Datasets
import NNExp

/// A plugin as a path names it, read: sources to be compiled, or a shared object.
struct PluginSource: Sendable {
  enum Kind: Sendable {
    case swift
    case c
    case built
  }

  struct File: Sendable {
    let path: String
    let bytes: [UInt8]
  }

  /// As it is written.
  let path: String

  /// `Maxout` of `plugins/Maxout` and of `plugins/Maxout.swift`.
  let name: String

  let kind: Kind

  /// What is compiled, and for C the headers beside it; or the object alone.
  let files: [File]

  /// What the compiler is given.
  var compiled: [String] {
    files.map(\.path).filter { !PluginSource.headers.contains(suffix(of: $0)) }
      // A compiler would take these for something other than files.
      .map { $0.hasPrefix(bytes: "-") || $0.hasPrefix(bytes: "@") ? "./" + $0 : $0 }
  }

  private static let kinds: [String: Kind] = [
    "swift": .swift, "c": .c, "cc": .c, "cpp": .c, "so": .built,
  ]
  private static let headers = ["h", "hpp"]

  /// More than this is no plugin, but a mistaken path.
  private static let mostFiles = 256

  /// Reads what lies at `path`: a folder with Swift (or C) files, one such file,
  /// or a built `.so`.
  init(_ path: String) throws {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw Diagnostic("a plugin's path is needed, such as '../plugins/Maxout'")
    }
    self.path = path
    name = stem(of: path)
    guard isThere(path) else { throw PluginSource.missing(path) }
    guard isFolder(path) else {
      guard let kind = PluginSource.kinds[suffix(of: path)] else {
        throw Diagnostic(
          "'\(path)' is no plugin: a folder with Swift or C files, one such file, or a built .so is"
        )
      }
      self.kind = kind
      files = [File(path: path, bytes: try readRegularFile(path, at: nil))]
      return
    }
    let names = try requiredFileNames(in: path)
    let sources = names.filter { [.swift, .c].contains(PluginSource.kinds[suffix(of: $0)]) }
    guard let first = sources.first, let kind = PluginSource.kinds[suffix(of: first)] else {
      throw Diagnostic("the plugin '\(path)' has no Swift or C file")
    }
    if let other = sources.first(where: { PluginSource.kinds[suffix(of: $0)] != kind }) {
      throw Diagnostic(
        "the plugin '\(path)' mixes languages: '\(first)' and '\(other)'; give each its own")
    }
    let wanted = names.filter {
      sources.contains($0) || kind == .c && PluginSource.headers.contains(suffix(of: $0))
    }
    guard wanted.count <= PluginSource.mostFiles else {
      throw Diagnostic(
        "the plugin '\(path)' has \(wanted.count) files; at most \(PluginSource.mostFiles) are read"
      )
    }
    self.kind = kind
    files = try wanted.map {
      File(path: path + "/" + $0, bytes: try readRegularFile(path + "/" + $0, at: nil))
    }
  }

  private static func missing(_ path: String) -> Diagnostic {
    let folder = parent(of: path)
    let near = nearest(
      to: String(path.split(atByte: "/").last ?? ""), among: fileNames(in: folder))
    let hint =
      near.map { "; did you mean '\(path.contains(byte: "/") ? folder + "/" : "")\($0)'?" } ?? ""
    return Diagnostic("no such plugin: '\(path)'\(hint)")
  }

  /// The SHA-256 of the files' names and contents, and of `context`.
  func hash(_ context: String) -> String {
    var message = Array(context.utf8)
    for file in files {
      let name = file.path.split(atByte: "/").last ?? ""
      message += Array("\u{0}\(name)\u{0}\(file.bytes.count)\u{0}".utf8)
      message += file.bytes
    }
    return SHA256.hex(of: message)
  }
}
