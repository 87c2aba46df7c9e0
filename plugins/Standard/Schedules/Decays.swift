import NNExp

/// The unit of time of a schedule: `by: epoch | step`.
enum Pace: String, CaseIterable, Sendable {
  case epoch
  case step

  static func read(from options: inout Options) -> Pace {
    options.choice("by", default: Pace.epoch, "what t counts: finished epochs, or steps")
  }

  /// The time t.
  func time(_ progress: Progress) -> Double {
    Double(self == .epoch ? progress.epoch : progress.step)
  }

  /// The duration T of the whole training.
  func total(_ progress: Progress) -> Double {
    Double(self == .epoch ? progress.epochs : progress.totalSteps)
  }
}

/// Options that several schedules have in common.
extension Options {
  mutating func minimumFactor(_ explanation: String) -> Double {
    suggest("minimum", for: "eta_min", "min_lr", "base_lr", "end_learning_rate")
    return double("minimum", default: 0, in: .unit, explanation)
  }

  fileprivate mutating func dropFactor() -> Double {
    suggest("factor", for: "gamma", "decay_rate")
    return double("factor", default: 0.1, in: .positive, "γ: the factor of each drop")
  }

  fileprivate mutating func decayLength() -> Int? {
    suggest("length", for: "total_iters", "max_iters", "t_max", "decay_steps", "total_steps")
    return optionalInt("length", in: 1..., "T in epochs or steps (default: the whole training)")
  }
}

/// A constant learning rate.
struct ConstantSchedule: Schedule, Component {
  static let typeName = "constant"
  static let documentation = Documentation(
    "the learning rate is constant", equation: "factor = 1", example: "schedule: constant",
    source: "PyTorch's LambdaLR with a factor of 1")

  init(from options: inout Options) {}

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double { 1 }
}

/// A learning rate that drops at regular intervals of epochs.
struct StepSchedule: Schedule, Component {
  static let typeName = "step"
  static let foreignNames = ["step_lr", "step_decay"]
  static let documentation = Documentation(
    "the learning rate drops every few epochs", equation: "factor = γ^⌊epoch / every⌋",
    example: "schedule: {type: step, every: 30, factor: 0.1}",
    source: "PyTorch's StepLR")

  let every: Int
  let factor: Double

  init(from options: inout Options) {
    options.suggest("every", for: "step_size", "decay_steps")
    every = options.int("every", in: 1..., "epochs between two drops")
    factor = options.dropFactor()
  }

  var plannedLength: ScheduleLength? { .epochs(every) }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    Double.pow(factor, Double(progress.epoch / every))
  }
}

/// A learning rate that drops after given epochs.
struct MultiStepSchedule: Schedule, Component {
  static let typeName = "multi_step"
  static let foreignNames = ["multi_step_lr", "piecewise_constant", "piecewise_constant_decay"]
  static let documentation = Documentation(
    "the learning rate drops after given epochs",
    equation: "factor = γᵏ after the k-th of the epochs",
    example: "schedule: {type: multi_step, epochs: [30, 60, 80], factor: 0.1}",
    source: "PyTorch's MultiStepLR")

  let epochs: [Int]
  let factor: Double

  init(from options: inout Options) {
    options.suggest("epochs", for: "milestones", "boundaries")
    epochs = options.ints("epochs", in: 1..., count: 1..., "the epochs after which it drops")
    factor = options.dropFactor()
  }

  var plannedLength: ScheduleLength? { epochs.max().map { .epochs($0) } }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    Double.pow(factor, Double(epochs.count { $0 <= progress.epoch }))
  }
}

/// A learning rate that falls to 0 as a power of the remaining time.
///
/// - Source: Liu, Rabinovich, Berg 2015 ("poly"); PyTorch's PolynomialLR.
struct PolynomialSchedule: Schedule, Component {
  static let typeName = "polynomial"
  static let foreignNames = ["polynomial_lr", "polynomial_decay", "linear", "linear_decay"]
  static let documentation = Documentation(
    "the learning rate falls as a power of the remaining time",
    equation: "factor = m + (1 − m)(1 − t/T)ᵖ while t < T, then m",
    example: "schedule: {type: polynomial, power: 2}",
    source: "Liu, Rabinovich, Berg 2015, \"ParseNet\"")

  let power: Double
  let minimum: Double
  let length: Int?
  let pace: Pace

  init(from options: inout Options) {
    power = options.double("power", default: 1, in: .positive, "p: 1 for a straight line")
    minimum = options.minimumFactor("m: the factor at the end")
    length = options.decayLength()
    pace = Pace.read(from: &options)
  }

  var plannedLength: ScheduleLength? { length.map { pace == .step ? .steps($0) : .epochs($0) } }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    let whole = length.map { Double($0) } ?? pace.total(progress)
    let t = pace.time(progress)
    return t >= whole ? minimum : minimum + (1 - minimum) * Double.pow(1 - t / whole, power)
  }
}

/// A learning rate that decreases exponentially.
struct ExponentialSchedule: Schedule, Component {
  static let typeName = "exponential"
  static let foreignNames = ["exponential_lr", "exponential_decay"]
  static let documentation = Documentation(
    "the learning rate falls by the same ratio each time", equation: "factor = γᵗ",
    example: "schedule: {type: exponential, factor: 0.99}",
    source: "PyTorch's ExponentialLR")

  let factor: Double
  let pace: Pace

  init(from options: inout Options) {
    options.suggest("factor", for: "gamma", "decay_rate")
    factor = options.double("factor", in: .positive, "γ: the factor per epoch or step")
    pace = Pace.read(from: &options)
  }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    Double.pow(factor, pace.time(progress))
  }
}

/// A learning rate that decreases as the inverse of time, ηₜ = η/(1 + κt).
///
/// - Source: Chao 2011, §2; Robbins and Monro 1951.
struct InverseTimeSchedule: Schedule, Component {
  static let typeName = "inverse_time"
  static let foreignNames = ["inverse_time_decay"]
  static let documentation = Documentation(
    "the learning rate falls as the inverse of time", equation: "factor = 1/(1 + κt)",
    example: "schedule: {type: inverse_time, decay: 0.01, by: step}",
    source: "Robbins and Monro 1951")

  let decay: Double
  let pace: Pace

  init(from options: inout Options) {
    decay = options.double("decay", in: .nonnegative, "κ: the rate of decay")
    pace = Pace.read(from: &options)
  }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    1 / (1 + decay * pace.time(progress))
  }
}

/// A learning rate that follows half a cosine from 1 down to a minimum.
///
/// - Source: Loshchilov and Hutter 2017, without restarts.
struct CosineSchedule: Schedule, Component {
  static let typeName = "cosine"
  static let foreignNames = ["cosine_annealing", "cosine_annealing_lr", "cosine_decay"]
  static let documentation = Documentation(
    "the learning rate falls along half a cosine",
    equation: "factor = m + (1 − m)(1 + cos(πt/T))/2 while t < T, then m",
    example: "schedule: {type: cosine, minimum: 0.01}",
    source: "Loshchilov and Hutter 2017, SGDR")

  let minimum: Double
  let length: Int?
  let pace: Pace

  init(from options: inout Options) {
    minimum = options.minimumFactor("m: the factor at the end")
    length = options.decayLength()
    pace = Pace.read(from: &options)
  }

  var plannedLength: ScheduleLength? { length.map { pace == .step ? .steps($0) : .epochs($0) } }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    let whole = length.map { Double($0) } ?? pace.total(progress)
    let t = pace.time(progress)
    if t >= whole { return minimum }
    return minimum + (1 - minimum) * (1 + Double.cos(Double.pi * t / whole)) / 2
  }
}
