import Glibc

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
