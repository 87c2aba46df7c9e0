import Files
import Platform
import NNExp

/// Runs compilers as child processes.
enum Compiler {
  /// Runs a command to its end; its output goes to standard error.
  ///
  /// Returns its exit status; 128 + n if signal n ended it.
  static func run(_ words: [String]) throws -> Int32 {
    try spawn(words, output: 2)
  }

  /// The standard output of a command; nil if it fails.
  static func output(of words: [String]) throws -> String? {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw Diagnostic("cannot make a pipe: \(systemReason)", failure: .environment)
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let status: Int32
    do {
      defer { close(ends[1]) }
      // A version is far shorter than the capacity of a pipe, so that the child does not block.
      status = try spawn(words, output: ends[1])
    }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      text += buffer[..<count]
    }
    return status == 0 ? String(decoding: text, as: UTF8.self) : nil
  }

  /// True if there is a program with this name on the PATH.
  static func isThere(_ program: String) -> Bool {
    guard let path = getenv("PATH") else { return false }
    return String(cString: path).split(atByte: ":").contains {
      access($0 + "/" + program, X_OK) == 0
    }
  }

  private static func spawn(_ words: [String], output: Int32) throws -> Int32 {
    var actions = emptySpawnActions()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)

    // This process may ignore SIGPIPE, but its child should not.
    var attributes = emptySpawnAttributes()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for word in arguments { free(word) } }
    var child: pid_t = 0
    let failure = posix_spawnp(
      &child, words[0], &actions, &attributes, arguments, processEnvironment)
    guard failure == 0 else {
      throw Diagnostic(
        "cannot run '\(words[0])': \(String(cString: strerror(failure)))", failure: .environment)
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else {
        throw Diagnostic("cannot wait for '\(words[0])': \(systemReason)", failure: .environment)
      }
    }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }
}
