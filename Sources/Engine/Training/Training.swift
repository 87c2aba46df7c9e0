public import NNExp

/// The `train:` section of an experiment file.
public struct TrainingDeclaration: Sendable {
  public enum Sampling: String, CaseIterable, Sendable {
    /// A new random order in each epoch.
    case shuffle
    /// The order of the data.
    case sequential
    /// Each sample of a batch is drawn at random, with replacement.
    case random
  }

  /// The limit for large gradients.
  public enum Clipping: Sendable {
    /// g ← g · min(1, limit / ‖g‖₂), over all parameters together.
    case norm(Double)
    /// Each entry is limited to [−limit, limit].
    case value(Double)
  }

  public struct EarlyStopping: Sendable {
    /// A column of metrics.csv; nil for validation_loss, or for train_loss if there are no
    /// validation data.
    public let monitor: String?
    /// The number of epochs without an improvement after which training stops.
    public let patience: Int
    /// The smallest change that is an improvement.
    public let minimumChange: Double
    let location: SourceLocation?
  }

  /// The weights of a training that its results are computed with.
  public enum Weights: String, CaseIterable, Sendable {
    /// The weights after the last epoch.
    case last
    /// The weights of the epoch with the best value of the monitored column.
    case best
  }

  /// An average of the weights, with which the results are computed.
  public enum Averaging: Sendable {
    /// a ← decay·a + (1 − decay)·w after each step.
    case decay(Double)
    /// The mean of the weights after this epoch and after each later one.
    case fromEpoch(Int)
  }

  /// The nodes whose parameters have their own learning rate.
  public struct Group: Sendable {
    /// Names of nodes, in which `*` matches any letters.
    public let nodes: [NodeDeclaration.Reference]
    public let learningRate: Double
    let location: SourceLocation?
  }

  public let optimizer: any Optimizer
  /// The name of the optimizer's type, such as `sgd`.
  public let optimizerName: String
  public internal(set) var schedule: any Schedule
  public internal(set) var epochs: Int
  /// The number of samples per step; nil for all.
  public let batchSize: Int?
  public let sampling: Sampling
  /// The number of batches whose gradients are averaged for one step.
  public let accumulate: Int
  public let groups: [Group]
  public internal(set) var averaging: Averaging?
  /// The number of epochs per row of metrics.csv. The last epoch always has a row.
  public internal(set) var recordEvery: Int
  /// The sizes of weights and gradients that rows contain per layer; none by default.
  public internal(set) var record: [LayerQuantity]
  public let clipping: Clipping?
  public internal(set) var earlyStopping: EarlyStopping?
  /// The weights that a run delivers; nil for the best if there are validation data,
  /// otherwise the last.
  public internal(set) var deliver: Weights?
  /// The times at which a run saves its state, from which it resumes after a crash.
  public let checkpoints: CheckpointDeclaration
  /// λ₁ and λ₂ of every node that does not specify its own.
  public let l1: Double
  public let l2: Double
  /// Whether train columns are measured after the epoch, like those of other splits.
  public internal(set) var measuresTraining: Bool
  /// Whether the run writes an event file for TensorBoard.
  public let tensorboard: Bool
  /// The number of steps after which training ends, regardless of the epochs.
  public internal(set) var maxSteps: Int?
  /// The number of seconds after which training ends, at the end of an epoch.
  public internal(set) var maxTime: Double?
  public let location: SourceLocation?

  /// Reads the section. Nil after an error, which is recorded.
  public init?(from options: inout Options, registry: Registry) {
    let location = options.location(of: "train")
    let explanation = "the settings of training"
    guard let node = options.value("train", "a mapping", explanation, default: nil, of: .keys)
    else {
      options.reject("train", "missing 'train': write at least train: {epochs: 100}")
      return nil
    }
    let read = options.component("train", from: node) { train in
      try TrainingDeclaration(section: &train, registry: registry, location: location)
    }
    guard let read else { return nil }
    self = read
  }

  private init(section train: inout Options, registry: Registry, location: SourceLocation?) throws {
    self.location = location
    var optimizerName = ""
    let optimizer = train.component(
      "optimizer", default: "sgd", of: registry.optimizers, "the rule that updates the parameters"
    ) { type, options in
      optimizerName = type.name
      return try type.make(&options)
    }
    self.optimizerName = optimizerName
    train.suggest("optimizer.learning_rate", for: "lr", "step_size")
    let schedule = train.component(
      "schedule", default: "constant", of: registry.schedules,
      "the factor of the learning rate over time"
    ) { type, options in try type.make(&options) }
    train.suggest("epochs", for: "n_epochs", "num_epochs", "max_epochs", "max_iter")
    epochs = train.int("epochs", in: 1..., "passes over the training data")
    train.suggest("batch_size", for: "batch", "minibatch", "mini_batch_size")
    batchSize = TrainingDeclaration.readBatchSize(&train)
    accumulate = TrainingDeclaration.readAccumulation(&train)
    sampling = train.choice(
      "sampling", default: .shuffle, of: Sampling.self, "the order of the samples")
    recordEvery = train.int(
      "record_every", default: 1, in: 1..., "epochs between two rows of metrics.csv")
    record = TrainingDeclaration.readRecord(&train)

    train.suggest(
      "clip", for: "clip_grad_norm", "max_grad_norm", "grad_clip", "gradient_clip_val", "clipnorm",
      "clipvalue")
    clipping =
      train.value("clip", "{norm: …} or {value: …}", "limits large gradients", of: .keys)
      .flatMap { train.component("clip", from: $0) { try Clipping(from: &$0) } }
    groups = TrainingDeclaration.readGroups(&train)
    averaging = TrainingDeclaration.readAveraging(&train)
    earlyStopping = EarlyStopping.read(from: &train)
    deliver = TrainingDeclaration.readDelivery(&train)
    checkpoints = CheckpointDeclaration(from: &train)
    l1 = train.double(
      "l1", default: 0, in: .nonnegative, "λ₁ of a penalty λ₁·Σ|w| on every weight")
    train.suggest("l2", for: "weight_decay")
    l2 = train.double(
      "l2", default: 0, in: .nonnegative, "λ₂ of a penalty λ₂/2·Σw² on every weight")

    measuresTraining = train.flag(
      "measure_training",
      "measure train columns after the epoch, as evaluate does, not during its steps")
    tensorboard = train.flag(
      "tensorboard", "write an event file for TensorBoard into the run's folder")
    maxSteps = train.limit(
      "max_steps", "an integer ≥ 1", "steps after which training ends", of: .integers(1...Int.max)
    ) { config in config.integer.flatMap { $0 >= 1 ? $0 : nil } }
    train.suggest("max_time", for: "timeout", "time_limit", "max_seconds")
    maxTime = train.limit(
      "max_time", "a time such as '10 minutes'", "training ends with the epoch in which it is over",
      of: .text
    ) { config in
      guard case .string(let text) = config.content,
        case .seconds(let seconds)? = CheckpointDeclaration.interval(text), seconds > 0
      else { return nil }
      return seconds
    }

    // An error in either is already recorded; throwing ends the reading.
    guard let optimizer, let schedule else { throw Diagnostics() }
    self.optimizer = optimizer
    self.schedule = schedule
    if optimizer.memory.needsFullBatch, batchSize != nil {
      train.reject(
        "batch_size",
        "the optimizer '\(optimizerName)' needs the full batch; write batch_size: full"
      )
    }
    if accumulate > 1, batchSize == nil {
      train.reject(
        "accumulate", "accumulate needs a batch_size: a full batch is one step by itself")
    }
    if !groups.isEmpty, !optimizer.memory.isElementwise {
      train.reject(
        "groups",
        "the optimizer '\(optimizerName)' updates all parameters together, so that groups cannot "
          + "have their own learning rates")
    }
  }

  private static func readDelivery(_ train: inout Options) -> Weights? {
    let explanation =
      "the weights that predictions, expect, evaluate and predict use: best by the monitored "
      + "column, or last"
    train.suggest(
      "deliver", for: "restore_best_weights", "save_best_only", "load_best_model_at_end")
    guard train.contains("deliver") else {
      _ = train.value(
        "deliver", "one of: best, last", explanation,
        default: "best if there are validation data, else last", of: .words(["best", "last"]))
      return nil
    }
    return train.choice("deliver", default: .last, of: Weights.self, explanation)
  }

  private static func readBatchSize(_ train: inout Options) -> Int? {
    let range = "full or an integer ≥ 1"
    let explanation = "samples per step; all samples if there are fewer"
    if train.contains("batch_size") {
      let node = train.value("batch_size", range, explanation)
      if case .string("full")? = node?.content {
        train.resolve("batch_size", "full")
        return nil
      }
      guard let size = node?.integer, size >= 1 else {
        train.reject(
          "batch_size",
          "batch_size must be \(range), found \(node?.kind ?? "nothing")")
        return nil
      }
      train.resolve("batch_size", ConfigValue(.int(size)))
      return size
    }
    _ = train.value(
      "batch_size", range, explanation, default: "full",
      of: .either([.words(["full"]), .integers(1...Int.max)]))
    train.resolve("batch_size", "full")
    return nil
  }
}

extension Options {
  /// Reads a key that is false if it is absent, and then not part of the resolved file.
  mutating func flag(_ key: String, _ explanation: String) -> Bool {
    guard contains(key) else {
      _ = value(key, "true or false", explanation, default: "false", of: .truth)
      return false
    }
    return bool(key, default: false, explanation)
  }

  /// Reads a key that means no limit if it is absent, and then not part of the resolved file.
  fileprivate mutating func limit<Value>(
    _ key: String, _ range: String, _ explanation: String,
    of domain: Description.Domain, _ understand: (ConfigValue) -> Value?
  ) -> Value? {
    guard let config = value(key, range, explanation, of: .either([domain, .null])) else {
      return nil
    }
    if case .null = config.content { return nil }
    guard let limit = understand(config) else {
      reject(key, "\(key) must be \(range), found \(config.kind)")
      return nil
    }
    resolve(key, config)
    return limit
  }
}

extension TrainingDeclaration.Clipping {
  fileprivate init(from options: inout Options) throws {
    let norm = options.optionalDouble("norm", in: .positive, "largest length ‖g‖₂")
    let value = options.optionalDouble("value", in: .positive, "largest absolute value of an entry")
    if !options.diagnostics.isEmpty { throw Diagnostics() }
    switch (norm, value) {
    case (let norm?, nil): self = .norm(norm)
    case (nil, let value?): self = .value(value)
    default: throw Diagnostic("clip must have either norm or value", at: options.location)
    }
  }
}

extension TrainingDeclaration.EarlyStopping {
  /// Nil if the file has no such section, or after an error, which is recorded.
  fileprivate static func read(from train: inout Options) -> TrainingDeclaration.EarlyStopping? {
    let key = "early_stopping"
    guard
      let config = train.value(
        key, "a mapping", "ends training that no longer improves",
        of: .either([.keys, .null, .truth]))
    else { return nil }
    switch config.content {
    case .null: return nil
    case .map: return train.component(key, from: config) { .init(from: &$0) }
    case .bool(false):
      train.resolve(key, ConfigValue(.null))
      return nil
    default:
      let patience = config.integer.flatMap { $0 > 0 ? $0 : nil } ?? 10
      train.reject(
        key, "\(key) must be a mapping, found \(config.kind)",
        notes: [.init("write \(key): {patience: \(patience)}, in epochs without an improvement")])
      return nil
    }
  }

  fileprivate init(from options: inout Options) {
    options.suggest("minimum_change", for: "min_delta", "tolerance", "tol")
    monitor = options.optionalString(
      "monitor",
      "the column of metrics.csv that is compared (default: validation_loss, or train_loss "
        + "without validation data)")
    patience = options.int("patience", default: 10, in: 1..., "epochs without an improvement")
    minimumChange = options.double(
      "minimum_change", default: 0, in: .nonnegative, "the smallest change that is an improvement")
    location = options.location(of: "monitor")
  }
}
