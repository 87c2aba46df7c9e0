public import NNExp

/// Checks that a component of a plugin does not write beyond its buffers. It runs a pass
/// between canaries before the component can access the memory of a network.
///
/// Each check returns the first fault as a fact about `it`, or nil.
public enum BufferCheck {
  /// Runs both passes for two samples in both precisions, with the shapes of the plan.
  ///
  /// - Throws: the error of the layer's plan.
  public static func fault(of layer: any Layer, inputs: [Port]) throws -> String? {
    try fault(of: layer, inputs, Float.self) ?? fault(of: layer, inputs, Double.self)
  }

  private static func fault<S: Scalar>(
    of layer: any Layer, _ inputs: [Port], _ scalar: S.Type
  ) throws -> String? {
    func bench() throws -> LayerBench<S> {
      let bench = try LayerBench<S>(layer, inputs: inputs, samples: 2)
      let random = RandomStream(seed: 0, purpose: "check of buffers")
      for (index, buffer) in (bench.inputs + bench.parameters + bench.dOutputs).enumerated() {
        Sampler.normal(0.5).fill(buffer.tensor, random.stream(index))
      }
      return bench
    }
    let first = try bench()
    let given = first.inputs + first.parameters
    for y in first.outputs { y.fill(.nan) }
    let before = given.map(\.values)
    first.forward()
    if let fault = damage(to: first.buffers, by: "its forward pass")
      ?? change(of: given, since: before, by: "its forward pass")
    {
      return fault
    }
    let again = try bench()
    for y in again.outputs { y.fill(.nan) }
    again.forward()
    for (y, other) in zip(first.outputs, again.outputs) {
      guard let index = difference(y.values, other.values) else { continue }
      return "two forward passes on the same numbers differ: \(y.name)[\(index)] is "
        + "\(shortest(y.values[index])), then \(shortest(other.values[index]))"
    }
    let second = try bench()
    for y in second.outputs { y.fill(7) }
    second.forward()
    for (y, other) in zip(first.outputs, second.outputs) {
      guard let index = difference(y.values, other.values) else { continue }
      return "its forward pass does not write \(y.name)[\(index)]; its plan declares "
        + "\(y.tensor.shape) per sample, and must overwrite all of y"
    }
    let fixed = given + first.outputs + first.dOutputs
    let after = fixed.map(\.values)
    first.backward()
    return damage(to: first.buffers, by: "its backward pass")
      ?? change(of: fixed, since: after, by: "its backward pass")
  }

  /// Runs the loss for two samples, with and without a gradient, in both precisions.
  public static func fault(of loss: any Loss, output: Shape, target: Target) -> String? {
    fault(of: loss, output, target, Float.self) ?? fault(of: loss, output, target, Double.self)
  }

  private static func fault<S: Scalar>(
    of loss: any Loss, _ output: Shape, _ target: Target, _ scalar: S.Type
  ) -> String? {
    let bench = LossBench<S>(loss, samples: 2, output: output, target: target)
    // Zeros are valid targets of any kind, and 0.5 can be a probability or a logit.
    bench.z.fill(0.5)
    let before = [bench.z, bench.t].map(\.values)
    bench.evaluate(isAdding: false)
    bench.evaluate(isAdding: true)
    return damage(to: [bench.z, bench.t, bench.dz], by: "its evaluation")
      ?? change(of: [bench.z, bench.t], since: before, by: "its evaluation")
  }

  /// Runs two steps on seven parameters in both precisions.
  public static func fault(of optimizer: any Optimizer) -> String? {
    fault(of: optimizer, Float.self) ?? fault(of: optimizer, Double.self)
  }

  private static func fault<S: Scalar>(of optimizer: any Optimizer, _ scalar: S.Type) -> String? {
    let bench = OptimizerBench<S>(optimizer, count: 7)
    for _ in 0..<2 {
      bench.step()
      if let fault = damage(to: bench.buffers, by: "its step") { return fault }
    }
    return nil
  }

  private static func damage<S: Scalar>(to buffers: [GuardedBuffer<S>], by pass: String) -> String?
  {
    buffers.lazy.compactMap(\.overrun).first.map { "\(pass) wrote \($0)" }
  }

  private static func change<S: Scalar>(
    of buffers: [GuardedBuffer<S>], since before: [[S]], by pass: String
  ) -> String? {
    for (buffer, values) in zip(buffers, before) {
      if let index = difference(values, buffer.values) {
        return "\(pass) wrote to \(buffer.name)[\(index)], which it must not change: "
          + "\(shortest(values[index])) became \(shortest(buffer.values[index]))"
      }
    }
    return nil
  }
}
