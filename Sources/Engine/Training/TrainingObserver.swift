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

  /// Called every few steps, and after an epoch as `train.checkpoint` specifies:
  /// `Trainer.state()` is then the state to resume from.
  func stateCanBeSaved(_ opportunity: CheckpointOpportunity) throws
}

extension TrainingObserver {
  public var observesGradients: Bool { false }
  public func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) throws {}
  public func rowRecorded(_ row: MetricRow) throws {}
  public func heartbeat(_ progress: TrainingProgress) throws {}
  public func stateCanBeSaved(_ opportunity: CheckpointOpportunity) throws {}
}
