import NNExp

extension LayerTrial {
  /// A layer that declares itself a function computes that function, to the bit:
  /// the engine calls the function's kernels in its place.
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
      "is its function",
      (difference(bench.y.values, kernels.y.values).map { "y[\($0)]" }
        ?? difference(bench.dInputs[0].values, kernels.dInputs[0].values).map { "dx[\($0)]" })
        .map { "\($0) is not that of \(function); \(circumstance), \(S.dtypeName)" })
  }
}
