import Glibc
import NNExp

/// Ends the process with 3 where the system refuses it memory.
///
/// Swift's runtime aborts where it gets none, in the middle of whatever needs it:
/// nothing can catch that, and what the run has on disk is as after a kill. An
/// abort of another cause stays one.
func reportRefusedMemory() {
  signal(SIGABRT) { _ in
    // Left there by the allocation that failed, in the thread that aborts for it.
    if errno == ENOMEM {
      let message: StaticString = "error: the system refused memory; see 'ulimit -v'\n"
      _ = write(2, message.utf8Start, message.utf8CodeUnitCount)
      _exit(Failure.environment.rawValue)
    }
    signal(SIGABRT, SIG_DFL)
    raise(SIGABRT)
  }
}
