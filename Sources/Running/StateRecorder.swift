import Files
import Engine
import NNExp
import Plugins
import Results

/// Saves the state for resuming as often as `train.checkpoint` specifies, and when the training
/// is cancelled.
final class StateRecorder<S: Scalar>: TrainingObserver {
  private let prepared: PreparedExperiment<S>
  private let directory: RunDirectory
  private let metrics: MetricsRecorder
  private let timing: TimingRecorder
  private let events: EventRecorder<S>?
  /// The duration of the run in seconds, including the part before it was resumed.
  private let seconds: () -> Double
  private let stopwatch = Stopwatch()
  private var savedAt = 0.0
  private var cost = 0.0

  init(
    _ prepared: PreparedExperiment<S>, in directory: RunDirectory, _ metrics: MetricsRecorder,
    _ timing: TimingRecorder, _ events: EventRecorder<S>?, seconds: @escaping () -> Double
  ) {
    self.prepared = prepared
    self.directory = directory
    self.metrics = metrics
    self.timing = timing
    self.events = events
    self.seconds = seconds
  }

  func stateCanBeSaved(_ opportunity: CheckpointOpportunity) throws {
    let now = stopwatch.seconds
    let isDue =
      switch prepared.experiment.training.checkpoints.every {
      case .epochs: opportunity.epochHasEnded
      case .seconds(let interval): now - savedAt >= max(interval, 50 * cost)
      case .never: false
      }
    guard isDue || opportunity.trainingEnds else { return }
    try save()
    savedAt = stopwatch.seconds
    cost = savedAt - now
  }

  /// Saves the state, unless a weight is no longer finite.
  private func save() throws {
    prepared.checkProcess()
    guard let training = prepared.trainer.state() else { return }
    // The state contains the lengths of the files, whose bytes must be on the disk first.
    if directory.isWorthFlushing {
      try metrics.csv.synchronize()
      try timing.writer.synchronize()
      try events?.synchronize()
    } else {
      try metrics.csv.flush()
      try timing.writer.flush()
      try events?.flush()
    }
    let state = RunState(
      training: training, metrics: (metrics.csv.length, metrics.csv.checksum),
      timing: (timing.writer.length, timing.writer.checksum), seconds: seconds())
    try directory.save(
      state.checkpoint(of: prepared), as: .state,
      keep: prepared.experiment.training.checkpoints.keep)
  }
}

extension PreparedExperiment {
  /// Ends the process if a plugin has changed it, before anything is written that the plugin
  /// could have redirected.
  func checkProcess() {
    if !experiment.plugins.isEmpty { Plugin.checkProcess() }
  }
}
