import NNExp
import Platform

/// A copy of this process, with pipes for its standard input, output and error.
///
/// Code that may crash, such as a plugin's, runs in a copy: a crash ends only the copy, and its
/// standard error gives the reason.
package final class ProcessCopy {
  private let process: pid_t
  private let input: Int32
  package let output: Int32
  package let errors: Int32
  /// The end of its standard error.
  private var errorOutput: [UInt8] = []

  /// Creates the copy, which calls `body` and then ends with the exit code that this returns.
  ///
  /// Only the calling thread exists in the copy. `body` must not need locks that other threads
  /// may hold at that moment. The C library handles its own locks, and the threads of `Workers`
  /// hold none while no loop is running; if they have started, the copy must not use them.
  ///
  /// - Parameter others: the other copies of this process, whose pipes the new one must close.
  package init(besides others: [ProcessCopy] = [], body: () -> Int32) throws {
    var pipes: [(read: Int32, write: Int32)] = []
    func closeAll() { for pipe in pipes { close(pipe.read); close(pipe.write) } }
    for _ in 0..<3 {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else {
        let code = errno
        closeAll()
        throw ProcessCopy.cannotStart(code)
      }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      pipes.append((ends[0], ends[1]))
    }
    let process = forkProcess()
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
      throw ProcessCopy.cannotStart(code)
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

  /// Writes to its standard input. A copy that has died is detected when its output is read.
  package func send(_ bytes: [UInt8]) { _ = ProcessCopy.write(bytes, to: input) }

  /// Waits up to a tenth of a second for output. Reads the standard error as well, so that the
  /// copy does not wait for a reader. Nil at the end of the output.
  package func receive() -> [UInt8]? {
    var polls = [output, errors].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&polls, nfds_t(polls.count), 100) > 0 else { return [] }
    if polls[1].revents & Int16(POLLIN) != 0 { listen() }
    return polls[0].revents == 0 ? [] : availableOutput()
  }

  /// Its output up to now, waiting for the first byte. Nil at the end of the output.
  package func availableOutput() -> [UInt8]? { ProcessCopy.read(output) }

  /// Reads the available standard error.
  package func listen() {
    guard let bytes = ProcessCopy.read(errors) else { return }
    errorOutput = (errorOutput + bytes).suffix(1 << 14)
  }

  /// Everything that it wrote to standard error, without the beginning of a long text.
  package var errorText: String { String(decoding: errorOutput, as: UTF8.self) }

  /// Writes all bytes to a pipe. Returns false if its reader has ended.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Platform.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// The bytes of a pipe up to now, waiting for the first one. Nil at its end.
  package static func read(_ descriptor: Int32) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = Platform.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      return count > 0 ? Array(buffer[..<count]) : nil
    }
  }

  package func send(signal: Int32) { kill(process, signal) }

  /// Closes its standard input.
  package func closeInput() { close(input) }

  /// The end of a copy: its exit code, which is 128 + n after signal n, and the reason in words.
  package typealias End = (code: Int, text: String)

  /// Waits for its end and releases its resources. Call it last, and once, after `closeInput()`.
  @discardableResult
  package func waitForEnd() -> End {
    // A program that it started may still hold the other end of the pipe, but its output is not
    // needed.
    var poll = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
    while Platform.poll(&poll, 1, 0) > 0, poll.revents & Int16(POLLIN) != 0 { listen() }
    close(output)
    close(errors)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let number = status & 0x7F
    if number == 0 {
      let code = Int(status >> 8 & 0xFF)
      return (code, lastError ?? "its process ended with exit code \(code)")
    }
    let cause = "its process was killed by signal \(number) (\(name(of: number)))"
    return (128 + Int(number), lastError.map { "\(cause): \($0)" } ?? cause)
  }

  /// The last error message, from `error: ` on, without the location.
  private var lastError: String? {
    for line in errorText.split(atByte: "\n").reversed() {
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
