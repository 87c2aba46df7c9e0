import Platform

/// The number of bytes that the system can provide without swapping: `MemAvailable`, or the
/// rest of the address-space limit if that is less.
public func availableMemory() -> Int {
  min(systemMemory() ?? .max, addressSpaceLimit() ?? .max)
}

/// True if the system can provide `bytes` of address space now. It may refuse because of
/// `ulimit -v`, or if it does not overcommit memory.
func hasRoom(for bytes: Int) -> Bool {
  let block = mmap(nil, bytes, PROT_READ | PROT_WRITE, addressSpaceFlags, -1, 0)
  guard let block, block != MAP_FAILED else {
    // Later code must not take this failure for its own.
    errno = 0
    return false
  }
  munmap(block, bytes)
  return true
}

/// Ends the process in the same way as Swift's runtime if memory is refused. For passes, which
/// cannot throw.
func abortForMemory() -> Never {
  errno = ENOMEM
  abort()
}
