import Foundation

/// A command at work, in a process group of its own: signals can go to it alone, or to
/// all its processes as a terminal sends them.
final class BackgroundTool {
  private let process = Process()
  private let errors: URL

  init(_ tool: Tool, _ arguments: [String]) throws {
    errors = tool.folder.appendingPathComponent(".errors-\(UUID().uuidString)")
    try Data().write(to: errors)
    // Foundation makes it the leader of a process group.
    process.executableURL = Tool.executable
    process.arguments = arguments
    process.currentDirectoryURL = tool.folder
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  deinit { try? FileManager.default.removeItem(at: errors) }

  func send(_ signal: Int32, toAll: Bool = false) {
    kill(toAll ? -process.processIdentifier : process.processIdentifier, signal)
  }

  /// The processes that it started and that are there.
  var children: [Int32] {
    let id = process.processIdentifier
    let list = try? String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)
    return (list ?? "").split(separator: " ").compactMap { Int32($0) }
  }

  /// Waits for its end, a minute at most; returns its exit code, 128 + n after
  /// signal n, and what it complained about.
  func end() throws -> (code: Int32, errors: String) {
    let alarm = DispatchWorkItem { [id = process.processIdentifier] in kill(-id, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: alarm)
    process.waitUntilExit()
    alarm.cancel()
    let code = process.terminationStatus
    return (
      process.terminationReason == .exit ? code : 128 + code,
      try String(contentsOf: errors, encoding: .utf8)
    )
  }
}

/// Waits until something is so, twenty seconds at most; false if it never was.
func waitUntil(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<2000 {
    if try condition() { return true }
    usleep(10_000)
  }
  return false
}
