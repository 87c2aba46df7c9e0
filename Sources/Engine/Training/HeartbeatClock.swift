import Platform

/// The time that a training may take, by the monotonic clock.
struct TimeLimit {
  private let end: Double

  /// - Parameter seconds: the limit, counted from now.
  init(_ seconds: Double) { end = TimeLimit.now + seconds }

  var isOver: Bool { TimeLimit.now >= end }

  private static var now: Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
  }
}

/// Limits heartbeats to ten per second, by the monotonic clock.
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
