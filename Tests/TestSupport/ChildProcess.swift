import Foundation
import Testing

/// A running process in a separate process group: signals can be sent to it only, or to all its
/// processes, as a terminal does.
///
/// Not Foundation's `Process`, which changes the current folder of the tests to start one,
/// keeps a descriptor of each, and can crash when it lists the open descriptors.
package final class ChildProcess {
  package enum End: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)

    /// The exit code, or 128 + n after signal n.
    package var code: Int32 {
      switch self {
      case .exit(let code): code
      case .signal(let signal): 128 + signal
      }
    }
  }

  package let id: pid_t
  private let scratch = Scratch()
  private var knownEnd: End?

  /// Starts the process without standard input.
  ///
  /// - Parameters:
  ///   - environment: all variables of the process.
  ///   - output: the file for standard output.
  package init(
    _ executable: String, _ arguments: [String], in folder: URL? = nil,
    environment: [String: String], output: String = "/dev/null"
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o666)
    posix_spawn_file_actions_addopen(
      &actions, 2, scratch.path + "/errors", O_WRONLY | O_CREAT, 0o666)
    // Descriptors that other tests have open at this moment are not inherited.
    for descriptor in 3..<Int32(min(1024, sysconf(Int32(_SC_OPEN_MAX)))) {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    // The signal settings of the tests' threads are not inherited either.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    // `env` changes the folder and is then replaced by the command.
    let command = (folder.map { ["/usr/bin/env", "-C", $0.path] } ?? []) + [executable]
    let words = (command + arguments).map { strdup($0) } + [nil]
    let settings = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { (words + settings).forEach { free($0) } }
    var id: pid_t = 0
    let code = posix_spawn(&id, command[0], &actions, &attributes, words, settings)
    try #require(code == 0, "cannot start \(executable): \(String(cString: strerror(code)))")
    self.id = id
  }

  package func send(_ signal: Int32, toAll: Bool = false) { kill(toAll ? -id : id, signal) }

  /// The processes that it started and that still exist.
  package var children: [pid_t] {
    let list = try? String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)
    return (list ?? "").split(separator: " ").compactMap { pid_t($0) }
  }

  /// The end of the process; nil if it is still running.
  private var end: End? {
    if knownEnd == nil {
      var status: Int32 = 0
      if waitpid(id, &status, WNOHANG) != 0 {
        knownEnd = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
      }
    }
    return knownEnd
  }

  /// Waits until a condition holds. Returns false if the process ended before.
  package func runs(until condition: () throws -> Bool) rethrows -> Bool {
    _ = try waitUntil { try condition() || end != nil }
    return end == nil
  }

  /// Waits for the end. If that takes longer than `patience`, the process and all its children
  /// are killed.
  package func wait() -> End {
    let deadline = Date(timeIntervalSinceNow: patience)
    while true {
      if let end { return end }
      if Date() > deadline { send(SIGKILL, toAll: true) }
      usleep(500)
    }
  }

  /// Its output on standard error so far.
  package var errors: String {
    (try? String(contentsOfFile: scratch.path + "/errors", encoding: .utf8)) ?? ""
  }
}

extension [String: String] {
  /// The environment of the tests with these variables changed.
  package static func inherited(changing variables: [String: String] = [:]) -> [String: String] {
    ProcessInfo.processInfo.environment.merging(variables) { $1 }
  }
}
