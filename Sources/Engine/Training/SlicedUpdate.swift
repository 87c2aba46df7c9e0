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
  private let slices: [OptimizerStep<S>]
  /// The memory's vectors, slice by slice.
  private let tables: UnsafeMutablePointer<Tensor<S>>

  /// Nil where the whole is to be stepped at once.
  init?(_ optimizer: any Optimizer, _ whole: OptimizerStep<S>) {
    guard optimizer.memory.isElementwise, whole.w.count >= SlicedUpdate.fewest else { return nil }
    self.optimizer = optimizer
    let count = (whole.w.count + SlicedUpdate.size - 1) / SlicedUpdate.size
    let vectors = whole.vectors.count
    let tables = UnsafeMutablePointer<Tensor<S>>.allocate(capacity: max(1, count * vectors))
    self.tables = tables
    slices = (0..<count).map { part in
      func slice(_ tensor: Tensor<S>) -> Tensor<S> {
        let first = part * SlicedUpdate.size
        return tensor.slice(
          from: first, shape: [min(SlicedUpdate.size, tensor.count - first)])
      }
      let table = tables + part * vectors
      for index in 0..<vectors { (table + index).initialize(to: slice(whole.vectors[index])) }
      return OptimizerStep(
        w: slice(whole.w), g: slice(whole.g), vectors: Tensors(start: table, count: vectors),
        scalars: whole.scalars)
    }
    super.init()
  }

  deinit { tables.deallocate() }

  func perform(learningRate: Double, step: Int, loss: Double) {
    for slice in slices { slice.go(to: step, learningRate: learningRate, loss: loss) }
    takeAll(slices.count)
  }

  @specialized(where S == Double)
  @specialized(where S == Float)
  override func take(_ part: Int) {
    slices[part].run(optimizer)
  }
}
