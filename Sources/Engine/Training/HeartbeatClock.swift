import Glibc

/// Limits heartbeats to ten per second of the monotonic clock.
struct HeartbeatClock {
  private static let interval = 100_000_000
  private var last = HeartbeatClock.nanoseconds()

  /// Returns whether a heartbeat is due, and if so records that it was sent.
  mutating func isDue() -> Bool {
    let now = HeartbeatClock.nanoseconds()
    guard now - last >= HeartbeatClock.interval else { return false }
    last = now
    return true
  }

  private static func nanoseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
  }
}
