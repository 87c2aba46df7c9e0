import NNExp

/// An optimizer's step over many parameters, block by block on all cores, or over parts with their
/// own learning rates.
///
/// A block has up to 16,384 parameters on every machine. The update of a parameter does not depend
/// on other parameters in its block.
final class BlockedOptimizerStep<S: Scalar>: SharedLoop {
  /// The number of parameters from which starting threads is worthwhile: about 20 µs of work.
  private static var fewest: Int { 1 << 16 }
  private static var size: Int { 1 << 14 }

  private let optimizer: any Optimizer
  private let blocks: [OptimizerStep<S>]
  /// The factor of each block's learning rate.
  private let factors: [Double]
  private let isShared: Bool
  /// The vectors of the optimizer's memory, block by block.
  private let tables: UnsafeMutablePointer<Tensor<S>>

  /// Nil if one step over the whole vector does the same.
  ///
  /// - Parameter parts: the parts of the vector with the factors of their learning rates.
  init?(
    _ optimizer: any Optimizer, _ whole: OptimizerStep<S>,
    parts: [(range: Range<Int>, factor: Double)]
  ) {
    isShared = whole.w.count >= BlockedOptimizerStep.fewest
    guard optimizer.memory.isElementwise, isShared || parts.contains(where: { $0.factor != 1 })
    else { return nil }
    self.optimizer = optimizer
    let pieces = parts.flatMap { part in
      stride(from: part.range.lowerBound, to: part.range.upperBound, by: BlockedOptimizerStep.size)
        .map { ($0..<min($0 + BlockedOptimizerStep.size, part.range.upperBound), part.factor) }
    }
    factors = pieces.map(\.1)
    let count = pieces.count
    let vectors = whole.vectors.count
    let tables = UnsafeMutablePointer<Tensor<S>>.allocate(capacity: max(1, count * vectors))
    self.tables = tables
    blocks = (0..<count).map { block in
      func piece(_ tensor: Tensor<S>) -> Tensor<S> {
        tensor.slice(from: pieces[block].0.lowerBound, shape: [pieces[block].0.count])
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
    for k in blocks.indices {
      blocks[k].setStep(step, learningRate: factors[k] * learningRate, loss: loss)
    }
    if isShared {
      performAll(blocks.count)
    } else {
      for block in blocks { block.run(optimizer) }
    }
  }

  @specialized(where S == Double)
  @specialized(where S == Float)
  override func perform(_ block: Int, thread: Int) {
    blocks[block].run(optimizer)
  }
}
