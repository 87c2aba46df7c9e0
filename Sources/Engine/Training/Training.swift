public import NNExp

/// The `train:` section of an experiment file.
public struct TrainingDeclaration: Sendable {
  public enum Sampling: String, CaseIterable, Sendable {
    /// A new random order each epoch.
    case shuffle
    /// The data's own order.
    case sequential
    /// Every sample of a batch drawn anew, with replacement.
    case random
  }

  /// How a gradient that is too large is limited.
  public enum Clipping: Sendable {
    /// g ← g · min(1, limit / ‖g‖₂), over all parameters together.
    case norm(Double)
    /// Every entry is brought within [−limit, limit].
    case value(Double)
  }

  public struct EarlyStopping: Sendable {
    /// A column of metrics.csv; nil is validation_loss, or train_loss where
    /// there are no validation data.
    public let monitor: String?
    /// Epochs without an improvement until training stops.
    public let patience: Int
    /// The least change that counts as an improvement.
    public let minimumChange: Double
    let location: SourceLocation?
  }

  public let optimizer: any Optimizer
  /// `sgd`: the name of the optimizer's type.
  public let optimizerName: String
  public let schedule: any Schedule
  public let epochs: Int
  /// Samples in a step; nil is all of them.
  public let batchSize: Int?
  public let sampling: Sampling
  /// A row of metrics.csv every so many epochs, and after the last.
  public let recordEvery: Int
  public let clipping: Clipping?
  public let earlyStopping: EarlyStopping?
  /// When a run keeps its state, to go on from after a crash.
  public let checkpoints: CheckpointDeclaration
  /// λ₁ and λ₂ of every node that has none of its own.
  public let l1: Double
  public let l2: Double
  public let location: SourceLocation?

  /// Reads the section; nil after an error, which is recorded.
  public init?(from options: inout Options, registry: Registry) {
    let location = options.location(of: "train")
    guard options.contains("train") else {
      _ = options.value("train", "a mapping", "how the network is trained")
      options.reject("train", "missing 'train': give at least train: {epochs: 100}")
      return nil
    }
    let read = options.section("train", "how the network is trained") { train in
      try TrainingDeclaration(section: &train, registry: registry, location: location)
    }
    guard let read else { return nil }
    self = read
  }

  private init(section train: inout Options, registry: Registry, location: SourceLocation?) throws {
    self.location = location
    var optimizerName = ""
    let optimizer = train.component(
      "optimizer", default: "sgd", of: registry.optimizers, "the rule that moves the parameters"
    ) { type, options in
      optimizerName = type.name
      return try type.make(&options)
    }
    self.optimizerName = optimizerName
    let schedule = train.component(
      "schedule", default: "constant", of: registry.schedules,
      "how the learning rate changes"
    ) { type, options in try type.make(&options) }
    train.suggest("epochs", for: "n_epochs", "num_epochs", "max_epochs", "max_iter")
    epochs = train.int("epochs", in: 1..., "passes over the training data")
    train.suggest("batch_size", for: "batch", "minibatch", "mini_batch_size")
    batchSize = TrainingDeclaration.readBatchSize(&train)
    sampling = train.choice(
      "sampling", default: .shuffle, of: Sampling.self, "the order of the samples")
    recordEvery = train.int(
      "record_every", default: 1, in: 1..., "epochs between two rows of metrics.csv")

    var clipping: Clipping?
    if train.contains("clip") {
      clipping =
        train.section("clip", "limits the gradient") { clip -> Clipping? in
          let norm = clip.optionalDouble("norm", in: .positive, "largest length ‖g‖₂")
          let value = clip.optionalDouble("value", in: .positive, "largest size of an entry")
          switch (norm, value) {
          case (let norm?, nil): return .norm(norm)
          case (nil, let value?): return .value(value)
          default:
            throw Diagnostic("clip takes either norm or value", at: clip.location)
          }
        } ?? nil
    } else {
      _ = train.value("clip", "{norm: …} or {value: …}", "limits the gradient")
    }
    self.clipping = clipping

    var stopping: EarlyStopping?
    if train.contains("early_stopping") {
      stopping = train.section("early_stopping", "ends training that no longer improves") {
        options in
        options.suggest("minimum_change", for: "min_delta", "tolerance", "tol")
        return EarlyStopping(
          monitor: options.optionalString(
            "monitor", "a column of metrics.csv; validation_loss unless given"),
          patience: options.int(
            "patience", default: 10, in: 1..., "epochs without an improvement"),
          minimumChange: options.double(
            "minimum_change", default: 0, in: .nonnegative, "what counts as an improvement"),
          location: options.location(of: "monitor"))
      }
    } else {
      _ = train.value(
        "early_stopping", "a mapping", "{patience: 10, monitor: validation_loss}")
    }
    earlyStopping = stopping
    checkpoints = CheckpointDeclaration(from: &train)
    l1 = train.double(
      "l1", default: 0, in: .nonnegative, "λ₁ of a penalty λ₁·Σ|w| on every weight")
    train.suggest("l2", for: "weight_decay")
    l2 = train.double(
      "l2", default: 0, in: .nonnegative, "λ₂ of a penalty λ₂/2·Σw² on every weight")

    // An error in either is recorded already and ends the reading after this.
    guard let optimizer, let schedule else { throw Diagnostics() }
    self.optimizer = optimizer
    self.schedule = schedule
    if optimizer.memory.needsFullBatch, batchSize != nil {
      train.reject(
        "batch_size",
        "the optimizer '\(optimizerName)' needs the full batch; write batch_size: full"
      )
    }
  }

  private static func readBatchSize(_ train: inout Options) -> Int? {
    let explanation = "samples in a step; more than there are means all"
    if train.contains("batch_size") {
      let node = train.value("batch_size", "full or an integer ≥ 1", explanation)
      if case .string("full")? = node?.content {
        train.resolve("batch_size", "full")
        return nil
      }
      guard let size = node?.integer, size >= 1 else {
        train.reject(
          "batch_size",
          "batch_size must be full or an integer ≥ 1, found \(node?.kind ?? "nothing")")
        return nil
      }
      train.resolve("batch_size", ConfigValue(.int(size)))
      return size
    }
    _ = train.value("batch_size", "full or an integer ≥ 1", explanation)
    train.resolve("batch_size", "full")
    return nil
  }
}
