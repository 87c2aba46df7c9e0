public import NNExp

/// Receives the events of a training. Each method does nothing by default.
///
/// A training reports to a list of observers, in its order. What an observer throws
/// ends the training.
public protocol TrainingObserver: AnyObject {
  /// Whether `gradientsReady` is to be called, once in every step.
  var observesGradients: Bool { get }

  /// The gradients of a batch are complete: penalties, clipping and the optimizer's step
  /// come next, and use them as they are afterwards.
  func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) throws

  /// An epoch's row of metrics is complete: every `record_every` epochs, and after the
  /// last one.
  func rowRecorded(_ row: MetricRow) throws

  /// Called at most ten times per second.
  func heartbeat(_ progress: TrainingProgress) throws

  /// Called every few steps, and after an epoch as `train.checkpoint` says:
  /// `Trainer.state()` is now the state to resume from.
  func stateCanBeSaved(_ opportunity: CheckpointOpportunity) throws
}

extension TrainingObserver {
  public var observesGradients: Bool { false }
  public func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) throws {}
  public func rowRecorded(_ row: MetricRow) throws {}
  public func heartbeat(_ progress: TrainingProgress) throws {}
  public func stateCanBeSaved(_ opportunity: CheckpointOpportunity) throws {}
}

/// The gradients of the trainable parameters over one batch, as backward left them.
public struct BatchGradients<S: Scalar> {
  /// Steps taken before this one.
  public let step: Int
  public let samples: Int
  public let loss: Double
  /// May be changed.
  public let values: Tensor<S>
}

/// A row of metrics.csv.
public struct MetricRow: Sendable {
  public let columns: [MetricColumn]
  /// In the order of the columns; NaN is not measured.
  public let values: [Double]
  public let epoch: Int
  public let step: Int

  /// The values that are measured on data, without those that are missing.
  public var measurements: [(column: MetricColumn, value: Double)] {
    zip(columns, values).filter { $0.split != nil && !$1.isNaN }.map { ($0, $1) }
  }
}

/// The progress of a training.
public struct TrainingProgress: Sendable {
  /// Epochs finished.
  public let epoch: Int
  public let epochs: Int
  /// The newest recorded row; nil before the first.
  public let newestRow: MetricRow?
}

/// A moment between two steps at which the training's state can be saved.
public struct CheckpointOpportunity: Sendable {
  /// Whether an epoch has just ended.
  public let epochHasEnded: Bool
  /// Whether the training ends here, to be resumed.
  public let trainingEnds: Bool
}
