import Conformance
import NNExp

extension LayerBench {
  var x: GuardedBuffer<S> { inputs[0] }
  var dx: GuardedBuffer<S> { dInputs[0] }

  /// Runs the forward pass with outputs and scratch filled with NaN.
  func runForward() {
    for buffer in [y] + scratch { buffer.fill(.nan) }
    forward()
  }

  /// Runs the backward pass with gradients filled with `prefill`.
  func runBackward(prefill: S = 0, needsInputGradient: Bool = true) {
    for buffer in sums { buffer.fill(prefill) }
    backward(needsInputGradient: needsInputGradient)
  }
}

extension GuardedBuffer {
  convenience init(_ values: [S], shape: Shape? = nil) {
    self.init("values", shape ?? [values.count], count: values.count)
    self.values = values
  }

  convenience init(zeros shape: Shape, copies: Int = 1) {
    self.init("zeros", shape, count: shape.count * copies)
  }

  var count: Int { tensor.count }
}
