import Foundation

/// The built command, run as a user runs it: in a folder of its own.
struct Tool {
  /// What a command left behind.
  struct Result {
    let code: Int32
    let output: String
    let errors: String
  }

  /// A fresh folder that the command runs in.
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("nnexp-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// The folder goes; call it when done.
  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// The executable stands beside the test bundle.
  static let executable = URL(fileURLWithPath: CommandLine.arguments[0])
    .resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("nnexp")

  /// The executable that users get, where it has been built.
  static let release = repository.appendingPathComponent(".build/release/nnexp")
  static let hasRelease = FileManager.default.isExecutableFile(atPath: release.path)

  /// The root of this repository.
  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Puts a file into the folder.
  func write(_ text: String, to name: String) throws {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  func read(_ name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
  }

  /// Every file and folder below the folder, sorted.
  var contents: [String] {
    let paths = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String]
    return (paths ?? []).sorted()
  }

  /// Runs `nnexp` to its end.
  @discardableResult
  func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Result {
    try Tool.run(
      Tool.executable.path, arguments, in: folder,
      environment: ProcessInfo.processInfo.environment.merging(environment) { $1 })
  }

  /// Runs a command to its end; its streams go to files, so that neither fills.
  static func run(
    _ command: String, _ arguments: [String], in folder: URL, environment: [String: String]
  ) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = environment
    let streams = FileManager.default.temporaryDirectory
      .appendingPathComponent("nnexp-streams-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: streams, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: streams) }
    let files = ["out", "err"].map { streams.appendingPathComponent($0) }
    for file in files { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // A command that hangs is a failure, not a wait.
    let alarm = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + patience, execute: alarm)
    process.waitUntilExit()
    alarm.cancel()
    let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    let code =
      process.terminationReason == .exit
      ? process.terminationStatus : 128 + process.terminationStatus
    return Result(code: code, output: texts[0], errors: texts[1])
  }
}
