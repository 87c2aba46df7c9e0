/// The sections `model`, `loss`, `metrics` and `train` with which an experiment on a table can
/// start: one hidden layer, and enough steps for a first result.
public struct StarterExperiment {
  /// The number of classes; nil for a number as the target.
  public let classes: Int?

  /// The number of rows of the table.
  public let rows: Int

  public init(classes: Int?, rows: Int) {
    self.classes = classes
    self.rows = rows
  }

  /// Small batches for few samples.
  private var batchSize: Int { rows < 500 ? 16 : rows < 5_000 ? 32 : rows < 50_000 ? 128 : 256 }

  /// About 3,000 steps, at least 5 epochs and at most 100.
  private var epochs: Int { min(100, max(5, 3_000 * batchSize / max(1, rows))) }

  /// The column that measures the quality of the result on the validation samples.
  public var column: String { classes == nil ? "validation_r2" : "validation_accuracy" }

  public var lines: [String] {
    [
      "model:",
      "  - {type: dense, units: 16, name: hidden}",
      "  - tanh",
      "  - {type: dense, units: \(classes ?? 1), name: output}   # "
        + (classes == nil ? "the predicted number" : "one output per class"),
      classes == nil
        ? "loss: squared_error" : "loss: {type: cross_entropy, from: logits}",
      "metrics: \(classes == nil ? "[r2, mean_absolute_error]" : "[accuracy]")",
      "train:",
      "  optimizer: {type: adam, learning_rate: 0.01}",
      "  epochs: \(epochs)",
      "  batch_size: \(batchSize)",
    ]
  }
}
