import Files
import Platform
import NNExp
import Plugins
import Synchronization

// All output uses these functions, which prevent names, paths and messages from controlling the
// terminal or the server that reads the log: see `Escaping`. In text that did not originate in
// nnexp, line ends are escaped where it is inserted into other text.

/// Writes lines to standard error. If it is closed, the command continues.
func writeError(_ text: String) {
  let text = safe(text)
  writeAll((Terminal.isErrorColored ? Terminal.colored(text) : text) + "\n", to: 2)
}

/// Writes lines about progress to standard output. If it is closed, the command continues.
/// Results that the user requested are written by `printResult`.
///
/// - Parameter isBest: true for the line about the best of several results.
func printStatus(_ text: String, isBest: Bool = false) {
  var text = safe(text)
  if Terminal.isColored { text = isBest ? Terminal.best(text) : Terminal.colored(text) }
  writeAll(text + "\n", to: 1)
}

/// Replaces the current line of the terminal.
func redraw(_ line: String) {
  writeAll("\r\u{1B}[K" + safe(line), to: 1)
}

/// Writes commands for GitHub's runner, which `Escaping` has formatted.
func reportToGitHub(_ commands: [String]) {
  for command in commands { writeAll(command + "\n", to: 1) }
}

private func safe(_ text: String) -> String {
  Escaping.terminal(text, isForGitHub: isOnGitHub)
}

private let isOnGitHub = getenv("GITHUB_ACTIONS").map { strcmp($0, "true") == 0 } ?? false

/// Writes a line of the requested result to standard output.
///
/// If the reader has closed the pipe, SIGPIPE ends the process silently, as in other tools. For
/// a terminal or a CI server, characters with a special effect are escaped; other readers get
/// every byte unchanged.
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

/// Writes the lines of a drawing that the user requested. Their texts are escaped and can
/// contain colors.
func printDrawing(_ lines: [String]) throws {
  try writeResult(lines.map { $0 + "\n" }.joined())
}

/// Writes `text` as far as the receiver accepts it. Returns 0, or the system's error code.
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

/// True if the process was started without a standard output.
private let isOutputMissing = Atomic(false)

/// Opens the standard streams that are closed. Otherwise, the next file that is opened would
/// get their descriptor, and with it the output for the terminal.
func openMissingStreams() {
  for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
    _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
    if descriptor == 1 { isOutputMissing.store(true, ordering: .relaxed) }
  }
}

/// Ignores SIGPIPE: a reader that closes its end must not end a run.
func ignoreBrokenPipes() {
  signal(SIGPIPE, SIG_IGN)
}

/// Ends the process without calling exit handlers.
func exitProcess(_ code: Int32) -> Never {
  endProcess(code)
}

/// The seconds of the monotonic clock.
func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}

/// Clears the terminal and moves to its first line.
func clearTerminal() {
  writeAll("\u{1B}[H\u{1B}[2J", to: 1)
}

/// Writes the bytes of a protocol to standard output.
func writeMessage(_ bytes: [UInt8]) {
  writeAll(String(decoding: bytes, as: UTF8.self), to: 1)
}
