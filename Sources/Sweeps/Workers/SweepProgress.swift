public import NNExp

/// How far a sweep has come.
public struct SweepProgress: Sendable {
  public let total: Int
  /// Trials that came to their end, those that failed among them.
  public internal(set) var done: Int
  public internal(set) var failed = 0
  public internal(set) var running = 0
  /// Trials that wait at a rung of successive halving, most of them for good.
  public internal(set) var stopped = 0
  /// The best value of the figure by which trials are judged; nil before one.
  public internal(set) var best: Double?
  public let monitor: MetricColumn
  /// Which part of the work to do has been done, by its estimated cost.
  public internal(set) var share = 0.0

  init(total: Int, done: Int, monitor: MetricColumn) {
    self.total = total
    self.done = done
    self.monitor = monitor
  }

  mutating func note(best value: Double?) {
    guard let value, !value.isNaN else { return }
    guard let best else {
      best = value
      return
    }
    self.best = monitor.largerIsBetter == true ? max(best, value) : min(best, value)
  }
}

/// Receives a sweep's progress.
public protocol SweepListener: AnyObject {
  /// Called when a trial ended and ten times a second in between.
  func update(_ progress: SweepProgress)
}
