import Conformance
import NNExp

extension LayerBench {
  var x: GuardedBuffer<S> { inputs[0] }
  var dx: GuardedBuffer<S> { dInputs[0] }

  /// Forward, from outputs and scratch that hold NaN.
  func runForward() {
    for buffer in [y] + scratch { buffer.fill(.nan) }
    forward()
  }

  /// Backward, onto gradients that all hold `prefill`.
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
