import Platform
import NNExp

/// A process that runs trials one after another.
///
/// It receives requests and answers each with a line. Its standard error is kept, because it is
/// the only information about a trial that ended the process.
final class WorkerProcess {
  private let process: pid_t
  private let input: Int32
  let output: Int32
  let errors: Int32
  /// The end of its standard error.
  private var errorOutput: [UInt8] = []
  /// The runs that it has received and not answered: the current one, then the queued ones.
  private(set) var runs: [RungRun] = []
  /// The beginning of an incomplete line.
  private var partialLine: [UInt8] = []

  /// Creates a copy of this process, with pipes for standard input, output and error, which
  /// calls `body` and then ends.
  ///
  /// Only the calling thread exists in the copy. `body` must not need locks that other threads
  /// may hold at that moment. The C library handles its own locks, and the threads of `Workers`
  /// hold none while no loop is running.
  ///
  /// - Parameter others: the other workers of this process, whose pipes the copy must close.
  init(besides others: [WorkerProcess], body: () -> Int32) throws {
    var pipes: [(read: Int32, write: Int32)] = []
    func closeAll() { for pipe in pipes { close(pipe.read); close(pipe.write) } }
    for _ in 0..<3 {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else {
        let code = errno
        closeAll()
        throw WorkerProcess.cannotStart(code)
      }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      pipes.append((ends[0], ends[1]))
    }
    let process = fork()
    if process == 0 {
      dup2(pipes[0].read, 0)
      dup2(pipes[1].write, 1)
      dup2(pipes[2].write, 2)
      closeAll()
      for other in others { other.closeAll() }
      _exit(body())
    }
    guard process > 0 else {
      let code = errno
      closeAll()
      throw WorkerProcess.cannotStart(code)
    }
    close(pipes[0].read)
    close(pipes[1].write)
    close(pipes[2].write)
    self.process = process
    (input, output, errors) = (pipes[0].write, pipes[1].read, pipes[2].read)
  }

  private func closeAll() { for descriptor in [input, output, errors] { close(descriptor) } }

  private static func cannotStart(_ code: Int32) -> Diagnostic {
    Diagnostic(
      "cannot start a worker process: \(String(cString: strerror(code)))", failure: .environment)
  }

  /// Sends a request.
  func send(_ request: String, for run: RungRun) {
    runs.append(run)
    send(Array("\(request)\n".utf8))
  }

  /// A worker that has died is detected when its answer is read.
  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }

  /// The answers so far with their runs; nil if it has died.
  func answers() -> [(run: RungRun, line: String)]? {
    guard let bytes = receive(output, most: 1 << 12) else { return nil }
    partialLine += bytes
    var answers: [(RungRun, String)] = []
    while let end = partialLine.firstIndex(of: UInt8(ascii: "\n")), !runs.isEmpty {
      answers.append((runs.removeFirst(), String(decoding: partialLine[..<end], as: UTF8.self)))
      partialLine.removeFirst(end + 1)
    }
    return answers
  }

  /// Reads the available standard error.
  func listen() {
    guard let bytes = receive(errors, most: 1 << 12) else { return }
    errorOutput = (errorOutput + bytes).suffix(1 << 12)
  }

  private func receive(_ descriptor: Int32, most: Int) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: most)
    while true {
      let count = read(descriptor, &buffer, most)
      if count < 0 && errno == EINTR { continue }
      return count > 0 ? Array(buffer[..<count]) : nil
    }
  }

  /// Asks the process to end: closes its input, and also sends SIGTERM if it is busy.
  func dismiss() {
    if !runs.isEmpty { kill(process, SIGTERM) }
    close(input)
  }

  /// Waits for its end and releases its resources. Returns its exit code and the cause of its
  /// death, if it was not dismissed. Call it last, and once.
  @discardableResult
  func waitForEnd(isDismissed: Bool = false) -> (code: Int, text: String) {
    if !isDismissed { close(input) }
    // A program that it started may still hold the other end of the pipe, but its output is not
    // needed.
    var poll = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
    while Platform.poll(&poll, 1, 0) > 0, poll.revents & Int16(POLLIN) != 0 { listen() }
    close(output)
    close(errors)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    if isDismissed { return (0, "") }
    let words = lastError
    let number = status & 0x7F
    if number == 0 {
      let code = Int(status >> 8 & 0xFF)
      return (code == 0 ? 1 : code, words ?? "its process ended with exit code \(code)")
    }
    let cause = "its process was killed by signal \(number) (\(name(of: number)))"
    return (128 + Int(number), words.map { "\(cause): \($0)" } ?? cause)
  }

  /// The last error message, from `error: ` on, without the location.
  private var lastError: String? {
    let lines = String(decoding: errorOutput, as: UTF8.self).split(atByte: "\n")
    for line in lines.reversed() {
      for mark in ["Fatal error: ", "error: "] {
        if let range = line.utf8.firstRange(of: mark.utf8) {
          return String(line[range.upperBound...])
        }
      }
    }
    return nil
  }

  private func name(of signal: Int32) -> String {
    [
      SIGABRT: "SIGABRT", SIGSEGV: "SIGSEGV", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
      SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGTERM: "SIGTERM",
      SIGINT: "SIGINT", SIGXCPU: "SIGXCPU",
    ][signal] ?? String(cString: strsignal(signal))
  }
}
