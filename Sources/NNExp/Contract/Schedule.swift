/// A factor of the optimizer's learning rate, as a function of the progress of training.
public protocol Schedule: Sendable {
  /// The number of values that the schedule keeps between steps. They start as 0. Optional; 0
  /// by default.
  var memory: Int { get }

  /// Whether the factor depends on `progress.loss`. If so, the loss is measured in every
  /// epoch, regardless of `record_every`. Optional; by default, true if `memory` is above 0.
  var watchesLoss: Bool { get }

  /// The length that the schedule itself declares, until its end or its first drop. A training
  /// that is shorter is announced. Optional; nil by default, for a schedule that has the length
  /// of the training or none.
  var plannedLength: ScheduleLength? { get }

  /// The factor for the next step. The engine calls this before every step. The schedule may
  /// change `memory` when `progress.isEpochStart`.
  func factor(at progress: Progress, memory: Tensor<Double>) -> Double
}

/// A part of the training.
public enum ScheduleLength: Sendable, Hashable {
  case epochs(Int)
  case steps(Int)
}

extension Schedule {
  public var plannedLength: ScheduleLength? { nil }
}

extension Schedule where Self: Component {
  public var memory: Int { 0 }
  public var watchesLoss: Bool { memory > 0 }
}

extension Component where Self: Schedule {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Schedule>> { \.schedules }
  public var erased: any Schedule { self }
}

/// The progress of training.
@frozen
public struct Progress: Sendable {
  /// The number of finished epochs; 0 during the first.
  public var epoch: Int
  /// The number of steps taken since the start.
  public var step: Int
  /// The number of epochs of the whole training, and of steps in one epoch.
  public var epochs: Int
  public var stepsPerEpoch: Int
  /// The number of steps of the whole training. After a warm-up, it need not be that of whole epochs.
  public var totalSteps: Int
  /// True at the first step of an epoch.
  public var isEpochStart: Bool
  /// The loss of the last finished epoch: the validation loss if there are validation data,
  /// otherwise the training loss. NaN in the first epoch, and for a schedule without
  /// `watchesLoss`.
  public var loss: Double

  public init(
    epoch: Int, step: Int, epochs: Int, stepsPerEpoch: Int, isEpochStart: Bool, loss: Double
  ) {
    self.epoch = epoch
    self.step = step
    self.epochs = epochs
    self.stepsPerEpoch = stepsPerEpoch
    let (steps, isTooLarge) = epochs.multipliedReportingOverflow(by: stepsPerEpoch)
    totalSteps = isTooLarge ? .max : steps
    self.isEpochStart = isEpochStart
    self.loss = loss
  }
}
