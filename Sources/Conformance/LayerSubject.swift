import GradientCheck
import NNExp

/// A function of several tensors with a vector-Jacobian product: a layer, or a loss.
protocol VJPSubject: AnyObject {
  /// The tensors that can be changed.
  var tensors: [SubjectTensor] { get }
  func buffer(_ tensor: Int) -> GuardedBuffer<Double>

  /// The outputs, and cotangents ∂L/∂y of the same shapes.
  var outputs: [GuardedBuffer<Double>] { get }
  var cotangents: [GuardedBuffer<Double>] { get }

  /// Computes `outputs` from the present values, always with the same initial state.
  func evaluate()

  /// The products Σ cotangent · ∂output/∂tensor after an evaluation.
  func vjp() -> [[Double]]
}

/// A layer on its bench, with the cotangents in the bench's `dy`.
final class LayerSubject: VJPSubject {
  let tensors: [SubjectTensor]
  let bench: LayerBench<Double>
  private let initialState: [[Double]]

  init(_ bench: LayerBench<Double>, named typeName: String) {
    self.bench = bench
    func tensor(_ buffer: GuardedBuffer<Double>, _ kind: SubjectTensor.Kind) -> SubjectTensor {
      SubjectTensor(
        node: typeName, type: typeName, name: buffer.name, kind: kind,
        shape: buffer.tensor.shape, samples: kind == .input ? bench.samples : 1,
        work: bench.plan.work)
    }
    tensors =
      bench.parameters.map { tensor($0, .parameter) }
      + bench.inputs.filter { $0.tensor.count > 0 }.map { tensor($0, .input) }
    initialState = bench.state.map(\.values)
  }

  func buffer(_ t: Int) -> GuardedBuffer<Double> {
    let count = bench.parameters.count
    return t < count
      ? bench.parameters[t] : bench.inputs.filter { $0.tensor.count > 0 }[t - count]
  }

  var outputs: [GuardedBuffer<Double>] { bench.outputs }
  var cotangents: [GuardedBuffer<Double>] { bench.dOutputs }

  func evaluate() {
    // A training pass can change the state; every evaluation starts from the same one.
    for (buffer, values) in zip(bench.state, initialState) { buffer.values = values }
    bench.forward()
  }

  func vjp() -> [[Double]] {
    for sum in bench.sums { sum.fill(0) }
    bench.backward()
    return (bench.gradients + bench.dInputs.filter { $0.tensor.count > 0 }).map(\.values)
  }
}
