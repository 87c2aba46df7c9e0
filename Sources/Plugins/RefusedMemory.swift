internal import CPlugins

/// From now on, ends the process with code 3 and a message if the system refuses memory.
///
/// Swift's runtime aborts if it gets no memory, which cannot be caught. The files of a run are
/// then in the same state as after a kill. Crashes with other causes are not affected.
public func reportRefusedMemory() { nnexp_guard_memory() }
