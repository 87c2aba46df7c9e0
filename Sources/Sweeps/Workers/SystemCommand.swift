import Glibc
import NNExp

/// The result of a program of the system: its exit code and its output.
struct SystemCommand {
  /// The exit code; 128 + n if signal n ended it.
  let code: Int32
  let output: String
  let errors: String

  /// The last line of standard error that is not empty.
  var complaint: String {
    errors.split(atByte: "\n").last.map(String.init) ?? "exit code \(code)"
  }

  /// Runs the program `words[0]`, found on the PATH, with the other words as arguments; nil if
  /// it is not installed.
  ///
  /// It runs in a separate process group, so that Ctrl-C in the terminal does not interrupt it.
  static func run(_ words: [String]) throws -> SystemCommand? {
    var pipes: [(read: Int32, write: Int32)] = []
    defer { for ends in pipes { close(ends.read) } }
    for _ in 0..<2 {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw cannotStart(words[0], errno) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      pipes.append((ends[0], ends[1]))
    }
    let (status, process) = spawn(words, output: pipes[0].write, errors: pipes[1].write)
    for ends in pipes { close(ends.write) }
    if status == ENOENT { return nil }
    guard status == 0 else { throw cannotStart(words[0], status) }
    let texts = readAll(pipes.map(\.read))
    var ending: Int32 = 0
    while waitpid(process, &ending, 0) < 0 && errno == EINTR {}
    let signal = ending & 0x7F
    return SystemCommand(
      code: signal == 0 ? ending >> 8 & 0xFF : 128 + signal, output: texts[0], errors: texts[1])
  }

  private static func spawn(
    _ words: [String], output: Int32, errors: Int32
  ) -> (status: Int32, process: pid_t) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    var attributes = posix_spawnattr_t()
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
    let status = posix_spawnp(&process, words[0], &actions, &attributes, list, environ)
    return (status, process)
  }

  /// Reads several pipes to their ends, in any order.
  private static func readAll(_ descriptors: [Int32]) -> [String] {
    var texts = [[UInt8]](repeating: [], count: descriptors.count)
    var polls = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    // A pipe that has ended has a negative descriptor, which poll ignores.
    while polls.contains(where: { $0.fd >= 0 }) {
      guard poll(&polls, nfds_t(polls.count), -1) > 0 else { continue }
      for index in polls.indices where polls[index].fd >= 0 && polls[index].revents != 0 {
        let count = read(polls[index].fd, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { polls[index].fd = -1 } else { texts[index] += buffer[..<count] }
      }
    }
    return texts.map { String(decoding: $0, as: UTF8.self) }
  }

  private static func cannotStart(_ program: String, _ code: Int32) -> Diagnostic {
    Diagnostic(
      "cannot start '\(program)': \(String(cString: strerror(code)))", failure: .environment)
  }
}
