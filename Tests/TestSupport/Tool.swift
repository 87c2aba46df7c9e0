import Foundation

/// The built command, run in a temporary folder, as a user runs it.
package struct Tool: Sendable {
  /// The temporary folder in which the command runs.
  package let folder: URL

  package init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("nnexp-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// Removes the folder.
  package func remove() { try? FileManager.default.removeItem(at: folder) }

  /// The executable, which is next to the test bundle.
  package static let executable = URL(fileURLWithPath: CommandLine.arguments[0])
    .resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("nnexp")

  /// The release executable, if it has been built.
  package static let release = Repository.root.appendingPathComponent(".build/release/nnexp")
  package static let hasRelease = FileManager.default.isExecutableFile(atPath: release.path)

  /// Writes a file in the folder.
  package func write(_ text: String, to name: String) throws {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  package func read(_ name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  package func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
  }

  /// Every file and folder below the folder, sorted.
  package var contents: [String] {
    let paths = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String]
    return (paths ?? []).sorted()
  }

  /// Runs `nnexp` to its end, with these variables in addition to those of the tests.
  @discardableResult
  package func run(_ arguments: String..., environment: [String: String] = [:]) throws
    -> CommandResult
  {
    try run(arguments, environment: environment)
  }

  @discardableResult
  package func run(_ arguments: [String], environment: [String: String] = [:]) throws
    -> CommandResult
  {
    try runCommand(
      Tool.executable.path, arguments, in: folder,
      environment: .inherited(changing: environment))
  }

  /// Starts `nnexp` in the folder.
  package func start(_ arguments: [String], environment: [String: String] = [:]) throws
    -> ChildProcess
  {
    try ChildProcess(
      Tool.executable.path, arguments, in: folder, environment: .inherited(changing: environment))
  }

  /// Runs a bash script in the folder, in which `nnexp` is the command.
  package func shell(_ script: String) throws -> CommandResult {
    try runCommand(
      "/bin/bash", ["-c", script.replacing("nnexp", with: "'\(Tool.executable.path)'")],
      in: folder)
  }
}
