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

/// Asks the system for pages of 2 MB in a large block of new memory, which a processor finds faster
/// than pages of 4 KB. A block below `least` bytes keeps its pages, and so does every block on macOS.
public func useLargePages(
  _ block: UnsafeMutableRawPointer, _ count: Int, ofAtLeast least: Int = 16 << 20
) {
  #if os(Linux)
    let page = 2 << 20
    guard count >= max(least, 2 * page) else { return }
    let first = (UInt(bitPattern: block) + UInt(page) - 1) & ~UInt(page - 1)
    let end = (UInt(bitPattern: block) + UInt(count)) & ~UInt(page - 1)
    // A system without such pages refuses, which changes nothing.
    let known = errno
    madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), Int32(MADV_HUGEPAGE))
    errno = known
  #endif
}

extension Array where Element: BitwiseCopyable {
  /// An empty array with room for `capacity` elements. Room of 4 MB and more is on pages of 2 MB, so
  /// that the system provides fewer pages.
  public init(onLargePages capacity: Int) {
    self.init(onLargePages: capacity) { _ in 0 }
  }

  /// An array in such room, of which `write` sets the first elements and returns their number.
  public init(
    onLargePages capacity: Int, _ write: (UnsafeMutableBufferPointer<Element>) throws -> Int
  ) rethrows {
    try self.init(unsafeUninitializedCapacity: capacity) { buffer, count in
      if let start = buffer.baseAddress {
        useLargePages(start, buffer.count * MemoryLayout<Element>.stride, ofAtLeast: 4 << 20)
      }
      count = try write(buffer)
    }
  }
}
