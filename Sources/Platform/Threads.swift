// Threads and semaphores, whose calls differ between Linux and macOS.

#if canImport(Darwin)
  import Dispatch
#endif

/// The main function of a thread.
public typealias ThreadBody =
  @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?

/// Starts a thread that nobody joins and that handles no signals. Returns false if the system refuses
/// it.
public func startThread(_ body: ThreadBody, _ context: UnsafeMutableRawPointer) -> Bool {
  var all = sigset_t()
  var old = sigset_t()
  sigfillset(&all)
  pthread_sigmask(SIG_SETMASK, &all, &old)
  defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
  #if canImport(Darwin)
    var thread: pthread_t?
    typealias Body = @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer?
    guard pthread_create(&thread, nil, unsafeBitCast(body, to: Body.self), context) == 0,
      let thread
    else { return false }
  #else
    var thread = pthread_t()
    guard pthread_create(&thread, nil, body, context) == 0 else { return false }
  #endif
  pthread_detach(thread)
  return true
}

/// A counting semaphore that is never destroyed.
public struct Semaphore: @unchecked Sendable {
  #if canImport(Darwin)
    // macOS has no unnamed semaphores of POSIX.
    private let semaphore = DispatchSemaphore(value: 0)

    public init() {}

    public func signal() { semaphore.signal() }

    public func wait() { semaphore.wait() }
  #else
    private let semaphore: UnsafeMutablePointer<sem_t>

    public init() {
      semaphore = .allocate(capacity: 1)
      sem_init(semaphore, 0, 0)
    }

    public func signal() { sem_post(semaphore) }

    public func wait() { while sem_wait(semaphore) != 0 {} }
  #endif
}
