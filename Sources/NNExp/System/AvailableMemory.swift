import Platform

/// The number of bytes that the system can provide without swapping: `MemAvailable`, or the
/// rest of the address-space limit if that is less.
public func availableMemory() -> Int {
  var available = Int.max
  if let file = fopen("/proc/meminfo", "r") {
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("MemAvailable:"),
        let kilobytes = Int(text.split(separator: " ").dropFirst().first ?? "")
      {
        available = kilobytes * 1024
        break
      }
    }
  }
  var limit = rlimit()
  if getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
    limit.rlim_cur < rlim_t(Int.max)
  {
    available = min(available, Int(limit.rlim_cur))
  }
  return available
}

/// True if the system can provide `bytes` of address space now. It may refuse because of
/// `ulimit -v`, or if it does not overcommit memory.
func hasRoom(for bytes: Int) -> Bool {
  let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
  guard let block = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), block != MAP_FAILED
  else {
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
