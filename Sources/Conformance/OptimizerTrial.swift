public import NNExp

extension Conformance {
  /// Checks the optimizer of this type with the options of a file, on a quadratic.
  public static func of(
    _ type: ComponentType<any Optimizer>, options: ConfigValue = ConfigValue(.null)
  ) throws -> Conformance {
    func make() throws -> any Optimizer { try type.value(options) }
    var recorder = Recorder()
    for seed in 0..<3 {
      try OptimizerTrial(make: make, seed: seed).run(Double.self, &recorder)
      try OptimizerTrial(make: make, seed: seed).run(Float.self, &recorder)
      try OptimizerTrial(make: make, seed: seed).checkPrecision(&recorder)
    }
    return Conformance(
      subject: "\(type.name) on 7 parameters", claims: recorder.claims)
  }
}

private struct OptimizerTrial {
  let make: () throws -> any Optimizer
  let seed: Int

  private func bench<S: Scalar>(_ scalar: S.Type, steps: Int) throws -> OptimizerBench<S> {
    let bench = OptimizerBench<S>(try make(), count: 7, seed: seed)
    for _ in 0..<steps { bench.step() }
    return bench
  }

  func run<S: Scalar>(_ scalar: S.Type, _ recorder: inout Conformance.Recorder) throws {
    let circumstance = "seed \(seed), \(S.dtypeName)"
    func claim(_ name: String, _ fault: String?) {
      recorder.claim(name, fault.map { "\($0); \(circumstance)" })
    }
    let steps = 6
    let first = try bench(S.self, steps: steps)
    let again = try bench(S.self, steps: steps)
    claim(
      "is deterministic",
      difference(first.w.values, again.w.values).map { "w[\($0)] differs between two descents" })
    claim(
      "stays finite",
      first.w.values.firstIndex { !$0.isFinite }.map { "w[\($0)] is \(first.w.values[$0])" })
    claim("stays in bounds", first.damage.map { "its step wrote \($0)" })

    // All state between steps is in the memory, which a checkpoint saves.
    let resumed = try bench(S.self, steps: steps / 2)
    resumed.optimizer = try make()
    for _ in steps / 2..<steps { resumed.step() }
    claim(
      "keeps nothing but its memory",
      difference(first.w.values, resumed.w.values).map {
        "w[\($0)] differs if another instance continues after step \(steps / 2)"
      })

    if first.optimizer.memory.isElementwise {
      let blocked = try bench(S.self, steps: 0)
      for _ in 0..<steps { blocked.step(by: 3) }
      claim(
        "steps each parameter by itself",
        difference(first.w.values, blocked.w.values).map {
          "w[\($0)] differs if parameters are updated in groups of three"
        })
    }

    let descent = try bench(S.self, steps: 0)
    let start = descent.evaluate()
    for _ in 0..<200 { descent.step() }
    let end = descent.evaluate()
    claim(
      "descends",
      end < start
        ? nil : "the loss is \(shortest(end)) after 200 steps, \(shortest(start)) before")
  }

  func checkPrecision(_ recorder: inout Conformance.Recorder) throws {
    let narrow = try bench(Float.self, steps: 6)
    let wide = try bench(Double.self, steps: 6)
    recorder.claim(
      "float32 agrees with float64",
      disagreement(narrow.w.values, wide.w.values, tolerance: 1e-3).map {
        "w[\($0.index)] is \(shortest($0.found)) in float32, \(shortest($0.expected)) in float64; "
          + "seed \(seed)"
      })
  }
}

extension OptimizerBench {
  /// A description of the numbers written beyond the ends of any buffer.
  var damage: String? { buffers.lazy.compactMap(\.overrun).first ?? scalars.overrun }
}
