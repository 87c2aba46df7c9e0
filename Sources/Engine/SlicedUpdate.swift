import NNExp

/// An optimizer's step over many parameters, slice by slice on all cores.
///
/// A slice is 16,384 parameters whatever the machine, and what happens to a
/// parameter does not depend on the others in its slice.
final class SlicedUpdate<S: Scalar>: SharedLoop {
  /// What is worth waking a thread for: 20 µs or so.
  private static var fewest: Int { 1 << 16 }
  private static var size: Int { 1 << 14 }

  private let optimizer: any Optimizer
  private let whole: Update<S>
  private let count: Int
  /// The memory's vectors, slice by slice.
  private let tables: UnsafeMutablePointer<Tensor<S>>

  private var learningRate = 0.0
  private var step = 0
  private var loss = 0.0

  /// Nil where the whole is to be stepped at once.
  init?(_ optimizer: any Optimizer, _ whole: Update<S>) {
    guard optimizer.memory.isElementwise, whole.w.count >= SlicedUpdate.fewest else { return nil }
    self.optimizer = optimizer
    self.whole = whole
    count = (whole.w.count + SlicedUpdate.size - 1) / SlicedUpdate.size
    tables = .allocate(capacity: max(1, count * whole.vectors.count))
    super.init()
    for part in 0..<count {
      for index in 0..<whole.vectors.count {
        (tables + part * whole.vectors.count + index)
          .initialize(to: slice(whole.vectors[index], part))
      }
    }
  }

  deinit { tables.deallocate() }

  func perform(learningRate: Double, step: Int, loss: Double) {
    self.learningRate = learningRate
    self.step = step
    self.loss = loss
    takeAll(count)
  }

  @specialized(where S == Double)
  @specialized(where S == Float)
  override func take(_ part: Int) {
    let vectors = whole.vectors.count
    S.step(
      optimizer,
      Update(
        w: slice(whole.w, part), g: slice(whole.g, part),
        vectors: Tensors(start: tables + part * vectors, count: vectors), scalars: whole.scalars,
        learningRate: learningRate, step: step, loss: loss, evaluate: nil))
  }

  private func slice(_ tensor: Tensor<S>, _ part: Int) -> Tensor<S> {
    let first = part * SlicedUpdate.size
    let count = min(SlicedUpdate.size, tensor.count - first)
    return tensor.slice(from: first, shape: [count])
  }
}
