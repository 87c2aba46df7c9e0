import NNExp

// Claims about both passes that do not depend on the equation of the layer.

extension LayerTrial {
  /// The claims about exact or nearly exact equality, for one scalar type.
  func checkPasses<S: Scalar>(
    _ scalar: S.Type, _ recorder: inout Conformance.Recorder
  ) throws {
    let circumstance = "\(circumstance), \(S.dtypeName)"
    let first = try bench(S.self)
    let before = first.buffers.map(\.values)
    first.forward()
    recorder.claim(
      "forward keeps its inputs",
      changed(
        first, since: before,
        besides: first.outputs + first.scratch + (isTraining ? first.state : [])
      ).map { "forward writes to \($0); \(circumstance)" })

    let prepared = first.buffers.map(\.values)
    first.backward()
    recorder.claim(
      "backward keeps its inputs",
      changed(first, since: prepared, besides: first.sums + first.scratch).map {
        "backward writes to \($0); \(circumstance)"
      })

    // Repeats the passes from the same start.
    let again = try bench(S.self)
    again.forward()
    again.backward()
    recorder.claim(
      "is deterministic",
      differing(first, again).map { "\($0) differs between two runs; \(circumstance)" })

    // Repeats them after another batch, whose results remain in scratch.
    if recorder.holds("is deterministic") {
      var other = self
      other.draw.seed += 1
      try other.fill(again)
      again.forward()
      again.backward()
      try fill(again)
      again.forward()
      again.backward()
      recorder.claim(
        "keeps nothing between batches",
        differing(first, again).map {
          "\($0) differs after another batch; \(circumstance)"
        })
    }

    let second = try bench(S.self)
    for y in second.outputs { y.fill(7) }
    second.forward()
    let fault = zip(first.outputs, second.outputs).lazy.compactMap { first, second in
      let y = first.values
      return difference(y, second.values).map {
        "\(first.name)[\($0)] is \(shortest(y[$0])) over NaN but \(shortest(second.values[$0])) "
          + "over 7: it depends on the earlier contents; \(circumstance)"
      }
        ?? (draw.inputs.isOrdinary ? y.firstIndex(where: \.isNaN) : nil).map {
          "\(first.name)[\($0)] is nan; \(circumstance)"
        }
    }.first
    // This comparison needs repeatable passes.
    if recorder.holds("is deterministic") { recorder.claim("forward overwrites", fault) }
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
        "the \($0.0.name) differs if needsInputGradient is false; \(circumstance)"
      })

    let damaged = first.damaged + second.damaged + again.damaged + last.damaged
    recorder.claim(
      "stays in bounds",
      damaged.first.map { "numbers were written beyond the ends of \($0); \(circumstance)" })
  }

  /// The name of a result buffer with different bits. Scratch is not compared, because layers
  /// use it freely.
  private func differing<S: Scalar>(_ a: LayerBench<S>, _ b: LayerBench<S>) -> String? {
    zip(a.outputs + a.sums + a.state, b.outputs + b.sums + b.state).first {
      difference($0.values, $1.values) != nil
    }?.0.name
  }

  /// The name of a buffer that changed although it must not.
  private func changed<S: Scalar>(
    _ bench: LayerBench<S>, since before: [[S]], besides allowed: [GuardedBuffer<S>]
  ) -> String? {
    zip(bench.buffers, before).first { buffer, values in
      !allowed.contains { $0 === buffer } && difference(buffer.values, values) != nil
    }?.0.name
  }

  /// A sum that started at 7 must be 7 plus the sum that started at 0.
  private func overwritten<S: Scalar>(
    _ bench: LayerBench<S>, _ reference: LayerBench<S>
  ) -> String? {
    let tolerance = 64 * Double(S.ulpOfOne) * Double(samples)
    for (sum, gradient) in zip(bench.sums, reference.sums) {
      let expected = gradient.values.map { 7 + $0 }
      let size = 7 + gradient.values.reduce(0) { max($0, abs(Double($1))) }
      guard
        let found = disagreement(sum.values, expected, tolerance: tolerance, size: size)
      else { continue }
      let isOverwritten = found.found == Double(gradient.values[found.index])
      return "\(sum.name)[\(found.index)] started at 7 and is \(shortest(found.found)), expected "
        + shortest(found.expected) + (isOverwritten ? ": it overwrites (=, not +=)" : "")
    }
    return nil
  }

  /// The backward pass of dy times a power of 2 must give exactly that multiple, because the
  /// rounding is the same.
  func checkLinearity<S: Scalar>(
    _ scalar: S.Type, _ recorder: inout Conformance.Recorder
  ) throws {
    let whole = try bench(S.self)
    whole.forward()
    whole.backward()
    var fault: String?
    let tolerance = 64 * Double(S.ulpOfOne)
    for factor: S in [0x1p-14, 0x1p14] where fault == nil {
      let scaled = try bench(S.self)
      for dy in scaled.dOutputs { dy.values = dy.values.map { $0 * factor } }
      scaled.forward()
      scaled.backward()
      for (sum, expected) in zip(scaled.sums, whole.sums) where fault == nil {
        fault = disagreement(
          sum.values.map { $0 / factor }, expected.values, tolerance: tolerance,
          size: Double(S.leastNormalMagnitude / factor) / tolerance
        ).map {
          "\(sum.name)[\($0.index)] for \(shortest(factor))·dy is not \(shortest(factor)) times its "
            + "value for dy: \(shortest($0.found * Double(factor))), expected "
            + "\(shortest($0.expected * Double(factor))); \(circumstance), \(S.dtypeName)"
        }
      }
    }
    recorder.claim("backward is linear in dy", fault)
  }

  /// Evaluation must equal training for a plan without state, random numbers and coupled
  /// samples.
  func checkModes<S: Scalar>(_ scalar: S.Type, _ recorder: inout Conformance.Recorder) throws {
    guard !plan.claimsModes else { return }
    let (training, evaluation) = (try bench(S.self), try bench(S.self))
    evaluation.isTraining = false
    for bench in [training, evaluation] {
      bench.forward()
      bench.backward()
    }
    let pairs = zip(
      training.outputs + training.sums, evaluation.outputs + evaluation.sums)
    let fault = pairs.lazy.compactMap { training, evaluation in
      difference(training.values, evaluation.values).map {
        "\(training.name)[\($0)] is \(shortest(training.values[$0])) in training, "
          + "\(shortest(evaluation.values[$0])) in evaluation, and the plan has no state, is not "
          + "random and couples no samples; \(circumstance), \(S.dtypeName)"
      }
    }.first
    recorder.claim("evaluation equals training", fault)
  }

  /// A layer that declares an elementwise function must compute this function exactly,
  /// because the engine calls the kernels of the function instead.
  func checkFunction<S: Scalar>(
    _ scalar: S.Type, _ recorder: inout Conformance.Recorder
  ) throws {
    guard let function = layer.elementwise else { return }
    let bench = try bench(S.self)
    bench.forward()
    bench.backward()
    let kernels = try self.bench(S.self)
    let (x, y, dx) = (
      kernels.inputs[0].tensor, kernels.y.tensor, kernels.dInputs[0].tensor
    )
    map(function, x, into: y)
    addVJP(of: function, x: x, y: y, dy: kernels.dy.tensor, to: dx)
    recorder.claim(
      "equals its declared function",
      (difference(bench.y.values, kernels.y.values).map { "y[\($0)]" }
        ?? difference(bench.dInputs[0].values, kernels.dInputs[0].values).map { "dx[\($0)]" })
        .map { "\($0) is not that of \(function); \(circumstance), \(S.dtypeName)" })
  }

  /// A layer that recomputes the effect of one entry must agree with its forward pass.
  func checkEntries(_ recorder: inout Conformance.Recorder) throws {
    let name = "recomputes single entries"
    for (p, parameter) in plan.parameters.enumerated() {
      for number in 0..<8 {
        let entry = random.stream(6 + p).integer(below: parameter.shape.count, at: number)
        let (short, whole) = (try bench(Double.self), try bench(Double.self))
        short.forward()
        for bench in [short, whole] { bench.parameters[p].tensor[entry] += 0.125 }
        guard short.forward(changing: p, at: entry) else { break }
        whole.forward()
        let place = "\(parameter.name)[\(entry)]"
        let damaged = short.damaged.first.map {
          "numbers were written beyond the ends of \($0) for \(place); \(circumstance)"
        }
        recorder.claim(
          name,
          disagreement(
            short.outputs.flatMap(\.values), whole.outputs.flatMap(\.values), tolerance: 1e-12
          ).map {
            "y[\($0.index)] is \(shortest($0.found)) after a change of \(place) only, "
              + "\(shortest($0.expected)) after a whole pass; \(circumstance)"
          } ?? damaged)
      }
    }
  }

  /// Values that no data should have. A pass may compute anything for them, but must return
  /// and stay within its buffers.
  func checkHostile<S: Scalar>(
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
            // The values are the same everywhere, and finally a mixture.
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
          "numbers were written beyond the ends of \($0) for \(what); \(circumstance)"
        }
      }
    }
    recorder.claim("survives hostile values", fault, proof: "NaN, ±inf, huge, tiny, ±0")
  }
}
