internal import CPlugins

/// Ends the process with 3, and a sentence, should the system refuse it memory.
///
/// Swift's runtime aborts where it gets none, in the middle of whatever needs it:
/// nothing can catch that, and what a run has on disk is as after a kill. A crash
/// of another cause stays one.
public func reportRefusedMemory() { nnexp_guard_memory() }
