public import NNExp

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
