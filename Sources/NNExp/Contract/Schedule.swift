/// A factor of the optimizer's learning rate, as a function of the progress of training.
public protocol Schedule: Sendable {
  /// How many numbers the schedule remembers; they start as zero. Optional: none.
  var memory: Int { get }

  /// Whether the factor depends on `progress.loss`. If so, the loss is measured in every
  /// epoch, whatever `record_every` says. By default, true of a schedule with memory.
  var watchesLoss: Bool { get }

  /// The factor for what comes next. Called before every step with the memory,
  /// which it may change when `progress.isEpochStart`.
  func factor(at progress: Progress, memory: Tensor<Double>) -> Double
}

extension Schedule where Self: Component {
  public var memory: Int { 0 }
  public var watchesLoss: Bool { memory > 0 }
}

extension Component where Self: Schedule {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Schedule>> { \.schedules }
  public var erased: any Schedule { self }
}

/// How far training has come.
@frozen
public struct Progress: Sendable {
  /// Epochs finished, 0 during the first.
  public var epoch: Int
  /// Steps taken since the start.
  public var step: Int
  public var epochs: Int
  public var stepsPerEpoch: Int
  /// True at an epoch's first step.
  public var isEpochStart: Bool
  /// The loss of the last finished epoch: the validation loss if there are validation
  /// data, else the training loss; NaN before. For a schedule that `watchesLoss`; NaN
  /// otherwise.
  public var loss: Double

  public init(
    epoch: Int, step: Int, epochs: Int, stepsPerEpoch: Int, isEpochStart: Bool, loss: Double
  ) {
    self.epoch = epoch
    self.step = step
    self.epochs = epochs
    self.stepsPerEpoch = stepsPerEpoch
    self.isEpochStart = isEpochStart
    self.loss = loss
  }
}
