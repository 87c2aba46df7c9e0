import NNExp

/// A learning rate that rises to its full value and then falls far below its first value, once in
/// the whole training.
///
///     factor = a + (1 − a)(1 − cos(πt/r))/2          while t ≤ r = ρT − 1
///     factor = b + (1 − b)(1 + cos(π(t − r)/(T − 1 − r)))/2  afterwards
///
/// t counts steps, T is the number of steps of the training, a = 1/`start`, b = a/`end`.
/// - Source: Smith and Topin 2018; PyTorch's OneCycleLR.
struct OneCycleSchedule: Schedule, Component {
  static let typeName = "one_cycle"
  static let foreignNames = ["one_cycle_lr"]
  static let documentation = Documentation(
    "the learning rate rises once, and then falls far below its first value",
    equation: """
      factor = a + (1 − a)(1 − cos(πt/r))/2 while step t ≤ r = ρT − 1
      factor = b + (1 − b)(1 + cos(π(t − r)/(T − 1 − r)))/2 afterwards
      a = 1/start, b = a/end
      """,
    example: "schedule: {type: one_cycle, rise: 0.3}",
    source: "Smith and Topin 2018, \"Super-convergence\"")

  let rise: Double
  let first: Double
  let last: Double

  init(from options: inout Options) {
    options.suggest("rise", for: "pct_start")
    options.suggest("start", for: "div_factor")
    options.suggest("end", for: "final_div_factor")
    rise = options.double("rise", default: 0.3, in: .fraction, "ρ: the part of the steps that rise")
    let start = options.double(
      "start", default: 25, in: .positive, "the full learning rate divided by the first")
    let end = options.double(
      "end", default: 10_000, in: .positive, "the first learning rate divided by the last")
    first = 1 / start
    last = first / end
  }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    let total = Double(progress.totalSteps)
    let t = Double(progress.step)
    let top = rise * total - 1
    if t < top { return Cosine.between(first, 1, at: t / top) }
    let rest = total - 1 - top
    return Cosine.between(1, last, at: rest > 0 ? min(1, (t - top) / rest) : 1)
  }
}

/// A learning rate that rises and falls in straight lines, again and again.
///
///     factor = m + (1 − m)·h·s
///
/// s goes from 0 to 1 in `up` steps and back in `down` steps. In cycle c = 0, 1, …, h is 1 for
/// `triangular`, 2⁻ᶜ for `halving`, and γᵗ after t steps for `exponential`.
/// - Source: Smith 2017; PyTorch's CyclicLR.
struct CyclicSchedule: Schedule, Component {
  enum Shape: String, CaseIterable, Sendable { case triangular, halving, exponential }

  static let typeName = "cyclic"
  static let foreignNames = ["cyclic_lr"]
  static let documentation = Documentation(
    "the learning rate rises and falls in straight lines, again and again",
    equation: """
      factor = m + (1 − m)·h·s;  s: from 0 to 1 in up steps, and back in down steps
      h = 1 (triangular), 2^−c in cycle c = 0, 1, … (halving), γᵗ after t steps (exponential)
      """,
    example: "schedule: {type: cyclic, up: 200, minimum: 0.1}",
    source: "Smith 2017, \"Cyclical learning rates for training neural networks\"")

  /// The steps until the full learning rate.
  let plannedLength: ScheduleLength?
  let up: Double
  let down: Double
  let minimum: Double
  let shape: Shape
  let ratio: Double

  init(from options: inout Options) {
    options.suggest("up", for: "step_size_up", "step_size")
    options.suggest("down", for: "step_size_down")
    options.suggest("shape", for: "mode")
    options.suggest("factor", for: "gamma")
    let rising = options.int("up", in: 1..., "steps from the smallest to the full learning rate")
    plannedLength = .steps(rising)
    up = Double(rising)
    down = Double(options.optionalInt("down", in: 1..., "steps back (default: as many)") ?? rising)
    minimum = options.minimumFactor("m: the smallest factor")
    shape = options.choice(
      "shape", default: Shape.triangular, "how the height h changes from cycle to cycle")
    ratio = options.double("factor", default: 1, in: .positive, "γ of the exponential shape")
    if shape != .exponential, ratio != 1 {
      options.reject("factor", "factor has no effect with shape \(shape)")
    }
  }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    let t = Double(progress.step)
    let cycle = (t / (up + down)).rounded(.down)
    let within = t - cycle * (up + down)
    let share = within <= up ? within / up : (up + down - within) / down
    let height: Double =
      switch shape {
      case .triangular: 1
      case .halving: Double.pow(2, -cycle)
      case .exponential: Double.pow(ratio, t)
      }
    return minimum + (1 - minimum) * height * share
  }
}

/// A learning rate that falls along half a cosine, and starts again at its full value.
///
///     factor = m + (1 − m)(1 + cos(πt/Tᵢ))/2
///
/// t is the time since the last restart; the period Tᵢ is `period` · `growth`ⁱ after i restarts.
/// - Source: Loshchilov and Hutter 2017; PyTorch's CosineAnnealingWarmRestarts.
struct CosineRestartsSchedule: Schedule, Component {
  static let typeName = "cosine_restarts"
  static let foreignNames = ["cosine_annealing_warm_restarts", "sgdr", "warm_restarts"]
  static let documentation = Documentation(
    "the learning rate falls along half a cosine, and starts again at its full value",
    equation: "factor = m + (1 − m)(1 + cos(πt/Tᵢ))/2;  Tᵢ = period·growthⁱ after i restarts",
    example: "schedule: {type: cosine_restarts, period: 10, growth: 2}",
    source: "Loshchilov and Hutter 2017, SGDR")

  let period: Int
  let growth: Int
  let minimum: Double
  let pace: Pace

  init(from options: inout Options) {
    options.suggest("period", for: "t_0", "first_decay_steps")
    options.suggest("growth", for: "t_mult", "t_mul")
    period = options.int("period", in: 1..., "T₀: epochs or steps until the first restart")
    growth = options.int("growth", default: 1, in: 1..., "the factor of each following period")
    minimum = options.minimumFactor("m: the factor before a restart")
    pace = Pace.read(from: &options)
  }

  /// The time until the first restart.
  var plannedLength: ScheduleLength? { pace == .step ? .steps(period) : .epochs(period) }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    var t = pace.time(progress)
    var length = Double(period)
    if growth == 1 {
      t -= (t / length).rounded(.down) * length
    } else {
      // The periods grow at least twofold, so that there are few.
      while t >= length {
        t -= length
        length *= Double(growth)
      }
    }
    return Cosine.between(1, minimum, at: t / length)
  }
}

/// Half a cosine.
enum Cosine {
  /// The number at `share` of the way from `start` to `end`, both of which are flat.
  static func between(_ start: Double, _ end: Double, at share: Double) -> Double {
    end + (start - end) * (1 + Double.cos(Double.pi * share)) / 2
  }
}
