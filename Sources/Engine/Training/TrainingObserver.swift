public import NNExp

/// Receives the events of a training. Every method is optional and does nothing by default.
///
/// A training reports to a list of observers in order. An error that an observer throws ends
/// the training.
public protocol TrainingObserver: AnyObject {
  /// True if `gradientsReady` is to be called after each evaluation of the gradients.
  var observesGradients: Bool { get }

  /// Called when the gradients of a batch are complete. Penalties, clipping and the optimizer's
  /// step follow, and use the gradients as the observer leaves them.
  func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) throws

  /// Called when the row of an epoch is complete: every `record_every` epochs, and after the
  /// last epoch.
  func rowRecorded(_ row: MetricRow) throws

  /// Called at most ten times per second.
  func heartbeat(_ progress: TrainingProgress) throws

  /// Called after every tenth of the epochs, after the row of the epoch if it has one.
  func tenthEnded(_ progress: TrainingProgress)

  /// Called every few steps, and after an epoch as `train.checkpoint` specifies:
  /// `Trainer.state()` is then the state to resume from.
  func stateCanBeSaved(_ opportunity: CheckpointOpportunity) throws
}

extension TrainingObserver {
  public var observesGradients: Bool { false }
  public func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) throws {}
  public func rowRecorded(_ row: MetricRow) throws {}
  public func heartbeat(_ progress: TrainingProgress) throws {}
  public func tenthEnded(_ progress: TrainingProgress) {}
  public func stateCanBeSaved(_ opportunity: CheckpointOpportunity) throws {}
}

/// The gradients of the trainable parameters over one batch, after the backward pass.
public struct BatchGradients<S: Scalar> {
  /// The number of steps before this one.
  public let step: Int
  public let samples: Int
  public let loss: Double
  /// The gradients, which observers may change.
  public let values: Tensor<S>
}

/// A row of metrics.csv.
public struct MetricRow: Sendable {
  public let columns: [MetricColumn]
  /// The values in the order of the columns; NaN if not measured.
  public let values: [Double]
  public let epoch: Int
  public let step: Int
  /// Whether training has continued since: true for the row of the best epoch between two rows
  /// that `record_every` requests.
  public internal(set) var isLate = false

  /// The values that are measured on data, without missing ones.
  public var measurements: [(column: MetricColumn, value: Double)] {
    zip(columns, values).filter { $0.split != nil && !$1.isNaN }.map { ($0, $1) }
  }
}

/// The progress of a training.
public struct TrainingProgress: Sendable {
  /// The number of finished epochs.
  public let epoch: Int
  public let epochs: Int
  /// The newest recorded row; nil before the first.
  public let newestRow: MetricRow?
}

/// A moment between two steps at which the training's state can be saved.
public struct CheckpointOpportunity: Sendable {
  /// True if an epoch has just ended.
  public let epochHasEnded: Bool
  /// True if the training ends here and may be resumed later.
  public let trainingEnds: Bool
}
