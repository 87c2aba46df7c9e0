public import NNExp

/// The progress of a sweep.
public struct SweepProgress: Sendable {
  public let total: Int
  /// The number of trials that have ended, including those that failed.
  public internal(set) var done: Int
  public internal(set) var failed = 0
  public internal(set) var running = 0
  /// The number of trials that wait at a rung of successive halving, most of them permanently.
  public internal(set) var stopped = 0
  /// The best value of the monitored column so far; nil before the first.
  public internal(set) var best: Double?
  /// The settings of the trial with that value: `learning_rate=0.5 units=8`.
  public internal(set) var bestSettings = ""
  public let monitor: MetricColumn
  /// The fraction of the work that has been done, by its estimated cost.
  public internal(set) var share = 0.0

  init(total: Int, done: Int, monitor: MetricColumn) {
    self.total = total
    self.done = done
    self.monitor = monitor
  }

  mutating func note(best value: Double?, settings: @autoclosure () -> String) {
    guard let value, !value.isNaN else { return }
    if let best, monitor.largerIsBetter == true ? value <= best : value >= best { return }
    best = value
    bestSettings = settings()
  }
}

/// Receives a sweep's progress.
public protocol SweepListener: AnyObject {
  /// Called when a trial has ended, and ten times per second in between.
  func update(_ progress: SweepProgress)
}
