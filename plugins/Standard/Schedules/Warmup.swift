import NNExp

/// A linear warm-up at the start of a schedule: the factor increases linearly from a fraction
/// to 1.
///
///     factor = from + (1 − from)·t/n      t steps or epochs so far, t < n
struct Warmup: Sendable {
  let length: ScheduleLength
  let from: Double

  /// Reads `epochs` or `steps`, and `from`.
  init(from options: inout Options) {
    options.suggest("steps", for: "warmup_steps")
    options.suggest("epochs", for: "warmup_epochs", "total_iters")
    options.suggest("from", for: "start_factor")
    let epochs = options.optionalInt("epochs", in: 0..., "n, with an increase per epoch")
    let steps = options.optionalInt(
      "steps", in: 0..., "n, with an increase per step; give epochs or steps")
    from = options.double("from", default: 0, in: .unit, "the factor at the start")
    switch (epochs, steps) {
    case (let epochs?, nil): length = .epochs(epochs)
    case (nil, let steps?): length = .steps(steps)
    default:
      // An error in either has been recorded already.
      if options.diagnostics.isEmpty {
        options.reject("epochs", "a warm-up needs its length in either epochs or steps")
      }
      length = .steps(0)
    }
  }

  /// The factor; nil after the warm-up.
  func factor(at progress: Progress) -> Double? {
    let (t, n) =
      switch length {
      case .epochs(let epochs): (progress.epoch, epochs)
      case .steps(let steps): (progress.step, steps)
      }
    return t < n ? from + (1 - from) * (Double(t) / Double(n)) : nil
  }

  /// The progress for the schedule after the warm-up, which begins with epoch 0 and step 0. A
  /// warm-up in steps also counts the whole epochs that it fills.
  func after(_ progress: Progress) -> Progress {
    var after = progress
    let perEpoch = max(1, progress.stepsPerEpoch)
    switch length {
    case .epochs(let epochs):
      after.epoch -= epochs
      after.epochs = max(1, progress.epochs - epochs)
      // These cannot overflow, because that many epochs have passed.
      after.step -= epochs * perEpoch
      after.totalSteps = max(1, progress.totalSteps - epochs * perEpoch)
    case .steps(let steps):
      after.epoch -= steps / perEpoch
      after.epochs = max(1, progress.epochs - steps / perEpoch)
      after.step -= steps
      after.totalSteps = max(1, progress.totalSteps - steps)
    }
    return after
  }
}

/// A warm-up, followed by the full learning rate.
struct LinearWarmup: Schedule, Component {
  static let typeName = "linear_warmup"
  static let foreignNames = ["warmup", "linear_lr"]
  static let documentation = Documentation(
    "the factor increases linearly to 1 and stays there",
    equation: "factor = from + (1 − from)·t/n while t < n, then 1      (t: epochs or steps)",
    example: """
      schedule: {type: linear_warmup, steps: 500, from: 0.01}
      # every other schedule has the same as an option:
      schedule: {type: cosine, warmup: {epochs: 5}}
      """,
    source: "PyTorch's LinearLR")

  let warmup: Warmup

  init(from options: inout Options) { warmup = Warmup(from: &options) }

  var plannedLength: ScheduleLength? { warmup.length }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    warmup.factor(at: progress) ?? 1
  }
}

/// A schedule with an optional warm-up.
struct Warmed: Schedule {
  let warmup: Warmup
  let base: any Schedule

  var memory: Int { base.memory }
  var watchesLoss: Bool { base.watchesLoss }

  /// That of both. If one counts epochs and the other steps, that of the schedule.
  var plannedLength: ScheduleLength? {
    switch (warmup.length, base.plannedLength) {
    case (let length, nil): length
    case (.epochs(let before), .epochs(let length)?): .epochs(Warmed.sum(before, length))
    case (.steps(let before), .steps(let length)?): .steps(Warmed.sum(before, length))
    case (_, let length?): length
    }
  }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, isTooLarge) = a.addingReportingOverflow(b)
    return isTooLarge ? .max : sum
  }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    warmup.factor(at: progress) ?? base.factor(at: warmup.after(progress), memory: memory)
  }
}

extension ComponentType<any Schedule> {
  /// The same schedule type with the option `warmup: {epochs | steps, from}`.
  var warmed: ComponentType {
    let explanation =
      "{epochs | steps: n, from: 0}: a linear increase before the schedule begins"
    return making { options in
      let base = try make(&options)
      guard options.contains("warmup") else {
        _ = options.value("warmup", "a mapping", explanation, of: .keys)
        if options.isDescribing {
          var inner = Options()
          _ = Warmup(from: &inner)
          options.document("warmup", keys: inner.descriptions)
        }
        return base
      }
      return options.section("warmup", explanation) { Warmup(from: &$0) }
        .map { Warmed(warmup: $0, base: base) } ?? base
    }
  }
}
