import Foundation
import Testing

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

  /// Waits until something is so; false if it had ended before that.
  func goesOn(until condition: () throws -> Bool) rethrows -> Bool {
    _ = try waitUntil { try condition() || !process.isRunning }
    return process.isRunning
  }

  /// Waits for its end; what hangs is killed. Returns its exit code, 128 + n after
  /// signal n, and what it complained about.
  func end() throws -> (code: Int32, errors: String) {
    let alarm = DispatchWorkItem { [id = process.processIdentifier] in kill(-id, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + patience, execute: alarm)
    process.waitUntilExit()
    alarm.cancel()
    let code = process.terminationStatus
    return (
      process.terminationReason == .exit ? code : 128 + code,
      try String(contentsOf: errors, encoding: .utf8)
    )
  }
}

/// Seconds until something counts as hanging: no machine is as slow as that.
let patience = 300.0

/// Waits until something is so; false if it never was.
func waitUntil(_ condition: () throws -> Bool) rethrows -> Bool {
  let start = ContinuousClock.now
  while start.duration(to: .now) < .seconds(patience) {
    if try condition() { return true }
    usleep(5_000)
  }
  return false
}

/// Does something in the midst of work, with ever more of it until it was not over too
/// soon: how fast a machine is decides no test.
func midway(of amounts: [Int], _ attempt: (_ amount: Int) throws -> Bool) rethrows {
  for amount in amounts where try attempt(amount) { return }
  Issue.record("the work was over each time before anything could happen to it")
}
