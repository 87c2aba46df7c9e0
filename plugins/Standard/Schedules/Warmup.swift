import NNExp

/// The start of a schedule: the factor climbs in a straight line from a
/// fraction to 1.
///
///     factor = from + (1 − from)·t/n      t steps or epochs so far, t < n
struct Warmup: Sendable {
  enum Length: Sendable, Hashable {
    case epochs(Int)
    case steps(Int)
  }

  let length: Length
  let from: Double

  /// Reads `epochs` or `steps`, and `from`.
  init(from options: inout Options) {
    let epochs = options.optionalInt("epochs", in: 0..., "n, climbing once an epoch")
    let steps = options.optionalInt("steps", in: 0..., "n, climbing every step; epochs or steps")
    from = options.double("from", default: 0, in: .unit, "the factor at the very start")
    switch (epochs, steps) {
    case (let epochs?, nil): length = .epochs(epochs)
    case (nil, let steps?): length = .steps(steps)
    default:
      // A mistake in either is told already.
      if options.diagnostics.isEmpty {
        options.reject("epochs", "a warm-up needs its length in either epochs or steps")
      }
      length = .steps(0)
    }
  }

  /// The factor; nil once the warm-up is over.
  func factor(at progress: Progress) -> Double? {
    let (t, n) =
      switch length {
      case .epochs(let epochs): (progress.epoch, epochs)
      case .steps(let steps): (progress.step, steps)
      }
    return t < n ? from + (1 - from) * (Double(t) / Double(n)) : nil
  }

  /// The progress of what follows, which begins with epoch 0 and step 0. A
  /// warm-up in steps takes up the whole epochs that it fills.
  func after(_ progress: Progress) -> Progress {
    var after = progress
    let perEpoch = max(1, progress.stepsPerEpoch)
    switch length {
    case .epochs(let epochs):
      after.epoch -= epochs
      after.epochs = max(1, progress.epochs - epochs)
      // No overflow: as many epochs have passed.
      after.step -= epochs * perEpoch
    case .steps(let steps):
      after.epoch -= steps / perEpoch
      after.epochs = max(1, progress.epochs - steps / perEpoch)
      after.step -= steps
    }
    return after
  }
}

/// A warm-up, then the full learning rate.
struct LinearWarmup: Schedule {
  static let typeName = "linear_warmup"
  static let manual = Manual(
    "the factor climbs in a straight line to 1 and stays there",
    equation: "factor = from + (1 − from)·t/n while t < n, then 1      (t: epochs or steps)",
    example: """
      schedule: {type: linear_warmup, steps: 500, from: 0.01}
      # every other schedule has the same as an option:
      schedule: {type: cosine, warmup: {epochs: 5}}
      """)

  let warmup: Warmup

  init(from options: inout Options) { warmup = Warmup(from: &options) }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    warmup.factor(at: progress) ?? 1
  }
}

/// A schedule that may begin with a warm-up: it adds the option
/// `warmup: {epochs | steps, from}` to another's.
struct Warmed<Base: Schedule>: Schedule {
  static var typeName: String { Base.typeName }
  static var manual: Manual { Base.manual }

  let warmup: Warmup?
  let base: Base

  var memory: Int { base.memory }
  var watchesLoss: Bool { base.watchesLoss }

  init(from options: inout Options) throws {
    base = try Base(from: &options)
    if options.contains("warmup") {
      warmup = options.section("warmup", Warmed.explanation) { Warmup(from: &$0) }
    } else {
      _ = options.node("warmup", "a mapping", Warmed.explanation)
      warmup = nil
    }
  }

  private static var explanation: String {
    "{epochs | steps: n, from: 0}: first climb in a straight line; the schedule begins after it"
  }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    guard let warmup else { return base.factor(at: progress, memory: memory) }
    return warmup.factor(at: progress)
      ?? base.factor(at: warmup.after(progress), memory: memory)
  }
}

/// Registers schedules with a warm-up added to each.
///
/// Where `Warmed` is written with a schedule's name, Swift looks through all conformances
/// of the program for the one that this type brings along: 140,000 instructions each, at
/// every start. So the types are kept from the optimizer, which would write the names.
@inline(never)
func registerWarmed(_ schedules: [any Schedule.Type], in registry: inout Registry) {
  for schedule in schedules { registry.register(schedule.warmed) }
}

extension Schedule {
  fileprivate static var warmed: any Schedule.Type { Warmed<Self>.self }
}
