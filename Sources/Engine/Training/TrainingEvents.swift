public import NNExp

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
  /// Whether training has gone on since: the row of the best epoch, between two that
  /// `record_every` asks for.
  public internal(set) var isLate = false

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
