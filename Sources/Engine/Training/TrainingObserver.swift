public import NNExp

/// Receives the events of a training. Each method does nothing by default.
///
/// A training reports to a list of observers, in its order. What an observer throws
/// ends the training.
public protocol TrainingObserver: AnyObject {
  /// Whether `gradientsReady` is called, once for each evaluation of the gradients.
  var observesGradients: Bool { get }

  /// Called when the gradients of a batch are complete: penalties, clipping and the
  /// optimizer's step come next, and use them as they are afterwards.
  func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) throws

  /// Called when an epoch's row of metrics is complete: every `record_every` epochs, and
  /// after the last one.
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
