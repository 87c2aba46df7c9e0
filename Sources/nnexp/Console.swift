import Glibc
import NNExp
import Plugins
import Synchronization

/// Writes a line to standard error; a closed one is no reason to stop.
func writeError(_ text: String) {
  writeAll(text.safeForTerminal + "\n", to: 2)
}

/// Writes a line about what happens to standard output; a closed one is no reason to
/// stop. A line that the command was asked for is written by `printResult`.
func say(_ text: String) {
  writeAll(text.safeForTerminal + "\n", to: 1)
}

/// Writes a line that the command was asked for to standard output.
///
/// A reader that has gone ends the process by SIGPIPE, silently, as in other tools. On
/// a terminal, what that might act upon is escaped; other readers get every byte.
///
/// - Throws: a `Diagnostic` of the environment if the line cannot be written.
func printResult(_ text: String, terminator: String = "\n") throws {
  let text = (isTerminal ? text.safeForTerminal : text) + terminator
  let failure = isOutputMissing.load(ordering: .relaxed) ? EBADF : writeAll(text, to: 1)
  if failure == 0 { return }
  if failure == EPIPE { raiseAgain(SIGPIPE) }
  throw Diagnostic(
    "cannot write to standard output: \(String(cString: strerror(failure)))",
    failure: .environment)
}

/// Writes all of `text`, or as much as the receiver takes. Returns 0, or the system's
/// code for the failure.
@discardableResult
func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
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

/// Makes a folder that must not exist yet.
func makeFolder(_ path: String) throws {
  guard mkdir(path, 0o777) == 0 else {
    let reason = errno == EEXIST ? "it is there already" : String(cString: strerror(errno))
    throw Diagnostic(
      "cannot create '\(path)': \(reason)", failure: errno == EEXIST ? .input : .environment)
  }
}

/// Makes a file that must not exist yet; half a file does not stay.
func writeNewFile(_ bytes: [UInt8], to path: String) throws {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
  guard descriptor >= 0 else {
    throw Diagnostic(
      "cannot create '\(path)': \(String(cString: strerror(errno)))", failure: .environment)
  }
  var sent = 0
  while sent < bytes.count {
    let count = bytes.withUnsafeBytes {
      write(descriptor, $0.baseAddress! + sent, bytes.count - sent)
    }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      unlink(path)
      throw Diagnostic(
        "cannot write \(bytes.count) bytes to '\(path)': \(reason)", failure: .environment)
    }
    sent += count
  }
  close(descriptor)
}
