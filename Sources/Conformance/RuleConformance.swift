import Datasets
public import NNExp

// The engine's requirements for metrics, schedules, initializers, generated data and data
// sources.

extension Conformance {
  /// Checks a metric on outputs of this shape and these targets.
  public static func of(
    _ type: ComponentType<any Metric>, options: ConfigValue = ConfigValue(.null), output: Shape,
    target: Target,
    outputs: Sampler = .normal()
  ) throws -> Conformance {
    let metric = try type.value(options)
    let size =
      try metric.plan(output: output, target: target)
      + MetricTrial.samples * metric.numbersPerSample(output: output, target: target)
    var recorder = Recorder()
    for seed in 0..<3 {
      let trial = MetricTrial(
        metric: metric, size: size, output: output, target: target, outputs: outputs, seed: seed)
      trial.run(Double.self, &recorder)
      trial.run(Float.self, &recorder)
    }
    return Conformance(
      subject: "\(type.name) \(output), \(describe(target))", claims: recorder.claims)
  }

  /// Checks a schedule on three epochs of four steps.
  public static func of(
    _ type: ComponentType<any Schedule>, options: ConfigValue = ConfigValue(.null)
  ) throws -> Conformance {
    func factors(changingHandsAt change: Int) throws -> (factors: [Double], damage: String?) {
      var schedule = try type.value(options)
      let memory = GuardedBuffer<Double>("memory", [schedule.memory], count: schedule.memory)
      var factors: [Double] = []
      for step in 0..<12 {
        if step == change { schedule = try type.value(options) }
        let progress = Progress(
          epoch: step / 4, step: step, epochs: 3, stepsPerEpoch: 4, isEpochStart: step % 4 == 0,
          loss: step < 4 || !schedule.watchesLoss ? .nan : 1 / Double(step))
        factors.append(schedule.factor(at: progress, memory: memory.tensor))
      }
      return (factors, memory.overrun)
    }
    let first = try factors(changingHandsAt: -1)
    var recorder = Recorder()
    recorder.claim(
      "finite and not negative",
      first.factors.firstIndex { !($0 >= 0 && $0.isFinite) }.map {
        "the factor of step \($0) is \(first.factors[$0])"
      })
    recorder.claim(
      "is deterministic",
      difference(first.factors, try factors(changingHandsAt: -1).factors).map {
        "the factor of step \($0) differs between two runs"
      })
    recorder.claim(
      "keeps nothing but its memory",
      difference(first.factors, try factors(changingHandsAt: 6).factors).map {
        "the factor of step \($0) differs if another instance continues at step 6"
      })
    recorder.claim("stays in bounds", first.damage.map { "it wrote \($0)" })
    return Conformance(subject: type.name, claims: recorder.claims)
  }

  /// Checks an initializer on a vector, a matrix and a kernel, except for shapes that it
  /// refuses.
  public static func of(
    _ type: ComponentType<any Initializer>, options: ConfigValue = ConfigValue(.null)
  ) throws -> Conformance {
    let initializer = try type.value(options)
    let random = RandomStream(seed: 1, purpose: "conformance of an initializer")
    var recorder = Recorder()
    var refusal: (any Error)?
    for shape: Shape in [[5], [4, 3], [2, 3, 3, 3]] {
      let first = GuardedBuffer<Double>("values", shape, count: shape.count)
      let second = GuardedBuffer<Double>("values", shape, count: shape.count)
      first.fill(.nan)
      second.fill(7)
      do {
        try initializer.fill(first.tensor, random: random)
        try initializer.fill(second.tensor, random: random)
      } catch {
        refusal = error
        continue
      }
      recorder.claim(
        "fills with finite numbers",
        first.values.firstIndex { !$0.isFinite }.map { "\(shape): entry \($0) is not finite" })
      recorder.claim(
        "is deterministic",
        difference(first.values, second.values).map {
          "\(shape): entry \($0) differs between two draws from the same stream, or depends on the earlier contents"
        })
      recorder.claim(
        "stays in bounds", (first.overrun ?? second.overrun).map { "\(shape): it wrote \($0)" })
    }
    if recorder.claims.isEmpty, let refusal { throw refusal }
    return Conformance(subject: type.name, claims: recorder.claims)
  }

  /// Checks a generated data set.
  public static func of(
    _ type: ComponentType<any Generator>, options: ConfigValue = ConfigValue(.null)
  ) throws -> Conformance {
    let generator = try type.value(options)
    let (samples, input, target) = (generator.samples, generator.inputShape, generator.target)
    var recorder = Recorder()
    let size = samples.multipliedReportingOverflow(by: max(1, input.count))
    recorder.claim(
      "has samples",
      samples > 0 && input.count > 0 && target.shape.count > 0 && !size.overflow
        ? nil : "\(samples) samples of \(input) → \(target.shape)")
    guard recorder.claims[0].verdict == .holds, size.partialValue <= 1 << 24 else {
      return Conformance(subject: type.name, claims: recorder.claims)
    }
    func make() -> (x: GuardedBuffer<Double>, t: GuardedBuffer<Double>) {
      let x = GuardedBuffer<Double>("inputs", input, count: samples * input.count)
      let t = GuardedBuffer<Double>("targets", target.shape, count: samples * target.shape.count)
      x.fill(.nan)
      t.fill(.nan)
      generator.generate(
        inputs: x.tensor, targets: t.tensor,
        random: RandomStream(seed: 1, purpose: "conformance of a generator"))
      return (x, t)
    }
    let first = make()
    let second = make()
    for (a, b) in [(first.x, second.x), (first.t, second.t)] {
      recorder.claim(
        "makes finite numbers",
        a.values.firstIndex { !$0.isFinite }.map { "\(a.name)[\($0)] is \(a.values[$0])" })
      recorder.claim(
        "is deterministic",
        difference(a.values, b.values).map {
          "\(a.name)[\($0)] differs between two draws from the same stream"
        })
      recorder.claim("stays in bounds", a.overrun.map { "it wrote \($0)" })
    }
    if case .classes(let count) = target {
      recorder.claim(
        "makes class indices",
        first.t.values.firstIndex { !($0 >= 0 && $0 < Double(count) && $0 == $0.rounded()) }
          .map { "targets[\($0)] is \(first.t.values[$0]), with \(count) classes" })
    }
    return Conformance(
      subject: "\(type.name), \(samples) samples of \(input), \(describe(target))",
      claims: recorder.claims)
  }

  /// Checks a data source by reading it twice.
  public static func of(
    _ type: ComponentType<any DataSource>, options: ConfigValue = ConfigValue(.null)
  ) throws -> Conformance {
    func read() throws -> SourceSamples.Held? {
      let request = DataRequest(random: RandomStream(seed: 1, purpose: "conformance of a source"))
      guard case .held(let held) = try type.value(options).read(request).content else {
        return nil
      }
      return held
    }
    var recorder = Recorder()
    let (first, second) = (try read(), try read())
    recorder.claim("has samples", nil, proof: first.map { "\($0.count) samples" } ?? "")
    if let first, let second {
      recorder.claim(
        "is deterministic",
        difference(first.inputs, second.inputs).map {
          "inputs[\($0)] differs between two draws from the same stream"
        }
          ?? difference(first.targets, second.targets).map {
            "targets[\($0)] differs between two draws from the same stream"
          })
    }
    return Conformance(subject: type.name, claims: recorder.claims)
  }

  /// Checks a column type on possible cells.
  public static func of(
    _ type: ComponentType<any ColumnType>, options: ConfigValue = ConfigValue(.null)
  ) throws -> Conformance {
    let cells = [
      "0", "1", "-2.5", "1e300", "1e999", "nan", "inf", "yes", "true", "2024-02-30", "12:34", "a b",
      "é", "\u{0}", String(repeating: "x", count: 65_536),
    ]
    let (first, second) = (try type.value(options), try type.value(options))
    var recorder = Recorder()
    var read = 0
    for cell in cells {
      let value = try? first.read(cell)
      if value != nil { read += 1 }
      let name = cell.utf8.count > 40 ? "a long text" : "'\(cell)'"
      var isFinite = true
      if case .number(let number)? = value { isFinite = number.isFinite }
      recorder.claim(
        "reads the same twice",
        value == (try? second.read(cell)) ? nil : "\(name) differs between two readings")
      recorder.claim("gives finite numbers", isFinite ? nil : "\(name) does not")
    }
    recorder.claim(
      "returns for any cell", nil, proof: "\(cells.count - read) refused, \(read) read")
    return Conformance(subject: type.name, claims: recorder.claims)
  }
}

private func describe(_ target: Target) -> String {
  switch target {
  case .values(let shape): "targets \(shape)"
  case .classes(let count): "\(count) classes"
  }
}

/// A metric with one set of random numbers.
private struct MetricTrial {
  static let samples = 6

  let metric: any Metric
  let size: Int
  let output: Shape
  let target: Target
  let outputs: Sampler
  let seed: Int

  func run<S: Scalar>(_ scalar: S.Type, _ recorder: inout Conformance.Recorder) {
    let samples = MetricTrial.samples
    let random = RandomStream(seed: UInt64(seed), purpose: "conformance of a metric")
    let z = GuardedBuffer<S>("z", output, count: samples * output.count)
    let t = GuardedBuffer<S>("t", target.shape, count: samples * target.shape.count)
    let tally = GuardedBuffer<Double>("tally", [size], count: size)
    outputs.fill(z.tensor, random.stream(0))
    var targets = Sampler.normal()
    var hasClasses = false
    if case .classes(let count) = target { (targets, hasClasses) = (.classes(count), true) }
    targets.fill(t.tensor, random.stream(1))

    func value(batches: Int) -> Double {
      tally.fill(0)
      let part = samples / batches
      for first in stride(from: 0, to: samples, by: part) {
        func view(_ buffer: GuardedBuffer<S>) -> Tensor<S> {
          let stride = buffer.tensor.shape.count
          return Tensor(
            start: buffer.tensor.start + first * stride, count: part * stride,
            shape: buffer.tensor.shape)
        }
        MetricPass(
          samples: part, z: view(z), t: view(t), hasClasses: hasClasses, threshold: 0.5,
          tally: tally.tensor
        ).run(metric)
      }
      return metric.value(of: tally.tensor)
    }
    let circumstance = "; seed \(seed), \(S.dtypeName)"
    let before = (z.values, t.values)
    let whole = value(batches: 1)
    let parts = value(batches: 3)
    recorder.claim(
      "is deterministic",
      whole.bitPattern == value(batches: 1).bitPattern
        ? nil
        : "two evaluations differ"
          + circumstance)
    recorder.claim(
      "adds batch by batch",
      abs(whole - parts) <= 64 * Double(S.ulpOfOne) * max(1, abs(whole)) || whole.isNaN
        ? nil
        : "it is \(shortest(whole)) for one batch, \(shortest(parts)) for three parts of it"
          + circumstance)
    recorder.claim(
      "keeps z and t",
      difference(before.0, z.values) == nil && difference(before.1, t.values) == nil
        ? nil : "it writes to them" + circumstance)
    recorder.claim(
      "stays in bounds",
      (z.overrun ?? t.overrun ?? tally.overrun).map { "it wrote \($0)" + circumstance })
  }
}
