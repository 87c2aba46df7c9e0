import NNExp

/// An optimizer's step over many parameters, block by block on all cores.
///
/// A block is 16,384 parameters on every machine. The update of a parameter does not depend on
/// other parameters in its block.
final class BlockedOptimizerStep<S: Scalar>: SharedLoop {
  /// The number of parameters from which starting threads is worthwhile: about 20 µs of work.
  private static var fewest: Int { 1 << 16 }
  private static var size: Int { 1 << 14 }

  private let optimizer: any Optimizer
  private let blocks: [OptimizerStep<S>]
  /// The vectors of the optimizer's memory, block by block.
  private let tables: UnsafeMutablePointer<Tensor<S>>

  /// Nil if the whole vector must be updated at once.
  init?(_ optimizer: any Optimizer, _ whole: OptimizerStep<S>) {
    guard optimizer.memory.isElementwise, whole.w.count >= BlockedOptimizerStep.fewest else {
      return nil
    }
    self.optimizer = optimizer
    let count = (whole.w.count + BlockedOptimizerStep.size - 1) / BlockedOptimizerStep.size
    let vectors = whole.vectors.count
    let tables = UnsafeMutablePointer<Tensor<S>>.allocate(capacity: max(1, count * vectors))
    self.tables = tables
    blocks = (0..<count).map { block in
      func piece(_ tensor: Tensor<S>) -> Tensor<S> {
        let first = block * BlockedOptimizerStep.size
        return tensor.slice(
          from: first, shape: [min(BlockedOptimizerStep.size, tensor.count - first)])
      }
      let table = tables + block * vectors
      for index in 0..<vectors { (table + index).initialize(to: piece(whole.vectors[index])) }
      return OptimizerStep(
        w: piece(whole.w), g: piece(whole.g), vectors: Tensors(start: table, count: vectors),
        scalars: whole.scalars)
    }
    super.init()
  }

  deinit { tables.deallocate() }

  func perform(learningRate: Double, step: Int, loss: Double) {
    for block in blocks { block.setStep(step, learningRate: learningRate, loss: loss) }
    performAll(blocks.count)
  }

  @specialized(where S == Double)
  @specialized(where S == Float)
  override func perform(_ block: Int) {
    blocks[block].run(optimizer)
  }
}
