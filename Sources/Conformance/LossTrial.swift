import GradientCheck
public import NNExp

extension Conformance {
  /// Checks the loss of this type with the options of a file.
  public static func of(
    _ type: ComponentType<any Loss>, options: ConfigValue = ConfigValue(.null), output: Shape,
    target: Target,
    settings: ConformanceSettings = ConformanceSettings()
  ) throws -> Conformance {
    try of(
      type.value(options), named: type.name, output: output, target: target, settings: settings)
  }

  /// Checks `loss` with outputs of this shape and these targets.
  public static func of<L: Loss & Component>(
    _ loss: L, output: Shape, target: Target,
    settings: ConformanceSettings = ConformanceSettings()
  ) throws -> Conformance {
    try of(loss, named: L.typeName, output: output, target: target, settings: settings)
  }

  /// Checks `loss`, a value of the type with this name.
  ///
  /// `settings.inputs` are the distributions of z (of probabilities for a loss that requires
  /// them), and `settings.targets` is the distribution of t: by default normal numbers or
  /// class indices.
  ///
  /// - Throws: the errors of its `plan` about the shapes.
  public static func of(
    _ loss: any Loss, named name: String, output: Shape, target: Target,
    settings: ConformanceSettings = ConformanceSettings()
  ) throws -> Conformance {
    try loss.plan(output: output, target: target)
    var recorder = Recorder()
    var gradients = GradientTally()
    for draw in LayerDraw.all(settings, isTraining: true) {
      let trial = LossTrial(
        loss: loss, name: name, output: output, target: target, settings: settings, draw: draw)
      trial.checkGradient(&gradients)
      trial.checkValues(Double.self, &recorder)
      trial.checkValues(Float.self, &recorder)
      trial.checkPrecision(&recorder)
      if draw.isFirst {
        trial.checkHostile(Double.self, &recorder)
        trial.checkHostile(Float.self, &recorder)
      }
    }
    let targets =
      switch target {
      case .values(let shape): "targets \(shape)"
      case .classes(let count): "\(count) classes"
      }
    return Conformance(
      subject: "\(name) \(output), \(targets)", claims: gradients.claims + recorder.claims)
  }
}

/// A loss with its own buffers, each between canaries.
final class LossBench<S: Scalar> {
  let loss: any Loss
  let samples: Int
  let z: GuardedBuffer<S>
  let t: GuardedBuffer<S>
  let dz: GuardedBuffer<S>
  private let hasClasses: Bool

  init(_ loss: any Loss, samples: Int, output: Shape, target: Target) {
    self.loss = loss
    self.samples = samples
    z = GuardedBuffer("z", output, count: samples * output.count)
    dz = GuardedBuffer("dz", output, count: samples * output.count)
    t = GuardedBuffer("t", target.shape, count: samples * target.shape.count)
    if case .classes = target { hasClasses = true } else { hasClasses = false }
  }

  /// Σ ℓ over the samples; adds to `dz` if `isAdding`.
  @discardableResult
  func evaluate(isAdding: Bool, scale: S = 1) -> Double {
    let pass = LossPass(
      samples: samples, z: z.tensor, t: t.tensor, hasClasses: hasClasses,
      dz: isAdding ? dz.tensor : nil, scale: scale)
    if let pass = pass as? LossPass<Double> { return loss.evaluate(pass) }
    if let pass = pass as? LossPass<Float> { return loss.evaluate(pass) }
    preconditionFailure("a pass is of Float or Double")
  }

  var damaged: [String] { [z, t, dz].filter { !$0.isIntact }.map(\.name) }
}

/// A loss as a function of the network's output. Its cotangent is the factor of the gradient.
private final class LossSubject: VJPSubject {
  let tensors: [SubjectTensor]
  let outputs: [GuardedBuffer<Double>]
  let cotangents: [GuardedBuffer<Double>]
  private let bench: LossBench<Double>

  init(_ bench: LossBench<Double>, named name: String) {
    self.bench = bench
    tensors = [
      SubjectTensor(
        node: name, type: name, name: "z", kind: .input, shape: bench.z.tensor.shape,
        samples: bench.samples)
    ]
    outputs = [GuardedBuffer("the loss", [1], count: 1)]
    cotangents = [GuardedBuffer("scale", [1], count: 1)]
    cotangents[0].fill(1)
  }

  func buffer(_ tensor: Int) -> GuardedBuffer<Double> { bench.z }
  func evaluate() { outputs[0].fill(bench.evaluate(isAdding: false)) }

  func vjp() -> [[Double]] {
    bench.dz.fill(0)
    bench.evaluate(isAdding: true, scale: cotangents[0].tensor[0])
    return [bench.dz.values]
  }
}

/// A loss with one set of random numbers.
private struct LossTrial {
  let loss: any Loss
  let name: String
  let output: Shape
  let target: Target
  let settings: ConformanceSettings
  var draw: LayerDraw

  var samples: Int { draw.samples }
  var random: RandomStream { draw.random }
  var circumstance: String {
    "draw \(draw.number) of seed \(draw.seed): \(samples) sample\(samples == 1 ? "" : "s"), "
      + "z \(draw.inputs.name)"
  }

  func bench<S: Scalar>(_ scalar: S.Type, samples: Int? = nil) -> LossBench<S> {
    let bench = LossBench<S>(
      loss, samples: samples ?? self.samples, output: output, target: target)
    draw.inputs.fill(bench.z.tensor, random.stream(0))
    let targets: Sampler
    switch target {
    case .values: targets = settings.targets ?? .normal()
    case .classes(let count): targets = settings.targets ?? .classes(count)
    }
    targets.fill(bench.t.tensor, random.stream(1))
    return bench
  }

  func checkGradient(_ gradients: inout GradientTally) {
    gradients.check(
      LossSubject(bench(Double.self), named: name), samples: samples, settings: settings,
      random: random.stream(3), circumstance: circumstance
    ) {
      var other = self
      other.draw.samples = samples == 3 ? 5 : 3
      return (LossSubject(other.bench(Double.self), named: name), other.samples)
    }
  }

  func checkValues<S: Scalar>(_ scalar: S.Type, _ recorder: inout Conformance.Recorder) {
    let circumstance = "\(circumstance), \(S.dtypeName)"
    func claim(_ name: String, _ fault: String?) {
      recorder.claim(name, fault.map { "\($0); \(circumstance)" })
    }
    let first = bench(S.self)
    let z = first.z.values
    let t = first.t.values
    let value = first.evaluate(isAdding: true)
    let gradient = first.dz.values
    claim(
      "keeps z and t",
      difference(z, first.z.values).map { "it writes to z[\($0)]" }
        ?? difference(t, first.t.values).map { "it writes to t[\($0)]" })

    let again = bench(S.self)
    let repeated = again.evaluate(isAdding: true)
    claim(
      "is deterministic",
      repeated.bitPattern == value.bitPattern && difference(gradient, again.dz.values) == nil
        ? nil : "two evaluations differ")
    again.dz.fill(7)
    let alone = again.evaluate(isAdding: false)
    claim(
      "value needs no dz",
      alone.bitPattern == value.bitPattern
        ? nil : "the value is \(shortest(alone)) without dz, \(shortest(value)) with it")

    let tolerance = 64 * Double(S.ulpOfOne)
    again.evaluate(isAdding: true)
    claim(
      "adds to dz",
      disagreement(again.dz.values, gradient.map { 7 + $0 }, tolerance: tolerance).map {
        "dz[\($0.index)] started at 7 and is \(shortest($0.found)), expected "
          + shortest($0.expected)
      })
    again.dz.fill(0)
    let scaled = again.evaluate(isAdding: true, scale: 0.25)
    claim(
      "scales dz, not the value",
      scaled.bitPattern != value.bitPattern
        ? "the value is \(shortest(scaled)) at scale 0.25, \(shortest(value)) at 1"
        : disagreement(again.dz.values, gradient.map { 0.25 * $0 }, tolerance: tolerance).map {
          "dz[\($0.index)] is \(shortest($0.found)) at scale 0.25, expected "
            + shortest($0.expected)
        })

    var sum = 0.0
    let one = bench(S.self, samples: 1)
    for sample in 0..<samples {
      let zCount = output.count
      let tCount = target.shape.count
      one.z.values = Array(z[sample * zCount..<(sample + 1) * zCount])
      one.t.values = Array(t[sample * tCount..<(sample + 1) * tCount])
      sum += one.evaluate(isAdding: false)
    }
    claim(
      "sums over the samples",
      abs(sum - value) <= tolerance * Double(samples) * max(abs(sum), abs(value))
        ? nil : "the batch has \(shortest(value)), its samples together \(shortest(sum))")
    let damaged = first.damaged + again.damaged + one.damaged
    claim(
      "stays in bounds",
      damaged.first.map { "numbers were written beyond the ends of \($0)" })
  }

  func checkPrecision(_ recorder: inout Conformance.Recorder) {
    let narrow = bench(Float.self)
    let value = Float(narrow.evaluate(isAdding: true))
    let wide = bench(Double.self)
    var ordinary = self
    ordinary.draw.inputs = settings.inputs[0]
    ordinary.draw.samples = max(9, samples)
    let usual = ordinary.bench(Double.self)
    let isOrdinary = draw.inputs.isOrdinary
    var bounds = [
      PrecisionBound(
        [wide.evaluate(isAdding: true)], usual: [usual.evaluate(isAdding: true)],
        isOrdinary: isOrdinary),
      PrecisionBound(wide.dz.values, usual: usual.dz.values, isOrdinary: isOrdinary),
    ]
    func results(movedBy amount: Double, _ number: Int) -> [[Double]] {
      let moved = bench(Double.self)
      // Class indices are not perturbed.
      var read = [moved.z]
      if case .values = target { read.append(moved.t) }
      PrecisionBound.move(read, by: amount, random.stream(-1 - number))
      return [[moved.evaluate(isAdding: true)], moved.dz.values]
    }
    let found = [[value], narrow.dz.values]
    func violation() -> (tensor: Int, index: Int)? {
      for (k, bound) in bounds.enumerated() {
        if let i = bound.violation(of: found[k]) {
          return (k, i)
        }
      }
      return nil
    }
    for number in 0..<3 {
      for (b, values) in results(movedBy: 1, number).enumerated() { bounds[b].widen(by: values) }
    }
    if violation() != nil {
      for number in 3..<27 {
        for (b, values) in results(movedBy: 16, number).enumerated() { bounds[b].allow(values) }
      }
    }
    let fault = violation().map { tensor, index in
      let bound = bounds[tensor]
      return (tensor == 0 ? "the value" : "dz[\(index)]")
        + " is \(shortest(found[tensor][index])) in float32, \(shortest(bound.values[index])) in "
        + "float64, and rounding explains \(shortest(Float(bound.bound(at: index)))) at most; "
        + circumstance
    }
    recorder.claim("float32 agrees with float64", estimated: fault)
  }

  /// Outputs that no network should have, with valid targets.
  func checkHostile<S: Scalar>(_ scalar: S.Type, _ recorder: inout Conformance.Recorder) {
    let values: [S] = [
      .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
      .leastNonzeroMagnitude, 0, -0.0, 1, 1e9, -1e9,
    ]
    var fault: String?
    for choice in 0...values.count where fault == nil {
      let bench = bench(S.self)
      for i in bench.z.tensor.indices {
        let pick =
          choice < values.count
          ? choice : random.stream(5).integer(below: values.count, at: i)
        bench.z.tensor[i] = values[pick]
      }
      bench.evaluate(isAdding: true)
      fault = bench.damaged.first.map {
        "numbers were written beyond the ends of \($0); \(circumstance)"
      }
    }
    recorder.claim("survives hostile values", fault, proof: "NaN, ±inf, huge, tiny, ±0")
  }
}
