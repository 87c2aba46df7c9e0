import GradientCheck
public import NNExp

extension Conformance {
  /// Checks the layer of this type with the options of a file.
  ///
  /// - Throws: the errors of the type about the options or the shapes of the inputs.
  public static func of(
    _ type: ComponentType<any Layer>, options: ConfigValue = ConfigValue(.null), inputs: [Port],
    settings: ConformanceSettings = ConformanceSettings()
  ) throws -> Conformance {
    try of(type.value(options), named: type.name, inputs: inputs, settings: settings)
  }

  /// Checks `layer` with inputs of these shapes.
  public static func of<L: Layer & Component>(
    _ layer: L, inputs: [Port], settings: ConformanceSettings = ConformanceSettings()
  ) throws -> Conformance {
    try of(layer, named: L.typeName, inputs: inputs, settings: settings)
  }

  /// Checks `layer`, a value of the type with this name, with inputs of these shapes.
  ///
  /// - Throws: the errors of its `plan` about the shapes.
  public static func of(
    _ layer: any Layer, named name: String, inputs: [Port],
    settings: ConformanceSettings = ConformanceSettings()
  ) throws -> Conformance {
    let plan = try layer.plan(for: inputs)
    var recorder = Recorder()
    LayerTrial.checkPlan(layer, plan, inputs, &recorder)
    let planClaims = recorder.claims
    recorder = Recorder()
    var gradients = GradientTally()
    // Evaluation differs from training only for layers that declare it.
    let modes = plan.claimsModes ? [true, false] : [true]
    for isTraining in modes {
      for draw in LayerDraw.all(settings, isTraining: isTraining) {
        let trial = LayerTrial(
          layer: layer, name: name, plan: plan, ports: inputs, settings: settings, draw: draw)
        try trial.run(&gradients, &recorder)
        if draw.number == 0, settings.triesLargeBatch {
          try trial.checkLargeBatch(&recorder)
        }
      }
    }
    let shapes = inputs.map { "\($0)" }.joined(separator: ", ")
    let outputs = plan.outputs.map { "\($0.shape)" }.joined(separator: ", ")
    return Conformance(
      subject: "\(name) \(shapes) → \(outputs)",
      claims: planClaims + gradients.claims + recorder.claims)
  }
}

extension Plan {
  /// Whether training and evaluation can differ.
  var claimsModes: Bool { isRandom || couplesSamples || !state.isEmpty }
}

/// A layer with the numbers of one draw.
struct LayerTrial {
  let layer: any Layer
  let name: String
  let plan: Plan
  let ports: [Port]
  let settings: ConformanceSettings
  var draw: LayerDraw

  var samples: Int { draw.samples }
  var isTraining: Bool { draw.isTraining }
  var circumstance: String { draw.circumstance }
  var random: RandomStream { draw.random }

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
      fault = "two outputs have the same name: \(plan.outputs.map(\.name))"
    }
    if Set(names).count < names.count { fault = "two tensors have the same name: \(names)" }
    if !counts.contains(inputs.count) {
      fault = "\(inputs.count) inputs, but inputCount is \(counts)"
    }
    if let again = try? layer.plan(for: inputs),
      String(describing: again) != String(describing: plan)
    {
      fault = "a second plan for \(inputs) differs"
    }
    recorder.claim("plan", fault, proof: "\(plan.parameters.count) parameter tensors")
  }

  func run(_ gradients: inout GradientTally, _ recorder: inout Conformance.Recorder) throws {
    try gradients.check(
      LayerSubject(bench(Double.self), named: name), samples: samples, settings: settings,
      random: random.stream(3), circumstance: circumstance
    ) {
      var other = self
      other.draw.samples = samples == 3 ? 5 : 3
      return (LayerSubject(try other.bench(Double.self), named: name), other.samples)
    }
    try checkPasses(Double.self, &recorder)
    try checkPasses(Float.self, &recorder)
    try checkLinearity(Double.self, &recorder)
    try checkLinearity(Float.self, &recorder)
    try checkModes(Double.self, &recorder)
    try checkModes(Float.self, &recorder)
    try checkFunction(Double.self, &recorder)
    try checkFunction(Float.self, &recorder)
    try checkEntries(&recorder)
    try checkPrecision(&recorder)
    try checkShards(Double.self, &recorder)
    try checkShards(Float.self, &recorder)
    if draw.isFirst {
      try checkHostile(Double.self, &recorder)
      try checkHostile(Float.self, &recorder)
    }
  }

  /// A bench with the numbers of this draw; sums are 0, scratch and outputs are NaN.
  func bench<S: Scalar>(_ scalar: S.Type) throws -> LayerBench<S> {
    let bench = try LayerBench<S>(layer, inputs: ports, samples: samples)
    for buffer in bench.scratch { buffer.fill(.nan) }
    try fill(bench)
    return bench
  }

  /// Sets everything except scratch to the numbers of this draw.
  func fill<S: Scalar>(_ bench: LayerBench<S>) throws {
    bench.isTraining = isTraining
    bench.random = random.stream(4)
    for (i, buffer) in bench.inputs.enumerated() {
      draw.inputs.fill(buffer.tensor, random.stream(0).stream(i))
    }
    for (i, buffer) in bench.parameters.enumerated() {
      let sampler = settings.parameter[buffer.name] ?? draw.parameters
      sampler.fill(buffer.tensor, random.stream(1).stream(i))
    }
    for (i, buffer) in bench.indices.enumerated() { buffer.fill(random.stream(0).stream(i)) }
    for (i, dy) in bench.dOutputs.enumerated() {
      draw.cotangents.fill(dy.tensor, i == 0 ? random.stream(2) : random.stream(2).stream(i))
    }
    for y in bench.outputs { y.fill(.nan) }
    for sum in bench.sums { sum.fill(0) }
    for (buffer, state) in zip(bench.state, plan.state) { buffer.fill(S(state.value)) }
    guard draw.hasMovedState, !plan.state.isEmpty else { return }
    // The state is usually that after a training pass on other samples.
    var other = self
    other.draw.isTraining = true
    other.draw.hasMovedState = false
    other.draw.inputs = settings.inputs[0]
    other.draw.seed += 1
    let moved = try other.bench(Double.self)
    moved.forward()
    for (buffer, state) in zip(bench.state, moved.state) {
      buffer.values = state.values.map { S(Float($0)) }
    }
  }
}
