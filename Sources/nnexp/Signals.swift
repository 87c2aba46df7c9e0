import Engine
import Platform
import Synchronization

/// The signal that requested the end of the run; 0 if there is none.
private let received = Atomic<Int32>(0)

/// Makes SIGINT and SIGTERM a request to end the run after the current step. A second signal
/// ends the process at once.
func listenForSignals() {
  unblock([SIGINT, SIGTERM])
  for number in [SIGINT, SIGTERM] {
    handleSignal(number, flags: Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART) {
      received.store($0, ordering: .relaxed)
    }
  }
}

/// Lets SIGQUIT end the process by the system's default action. Swift's action would first
/// write a backtrace, which takes seconds.
func quitAtOnce() {
  unblock([SIGQUIT])
  signal(SIGQUIT, SIG_DFL)
}

/// Unblocks signals that the parent process may have blocked.
private func unblock(_ signals: [Int32]) {
  var set = sigset_t()
  sigemptyset(&set)
  for number in signals { sigaddset(&set, number) }
  pthread_sigmask(SIG_UNBLOCK, &set, nil)
}

/// The signal that was received; nil if there is none.
var signalReceived: Int32? {
  let number = received.load(ordering: .relaxed)
  return number == 0 ? nil : number
}

extension CancellationToken {
  /// A token that the signals of `listenForSignals` cancel.
  static var signals: CancellationToken { CancellationToken { signalReceived } }
}

/// Ends the process by the signal's default action, so that a shell sees the cause.
func raiseAgain(_ number: Int32) -> Never {
  signal(number, SIG_DFL)
  raise(number)
  exitProcess(128 + number)
}
