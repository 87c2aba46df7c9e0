// The memory of the machine, which Linux and macOS report in different ways.

/// The number of bytes that the system can provide without swapping; on macOS, all of its memory.
/// Nil if the system does not report it.
public func systemMemory() -> Int? {
  #if canImport(Darwin)
    var bytes: UInt64 = 0
    var size = MemoryLayout<UInt64>.size
    return sysctlbyname("hw.memsize", &bytes, &size, nil, 0) == 0 ? Int(bytes) : nil
  #else
    guard let file = fopen("/proc/meminfo", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("MemAvailable:"),
        let kilobytes = Int(text.split(separator: " ").dropFirst().first ?? "")
      {
        return kilobytes * 1024
      }
    }
    return nil
  #endif
}

/// The limit of the process's address space in bytes, as `ulimit -v` sets it; nil without a limit.
public func addressSpaceLimit() -> Int? {
  var limit = rlimit()
  #if canImport(Glibc)
    let code = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  #else
    let code = getrlimit(RLIMIT_AS, &limit)
  #endif
  return code == 0 && limit.rlim_cur < rlim_t(Int.max) ? Int(limit.rlim_cur) : nil
}

/// Flags for address space whose pages are provided when they are used.
public var addressSpaceFlags: Int32 {
  #if canImport(Darwin)
    MAP_PRIVATE | MAP_ANON
  #else
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
  #endif
}
