import Platform

/// The current time in ISO 8601 and UTC, `2025-11-21T04:18:09Z`, independent of the time zone
/// and the locale.
public func timestamp() -> String {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return timestamp(secondsSince1970: now.tv_sec)
}

func timestamp(secondsSince1970 seconds: Int) -> String {
  var seconds = seconds
  var parts = tm()
  gmtime_r(&seconds, &parts)
  func padded(_ value: Int32, _ width: Int = 2) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
  let date =
    "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
  let time = "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
  return "\(date)T\(time)Z"
}

/// A stopwatch on the monotonic clock: if the date changes, durations do not.
public struct Stopwatch: Sendable {
  private let start = Stopwatch.nanoseconds()

  /// Starts the stopwatch.
  public init() {}

  /// The seconds since the start, with a resolution of a nanosecond.
  public var seconds: Double { Double(Stopwatch.nanoseconds() - start) / 1e9 }

  private static func nanoseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
  }
}
