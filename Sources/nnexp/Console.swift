import Glibc
import NNExp

/// Writes a line to standard error; a closed one is no reason to stop.
func writeError(_ text: String) {
  writeAll(text.safeForTerminal + "\n", to: 2)
}

/// Writes a line to standard output; a closed one is no reason to stop.
func say(_ text: String) {
  writeAll(text.safeForTerminal + "\n", to: 1)
}

/// Writes all of `text`, or as much as the receiver takes.
func writeAll(_ text: String, to descriptor: Int32) {
  var text = text
  text.withUTF8 { bytes in
    var sent = 0
    while sent < bytes.count {
      let count = write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return }
      sent += count
    }
  }
}

/// Takes the places of standard streams that are closed: a file that was opened
/// there would get what is meant for the terminal.
func openMissingStreams() {
  for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
    _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
  }
}

/// A reader that goes away must not end a run.
func ignoreBrokenPipes() {
  signal(SIGPIPE, SIG_IGN)
}

/// Ends the process without running anything more.
func leave(_ code: Int32) -> Never {
  exit(code)
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
