import Engine
import Glibc
import Synchronization

/// The signal that asked the run to end, 0 while none has.
private let received = Atomic<Int32>(0)

/// Turns SIGINT and SIGTERM into a wish that the run ends after its step. A
/// second one ends the process at once.
func listenForSignals() {
  unblock([SIGINT, SIGTERM])
  for number in [SIGINT, SIGTERM] {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { received.store($0, ordering: .relaxed) }
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
    sigaction(number, &action, nil)
  }
}

/// SIGQUIT ends the process by the system's own action: Swift's would first write a
/// backtrace, for seconds.
func quitAtOnce() {
  unblock([SIGQUIT])
  signal(SIGQUIT, SIG_DFL)
}

/// The process that started this one may have left them blocked.
private func unblock(_ signals: [Int32]) {
  var set = sigset_t()
  sigemptyset(&set)
  for number in signals { sigaddset(&set, number) }
  pthread_sigmask(SIG_UNBLOCK, &set, nil)
}

/// The signal that came, if one did.
var signalReceived: Int32? {
  let number = received.load(ordering: .relaxed)
  return number == 0 ? nil : number
}

extension CancellationToken {
  /// Cancelled by the signals that `listenForSignals` receives.
  static var signals: CancellationToken { CancellationToken { signalReceived } }
}

/// Ends the process as the signal would have, so that a shell sees it.
func raiseAgain(_ number: Int32) -> Never {
  signal(number, SIG_DFL)
  raise(number)
  leave(128 + number)
}
