import Platform
import NNExp

/// The result of a program of the system that was run to its end.
public struct SystemCommand {
  /// The exit code; 128 + n if signal n ended it.
  public let code: Int32
  /// Everything that it wrote to standard output.
  public let bytes: [UInt8]
  /// Everything that it wrote to standard error.
  public let errors: String

  /// Its output as text.
  public var output: String { String(decoding: bytes, as: UTF8.self) }

  /// The last line of standard error, which usually gives the reason of a failure; the exit code if
  /// it is empty.
  public var lastErrorLine: String {
    errors.split(atByte: "\n").last.map(String.init) ?? "exit code \(code)"
  }

  /// Runs the first of `words`, found on the PATH; nil if there is no such program.
  ///
  /// It runs in a new process group, so that a Ctrl-C that ends this command does not
  /// interrupt it.
  ///
  /// - Parameter input: the bytes of its standard input.
  public static func run(_ words: [String], input: [UInt8] = []) throws -> SystemCommand? {
    var pipes: [(read: Int32, write: Int32)] = []
    var open: [Int32] = []
    defer { for end in open { close(end) } }
    for _ in 0..<3 {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw cannotStart(words[0], errno) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      pipes.append((ends[0], ends[1]))
      open += ends
    }
    func shut(_ end: Int32) {
      close(end)
      open.removeAll { $0 == end }
    }
    let (status, process) = spawn(
      words, input: pipes[2].read, output: pipes[0].write, errors: pipes[1].write)
    for end in [pipes[0].write, pipes[1].write, pipes[2].read] { shut(end) }
    if status == ENOENT { return nil }
    guard status == 0 else { throw cannotStart(words[0], status) }
    _ = fcntl(pipes[2].write, F_SETFL, O_NONBLOCK)
    let outputs = exchange(input, to: pipes[2].write, from: [pipes[0].read, pipes[1].read]) {
      shut(pipes[2].write)
    }
    var ending: Int32 = 0
    while waitpid(process, &ending, 0) < 0 && errno == EINTR {}
    let signal = ending & 0x7F
    return SystemCommand(
      code: signal == 0 ? ending >> 8 & 0xFF : 128 + signal, bytes: outputs[0],
      errors: String(decoding: outputs[1], as: UTF8.self))
  }

  private static func spawn(
    _ words: [String], input: Int32, output: Int32, errors: Int32
  ) -> (status: Int32, process: pid_t) {
    var actions = emptySpawnActions()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    var attributes = emptySpawnAttributes()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // This process ignores SIGPIPE, but other programs should not.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETPGROUP))
    var list: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    list.append(nil)
    defer { for word in list { free(word) } }
    var process: pid_t = 0
    let status = posix_spawnp(&process, words[0], &actions, &attributes, list, processEnvironment)
    return (status, process)
  }

  /// Writes `input` to one pipe while it reads several others to their ends.
  ///
  /// - Parameter didWrite: called once, as soon as the input is written or its reader has closed
  ///   the pipe.
  private static func exchange(
    _ input: [UInt8], to writer: Int32, from readers: [Int32], didWrite: () -> Void
  ) -> [[UInt8]] {
    var outputs = [[UInt8]](repeating: [], count: readers.count)
    var sent = 0
    var polls = readers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    polls.append(pollfd(fd: writer, events: Int16(POLLOUT), revents: 0))
    let last = readers.count
    func finishInput(_ polls: inout [pollfd]) {
      polls[last].fd = -1
      didWrite()
    }
    if input.isEmpty { finishInput(&polls) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    // `poll` ignores a negative descriptor: that pipe has come to its end.
    while polls.contains(where: { $0.fd >= 0 }) {
      guard poll(&polls, nfds_t(polls.count), -1) > 0 else { continue }
      for index in readers.indices where polls[index].fd >= 0 && polls[index].revents != 0 {
        let count = read(polls[index].fd, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { polls[index].fd = -1 } else { outputs[index] += buffer[..<count] }
      }
      guard polls[last].fd >= 0, polls[last].revents != 0 else { continue }
      let count = input.withUnsafeBytes { write(writer, $0.baseAddress! + sent, $0.count - sent) }
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      if count > 0 { sent += count }
      if count <= 0 || sent == input.count { finishInput(&polls) }
    }
    return outputs
  }

  private static func cannotStart(_ program: String, _ code: Int32) -> Diagnostic {
    Diagnostic(
      "cannot start '\(program)': \(String(cString: strerror(code)))", failure: .environment)
  }
}
