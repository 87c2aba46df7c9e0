import Glibc

/// Whether the system would give so many bytes of address space now: under
/// `ulimit -v`, or where it promises no more than it has.
func hasRoom(for bytes: Int) -> Bool {
  let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
  guard let block = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), block != MAP_FAILED
  else {
    // A failure later on is not for want of this.
    errno = 0
    return false
  }
  munmap(block, bytes)
  return true
}

/// Ends the process as Swift's runtime does where it gets no memory: for a pass,
/// which cannot throw.
func abortForMemory() -> Never {
  errno = ENOMEM
  abort()
}
