// Processes, programs and signals, whose calls differ between Linux and macOS.

#if canImport(Darwin)
  // Swift marks `fork` as unavailable on macOS, because few programs need it.
  @_silgen_name("fork") private func systemFork() -> pid_t

  /// The path of the running program.
  public var executablePath: String {
    var size: UInt32 = 4096
    var bytes = [CChar](repeating: 0, count: Int(size))
    guard _NSGetExecutablePath(&bytes, &size) == 0 else { return "nnexp" }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The environment variables for a new process.
  public var processEnvironment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
    _NSGetEnviron().pointee!
  }

  public typealias SpawnActions = posix_spawn_file_actions_t?
  public typealias SpawnAttributes = posix_spawnattr_t?

  public func emptySpawnActions() -> SpawnActions { nil }
  public func emptySpawnAttributes() -> SpawnAttributes { nil }
#else
  private func systemFork() -> pid_t { fork() }

  /// The path of the running program.
  public var executablePath: String { "/proc/self/exe" }

  /// The environment variables for a new process.
  public var processEnvironment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> { environ }

  public typealias SpawnActions = posix_spawn_file_actions_t
  public typealias SpawnAttributes = posix_spawnattr_t

  public func emptySpawnActions() -> SpawnActions { SpawnActions() }
  public func emptySpawnAttributes() -> SpawnAttributes { SpawnAttributes() }
#endif

/// Copies the process. Returns 0 in the copy, its number in this process, and -1 after an error.
public func forkProcess() -> pid_t { systemFork() }

/// Calls a function when a signal arrives; `flags` are those of `sigaction`.
public func handleSignal(
  _ signal: Int32, flags: Int32, by handler: @escaping @convention(c) (Int32) -> Void
) {
  var action = sigaction()
  #if canImport(Darwin)
    action.__sigaction_u.__sa_handler = handler
  #else
    action.__sigaction_handler.sa_handler = handler
  #endif
  action.sa_flags = flags
  sigaction(signal, &action, nil)
}
