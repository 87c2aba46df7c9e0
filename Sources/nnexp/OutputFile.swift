import ArgumentParser
import Files
import Platform
import NNExp

/// The options of every command that writes one file.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, help: "the file to write; standard output if absent or -",
    completion: .file())
  var output: String?

  @Flag(help: OutputFile.forceHelp)
  var force = false

  /// The file; nil for standard output. Throws as `OutputFile` does.
  func file(besides inputs: [String] = []) throws -> OutputFile? {
    guard let output, output != "-" else { return nil }
    return try OutputFile(output, force: force, besides: inputs)
  }
}

/// Writes a command's output to its file, or to standard output.
func write(_ bytes: [UInt8], to file: OutputFile?) throws {
  guard let file else {
    return try printResult(String(decoding: bytes, as: UTF8.self), terminator: "")
  }
  try file.write(bytes)
}

/// Writes a table, whose cells are escaped, with its best values in color if the terminal shows
/// colors.
///
/// - Parameter text: the table's text, in which the argument has formatted the best values.
func writeTable(to file: OutputFile?, _ text: ((String) -> String) -> String) throws {
  guard file == nil, Terminal.isColored else {
    return try write(Array((text { $0 } + "\n").utf8), to: file)
  }
  try printDrawing([text(Terminal.best)])
}

/// A file that the user names for a command's output. Errors in the name are reported before the
/// command does its work.
struct OutputFile {
  /// The help text of `--force`, for every command that writes such a file.
  static let forceHelp: ArgumentHelp = "replace an existing output file"

  let path: String
  private let isForced: Bool
  private let hasForce: Bool
  private let inputs: [String]
  /// Returns whether a file that begins with these bytes may be replaced.
  private let isOwn: ([UInt8]) -> Bool

  /// Throws if the file cannot be written, or if it would replace a file that is not an output
  /// of nnexp.
  ///
  /// - Parameters:
  ///   - isForced: true if any existing file may be replaced.
  ///   - inputs: the files that the command reads, which are never replaced.
  ///   - hasForce: whether the command has the option `--force`.
  ///   - isOwn: recognizes an output of an earlier command by its first bytes.
  init(
    _ path: String, force isForced: Bool, hasForce: Bool = true, besides inputs: [String] = [],
    replacing isOwn: @escaping ([UInt8]) -> Bool = { _ in false }
  ) throws {
    (self.path, self.isForced, self.inputs, self.isOwn) = (path, isForced, inputs, isOwn)
    self.hasForce = hasForce
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw Diagnostic("the path of an output is needed, such as 'out.csv'")
    }
    try check()
  }

  /// Writes the whole file. Devices and pipes are written directly.
  func write(_ bytes: [UInt8]) throws {
    // Another process may have created it in the meantime.
    try check()
    try FileSystem.system.write(bytes, to: path)
  }

  private func check() throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      // A link whose target does not exist is not replaced either.
      if lstat(path, &status) == 0 { return try requireForce() }
      guard !path.hasSuffix(bytes: "/") else { throw failure(EISDIR) }
      if access(Path.folder(of: path), W_OK | X_OK) != 0 { throw failure(errno) }
      return
    }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw failure(EISDIR) }
    guard access(path, W_OK) == 0 else { throw failure(errno) }
    if try FileSystem.system.currentFolder.isSpecial(path) { return }
    for input in inputs {
      var other = stat()
      if stat(input, &other) == 0, other.st_ino == status.st_ino, other.st_dev == status.st_dev {
        throw Diagnostic(
          "the output '\(path)' would replace '\(input)', which this command reads",
          notes: [.init("choose another file")])
      }
    }
    let start = try FileSystem.system.openToRead(path).read(256)
    if !isOwn(start) { try requireForce() }
  }

  private func requireForce() throws {
    if isForced { return }
    throw Diagnostic(
      "the output '\(path)' already exists",
      notes: [.init(hasForce ? "to replace it, add --force" : "choose another file")])
  }

  private func failure(_ code: Int32) -> Diagnostic {
    Diagnostic(
      "cannot write '\(path)': \(String(cString: strerror(code)))", failure: .environment)
  }
}
