import NNExp

// What the engine relies upon where it leaves a function to the layer before it.

extension LayerTrial {
  /// A layer that says which function it is computes no more and no less.
  func checkFunction<S: Scalar>(
    _ scalar: S.Type, _ recorder: inout Conformance.Recorder
  ) throws {
    guard let function = layer.function else { return }
    let bench = try bench(S.self)
    bench.forward()
    bench.backward()
    let x = bench.inputs[0].tensor
    let (y, dx) = (bench.functionY, bench.functionDy)
    dx.fill(0)
    map(function, x, into: y.tensor)
    addPullback(of: function, x: x, y: y.tensor, dy: bench.dy.tensor, to: dx.tensor)
    recorder.claim(
      "is its function",
      (difference(bench.y.values, y.values).map { "y[\($0)]" }
        ?? difference(bench.dInputs[0].values, dx.values).map { "dx[\($0)]" })
        .map { "\($0) is not that of \(function); \(circumstance), \(S.dtypeName)" })
  }

  /// A layer that takes a function computes with it what the two would one by one, to
  /// the bit.
  func checkFollower<S: Scalar>(
    _ scalar: S.Type, _ recorder: inout Conformance.Recorder
  ) throws {
    guard plan.takesFunction else { return }
    for function in [RealFunction.logistic, .tanh, .exp] {
      let alone = try bench(S.self)
      let slopes = alone.dy.values
      alone.forward()
      map(function, alone.y.tensor, into: alone.functionY.tensor)
      alone.functionDy.values = slopes
      alone.dy.fill(0)
      addPullback(
        of: function, x: alone.y.tensor, y: alone.functionY.tensor, dy: alone.functionDy.tensor,
        to: alone.dy.tensor)
      alone.backward()

      let both = try bench(S.self)
      both.function = function
      both.functionY.fill(.nan)
      both.functionDy.values = slopes
      both.dy.fill(0)
      both.forward()
      both.backward()
      let differing = zip(alone.buffers, both.buffers).first { a, b in
        !alone.scratch.contains { $0 === a } && difference(a.values, b.values) != nil
      }
      let damaged = both.damaged.first.map { "something was written beyond the ends of \($0)" }
      recorder.claim(
        "takes a function",
        (damaged ?? differing.map { "\($0.0.name) differs where \(function) is left to it" })
          .map { "\($0); \(circumstance), \(S.dtypeName)" })
    }
  }
}
