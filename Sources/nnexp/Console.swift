import Files
import Glibc
import NNExp
import Plugins
import Synchronization

// Every text goes out through these functions, which let no name, path or message act on
// the terminal or on the server that reads the log: see `Escaping`. Of text that did not
// originate in nnexp, ends of lines are escaped where it is put among others.

/// Writes lines to standard error; a closed one is no reason to stop.
func writeError(_ text: String) {
  writeAll(safe(text) + "\n", to: 2)
}

/// Writes lines about what happens to standard output; a closed one is no reason to
/// stop. Lines that the command was asked for are written by `printResult`.
func printStatus(_ text: String) {
  writeAll(safe(text) + "\n", to: 1)
}

/// Shows a line instead of the one before, on a terminal.
func redraw(_ line: String) {
  writeAll("\r\u{1B}[K" + safe(line), to: 1)
}

/// Writes commands for GitHub's runner, which `Escaping` made.
func reportToGitHub(_ commands: [String]) {
  for command in commands { writeAll(command + "\n", to: 1) }
}

private func safe(_ text: String) -> String {
  Escaping.terminal(text, isForGitHub: isOnGitHub)
}

private let isOnGitHub = getenv("GITHUB_ACTIONS").map { strcmp($0, "true") == 0 } ?? false

/// Writes a line that the command was asked for to standard output.
///
/// A reader that has gone ends the process by SIGPIPE, silently, as in other tools. On
/// a terminal or a CI server, what that might act upon is escaped; other readers get every
/// byte.
///
/// - Throws: a `Diagnostic` of the environment if the line cannot be written.
func printResult(_ text: String, terminator: String = "\n") throws {
  try writeResult((isTerminal || isOnGitHub ? safe(text) : text) + terminator)
}

private func writeResult(_ text: String) throws {
  let failure = isOutputMissing.load(ordering: .relaxed) ? EBADF : writeAll(text, to: 1)
  if failure == 0 { return }
  if failure == EPIPE { raiseAgain(SIGPIPE) }
  throw Diagnostic(
    "cannot write to standard output: \(String(cString: strerror(failure)))",
    failure: .environment)
}

/// Writes lines of a drawing that the command was asked for, whose texts are escaped and
/// which may hold colors.
func printDrawing(_ lines: [String]) throws {
  try writeResult(lines.map { $0 + "\n" }.joined())
}

/// Writes all of `text`, or as much as the receiver takes. Returns 0, or the system's
/// code for the failure.
@discardableResult
private func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
  var text = text
  return text.withUTF8 { bytes in
    var sent = 0
    while sent < bytes.count {
      let count = write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return errno }
      sent += count
    }
    return 0
  }
}

private let isTerminal = isatty(1) == 1

/// Whether the process was started without a standard output.
private let isOutputMissing = Atomic(false)

/// Takes the places of standard streams that are closed: a file that was opened
/// there would get what is meant for the terminal.
func openMissingStreams() {
  for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
    _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
    if descriptor == 1 { isOutputMissing.store(true, ordering: .relaxed) }
  }
}

/// A reader that goes away must not end a run.
func ignoreBrokenPipes() {
  signal(SIGPIPE, SIG_IGN)
}

/// Ends the process without running anything more.
func leave(_ code: Int32) -> Never {
  endProcess(code)
}

/// Seconds of a clock that nobody sets.
func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}

/// Clears the terminal and moves to its first line.
func clearTerminal() {
  writeAll("\u{1B}[H\u{1B}[2J", to: 1)
}
