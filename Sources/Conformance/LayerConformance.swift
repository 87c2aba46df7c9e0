import GradientCheck
public import NNExp

extension Conformance {
  /// Proves the layer of this type with these options, as a file gives them.
  ///
  /// - Throws: what the type says of the options, or of the inputs' shapes.
  public static func of(
    _ type: ComponentType<any Layer>, options: ConfigValue = ConfigValue(.null), inputs: [Port],
    settings: ConformanceSettings = ConformanceSettings()
  ) throws -> Conformance {
    try of(type.value(options), named: type.name, inputs: inputs, settings: settings)
  }

  /// Proves `layer` for inputs of these shapes.
  public static func of<L: Layer & Component>(
    _ layer: L, inputs: [Port], settings: ConformanceSettings = ConformanceSettings()
  ) throws -> Conformance {
    try of(layer, named: L.typeName, inputs: inputs, settings: settings)
  }

  /// Proves `layer`, a value of the type of that name, for inputs of these shapes.
  ///
  /// - Throws: what its `plan` says of the shapes.
  public static func of(
    _ layer: any Layer, named name: String, inputs: [Port],
    settings: ConformanceSettings = ConformanceSettings()
  ) throws -> Conformance {
    let plan = try layer.plan(for: inputs)
    var recorder = Recorder()
    LayerTrial.checkPlan(layer, plan, inputs, &recorder)
    // Evaluation is another function only for layers that say so.
    let modes =
      plan.isRandom || plan.couplesSamples || !plan.state.isEmpty ? [true, false] : [true]
    for isTraining in modes {
      for seed in 0..<max(1, settings.seeds) {
        let trial = LayerTrial(
          layer: layer, name: name, plan: plan, ports: inputs, settings: settings, seed: seed,
          isTraining: isTraining, state: nil)
        try trial.run(&recorder)
      }
    }
    let shapes = inputs.map { "\($0)" }.joined(separator: ", ")
    let outputs = plan.outputs.map { "\($0.shape)" }.joined(separator: ", ")
    return Conformance(
      subject: "\(name) \(shapes) → \(outputs)", claims: recorder.claims)
  }
}

/// One layer with one set of random numbers.
struct LayerTrial {
  let layer: any Layer
  let name: String
  let plan: Plan
  let ports: [Port]
  let settings: ConformanceSettings
  let seed: Int
  let isTraining: Bool

  /// The state to evaluate with, once a training pass has moved it.
  var state: [[Double]]?

  var samples: Int { max(2, settings.samples) }
  var circumstance: String { "seed \(seed), \(isTraining ? "training" : "evaluation")" }
  var random: RandomStream {
    RandomStream(seed: UInt64(seed), purpose: "conformance of a layer")
  }

  static func checkPlan(
    _ layer: any Layer, _ plan: Plan, _ inputs: [Port], _ recorder: inout Conformance.Recorder
  ) {
    var fault: String?
    let names = plan.parameters.map(\.name) + plan.state.map(\.name)
    let counts = layer.inputCount
    if let output = plan.outputs.first(where: { $0.count == 0 }) {
      fault = "the output \(output) is empty"
    }
    if let output = plan.outputs.first(where: \.isIndices) {
      fault = "the output \(output) has indices; an output has values"
    }
    if Set(plan.outputs.map(\.name)).count < plan.outputs.count {
      fault = "two outputs have one name: \(plan.outputs.map(\.name))"
    }
    if Set(names).count < names.count { fault = "two tensors have one name: \(names)" }
    if !counts.contains(inputs.count) {
      fault = "\(inputs.count) inputs, but inputCount is \(counts)"
    }
    if let again = try? layer.plan(for: inputs),
      String(describing: again) != String(describing: plan)
    {
      fault = "the second plan for \(inputs) is another"
    }
    recorder.claim("plan", fault, proof: "\(plan.parameters.count) parameter tensors")
  }

  func run(_ recorder: inout Conformance.Recorder) throws {
    var trial = self
    if !isTraining && !plan.state.isEmpty {
      // What evaluation meets is a state that training has moved.
      let moved = try bench(Double.self)
      moved.isTraining = true
      moved.forward()
      trial.state = moved.state.map(\.values)
    }
    try trial.checkGradients(&recorder)
    try trial.checkPasses(Double.self, &recorder)
    try trial.checkPasses(Float.self, &recorder)
    try trial.checkFunction(Double.self, &recorder)
    try trial.checkFunction(Float.self, &recorder)
    try trial.checkEntries(&recorder)
    try trial.checkPrecision(&recorder)
    try trial.checkIndependence(&recorder)
    try trial.checkHostile(Double.self, &recorder)
    try trial.checkHostile(Float.self, &recorder)
  }

  /// A bench with this trial's numbers, sums at 0, scratch and output NaN.
  func bench<S: Scalar>(_ scalar: S.Type, samples: Int? = nil) throws -> LayerBench<S> {
    let bench = try LayerBench<S>(layer, inputs: ports, samples: samples ?? self.samples)
    bench.isTraining = isTraining
    bench.random = random.stream(4)
    for (i, buffer) in bench.inputs.enumerated() {
      settings.inputs.fill(buffer.tensor, random.stream(0).stream(i))
    }
    for (i, buffer) in bench.parameters.enumerated() {
      let sampler = settings.parameter[buffer.name] ?? settings.parameters
      sampler.fill(buffer.tensor, random.stream(1).stream(i))
    }
    for (i, buffer) in bench.indices.enumerated() { buffer.fill(random.stream(0).stream(i)) }
    for (i, dy) in bench.dOutputs.enumerated() {
      Sampler.normal().fill(dy.tensor, i == 0 ? random.stream(2) : random.stream(2).stream(i))
    }
    for y in bench.outputs { y.fill(.nan) }
    for buffer in bench.scratch { buffer.fill(.nan) }
    if let state {
      for (buffer, values) in zip(bench.state, state) { buffer.values = values.map { S($0) } }
    }
    return bench
  }
}

extension LayerTrial {
  private func checkGradients(_ recorder: inout Conformance.Recorder) throws {
    var check = GradientCheckSettings.standard
    check.entries = .count(512)
    check.tolerance = settings.tolerance
    let subject = LayerSubject(try bench(Double.self), named: name)
    let report = GradientChecker(check, random: random.stream(3)).check(subject, at: "\(seed)")
    recorder.claim(gradientsOf: report, circumstance)
  }

  /// Everything that is to hold to the bit, or nearly, of one scalar type.
  private func checkPasses<S: Scalar>(
    _ scalar: S.Type, _ recorder: inout Conformance.Recorder
  ) throws {
    let circumstance = "\(circumstance), \(S.dtypeName)"
    let first = try bench(S.self)
    let before = first.buffers.map(\.values)
    first.forward()
    recorder.claim(
      "forward leaves alone",
      changed(
        first, since: before,
        besides: first.outputs + first.scratch + (isTraining ? first.state : [])
      ).map { "forward writes to \($0); \(circumstance)" })

    let second = try bench(S.self)
    for y in second.outputs { y.fill(7) }
    second.forward()
    let fault = zip(first.outputs, second.outputs).lazy.compactMap { first, second in
      let y = first.values
      return difference(y, second.values).map {
        "\(first.name)[\($0)] is \(shortest(y[$0])) over NaN but \(shortest(second.values[$0])) "
          + "over 7: it depends on what was there; \(circumstance)"
      }
        ?? y.firstIndex(where: \.isNaN).map { "\(first.name)[\($0)] is nan; \(circumstance)" }
    }.first
    recorder.claim("forward overwrites", fault)

    let prepared = first.buffers.map(\.values)
    first.backward()
    recorder.claim(
      "backward leaves alone",
      changed(first, since: prepared, besides: first.sums + first.scratch).map {
        "backward writes to \($0); \(circumstance)"
      })

    // Twice the same, from the same start.
    let again = try bench(S.self)
    again.forward()
    again.backward()
    let differing = zip(first.buffers, again.buffers).first {
      difference($0.values, $1.values) != nil
    }
    recorder.claim(
      "repeats to the bit",
      differing.map { "\($0.0.name) differs between two runs; \(circumstance)" })

    for sum in second.sums { sum.fill(7) }
    second.backward()
    recorder.claim("backward adds", overwritten(second, first).map { "\($0); \(circumstance)" })

    let last = try bench(S.self)
    last.forward()
    last.backward(needsInputGradient: false)
    let spoilt = zip(first.gradients, last.gradients).first {
      difference($0.values, $1.values) != nil
    }
    recorder.claim(
      "needs no dx",
      spoilt.map {
        "the \($0.0.name) differs where needsInputGradient is false; \(circumstance)"
      })

    let damaged = first.damaged + second.damaged + again.damaged + last.damaged
    recorder.claim(
      "stays in bounds",
      damaged.first.map { "something was written beyond the ends of \($0); \(circumstance)" })
  }

  /// The name of a buffer that changed, and may not.
  private func changed<S: Scalar>(
    _ bench: LayerBench<S>, since before: [[S]], besides allowed: [GuardedBuffer<S>]
  ) -> String? {
    zip(bench.buffers, before).first { buffer, values in
      !allowed.contains { $0 === buffer } && difference(buffer.values, values) != nil
    }?.0.name
  }

  /// Where sums that started at 7 are not 7 + what sums from 0 came to.
  private func overwritten<S: Scalar>(
    _ bench: LayerBench<S>, _ reference: LayerBench<S>
  ) -> String? {
    let tolerance = 64 * Double(S.ulpOfOne) * Double(samples)
    for (sum, gradient) in zip(bench.sums, reference.sums) {
      let expected = gradient.values.map { 7 + $0 }
      guard let found = disagreement(sum.values, expected, tolerance: tolerance) else { continue }
      let isOverwritten = found.found == Double(gradient.values[found.index])
      return "\(sum.name)[\(found.index)] started at 7 and is \(shortest(found.found)), expected "
        + shortest(found.expected) + (isOverwritten ? ": it overwrites (=, not +=)" : "")
    }
    return nil
  }

  /// What one entry moves, where the layer has a way of its own for that.
  private func checkEntries(_ recorder: inout Conformance.Recorder) throws {
    let name = "one entry as a whole pass"
    for (p, parameter) in plan.parameters.enumerated() {
      for draw in 0..<8 {
        let entry = random.stream(6 + p).integer(below: parameter.shape.count, at: draw)
        let (short, whole) = (try bench(Double.self), try bench(Double.self))
        short.forward()
        for bench in [short, whole] { bench.parameters[p].tensor[entry] += 0.125 }
        guard short.forward(changing: p, at: entry) else { break }
        whole.forward()
        let place = "\(parameter.name)[\(entry)]"
        let damaged = short.damaged.first.map {
          "something was written beyond the ends of \($0) for \(place); \(circumstance)"
        }
        recorder.claim(
          name,
          disagreement(
            short.outputs.flatMap(\.values), whole.outputs.flatMap(\.values), tolerance: 1e-12
          ).map {
            "y[\($0.index)] is \(shortest($0.found)) after a change of \(place) alone, "
              + "\(shortest($0.expected)) after a whole pass; \(circumstance)"
          } ?? damaged)
      }
    }
  }

  private func checkPrecision(_ recorder: inout Conformance.Recorder) throws {
    let wide = try bench(Double.self)
    let narrow = try bench(Float.self)
    wide.forward()
    narrow.forward()
    wide.backward()
    narrow.backward()
    var fault: String?
    for (a, b) in zip(narrow.outputs + narrow.sums, wide.outputs + wide.sums) where fault == nil {
      fault = disagreement(a.values, b.values, tolerance: settings.floatTolerance).map {
        "\(a.name)[\($0.index)] is \(shortest($0.found)) in float32, \(shortest($0.expected)) "
          + "in float64; \(circumstance)"
      }
    }
    recorder.claim("float32 agrees with float64", fault)
  }

  /// All samples at once, against one after the other.
  private func checkIndependence(_ recorder: inout Conformance.Recorder) throws {
    let name = "samples are independent"
    if plan.couplesSamples && isTraining {
      recorder.claim(name, nil, proof: "it says that they are not")
      return
    }
    let whole = try bench(Double.self)
    whole.forward()
    whole.backward()
    let one = try bench(Double.self, samples: 1)
    for sample in 0..<samples {
      func part(_ buffer: GuardedBuffer<Double>) -> [Double] {
        let count = buffer.tensor.shape.count
        return Array(buffer.values[sample * count..<(sample + 1) * count])
      }
      for (mine, all) in zip(one.inputs + one.dOutputs, whole.inputs + whole.dOutputs) {
        if !all.values.isEmpty { mine.values = part(all) }
      }
      for (mine, all) in zip(one.indices, whole.indices) { mine.take(sample: sample, of: all) }
      for dx in one.dInputs { dx.fill(0) }
      one.firstSample = sample
      one.forward()
      one.backward()
      for (mine, all) in zip(one.outputs + one.dInputs, whole.outputs + whole.dInputs)
      where !all.values.isEmpty {
        if let found = disagreement(mine.values, part(all), tolerance: 1e-11) {
          recorder.claim(
            name,
            "\(mine.name)[\(found.index)] of sample \(sample) is \(shortest(found.found)) alone, "
              + "\(shortest(found.expected)) in a batch of \(samples); \(circumstance)")
          return
        }
      }
    }
    // The sums over single samples went on through all of them.
    for (mine, all) in zip(one.gradients, whole.gradients) {
      if let found = disagreement(mine.values, all.values, tolerance: 1e-11) {
        recorder.claim(
          name,
          "the \(mine.name)[\(found.index)] is \(shortest(found.found)) sample by sample, "
            + "\(shortest(found.expected)) for the batch of \(samples); \(circumstance)")
        return
      }
    }
    recorder.claim(name, nil)
  }

  /// Values that no data should have: a pass may return what it likes for them,
  /// but must return, and stay in bounds.
  private func checkHostile<S: Scalar>(
    _ scalar: S.Type, _ recorder: inout Conformance.Recorder
  ) throws {
    let values: [S] = [
      .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
      .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 0, -0.0, 1e9, -1e9,
    ]
    var fault: String?
    for choice in 0...values.count where fault == nil {
      for hitsParameters in [false, true] where fault == nil {
        let bench = try bench(S.self)
        let hostile = bench.inputs + bench.dOutputs + (hitsParameters ? bench.parameters : [])
        for (b, buffer) in hostile.enumerated() {
          for i in buffer.tensor.indices {
            // One value throughout, and last a mixture.
            let pick =
              choice < values.count
              ? choice : random.stream(5 + b).integer(below: values.count, at: i)
            buffer.tensor[i] = values[pick]
          }
        }
        bench.forward()
        bench.backward()
        let what = choice < values.count ? shortest(values[choice]) : "a mixture"
        fault = bench.damaged.first.map {
          "something was written beyond the ends of \($0) for \(what); \(circumstance)"
        }
      }
    }
    recorder.claim("survives hostile values", fault, proof: "NaN, ±inf, huge, tiny, ±0")
  }
}
