import GradientCheck
import NNExp

/// A layer alone under the loss L = Σ c·y, where the cotangents c are whatever
/// its bench has in `dy`. Uniform ones would cancel in normalization layers.
final class LayerSubject: GradientSubject {
  let tensors: [SubjectTensor]
  private let bench: LayerBench<Double>
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

  private func buffer(_ t: Int) -> GuardedBuffer<Double> {
    let count = bench.parameters.count
    return t < count
      ? bench.parameters[t] : bench.inputs.filter { $0.tensor.count > 0 }[t - count]
  }

  func value(of tensor: Int, at index: Int) -> Double { buffer(tensor).tensor[index] }

  func setValue(_ x: Double, of tensor: Int, at index: Int) { buffer(tensor).tensor[index] = x }

  func loss(changing tensor: Int) -> Double {
    // A training pass may move the state; every evaluation starts from the same.
    for (buffer, values) in zip(bench.state, initialState) { buffer.values = values }
    bench.forward()
    var sum = 0.0
    for (y, dy) in zip(bench.outputs, bench.dOutputs) {
      for i in y.tensor.indices { sum += dy.tensor[i] * y.tensor[i] }
    }
    return sum
  }

  func analyticGradients() -> [[Double]] {
    for sum in bench.sums { sum.fill(0) }
    _ = loss(changing: 0)
    bench.backward()
    return (bench.gradients + bench.dInputs.filter { $0.tensor.count > 0 }).map(\.values)
  }

  func outputGradient(of tensor: Int) -> [Double]? {
    bench.outputs.count == 1 ? bench.dy.values : nil
  }
}
