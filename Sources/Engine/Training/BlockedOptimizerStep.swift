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
  /// The numbers of its memory, and their copies, which each block changes in the same way.
  private let scalars: Tensor<Double>
  private let copies: UnsafeMutablePointer<Double>

  /// Nil if one step over the whole vector does the same.
  ///
  /// - Parameters:
  ///   - parts: the parts of the vector with the factors of their learning rates.
  ///   - sparse: replaces a range of the vector by the columns of a batch.
  init?(
    _ optimizer: any Optimizer, _ whole: OptimizerStep<S>,
    parts: [(range: Range<Int>, factor: Double)], sparse: SparseInput<S>? = nil
  ) {
    isShared = whole.w.count >= BlockedOptimizerStep.fewest
    guard optimizer.memory.isElementwise, isShared || parts.contains(where: { $0.factor != 1 })
    else { return nil }
    self.optimizer = optimizer
    func divided(_ range: Range<Int>) -> [Range<Int>] {
      stride(from: range.lowerBound, to: range.upperBound, by: BlockedOptimizerStep.size)
        .map { $0..<min($0 + BlockedOptimizerStep.size, range.upperBound) }
    }
    let skipped = sparse?.range ?? 0..<0
    let pieces = parts.flatMap { part -> [(range: Range<Int>, factor: Double)] in
      let before = part.range.clamped(to: 0..<skipped.lowerBound)
      let after = part.range.clamped(to: skipped.upperBound..<whole.w.count)
      return (divided(before) + divided(after)).map { ($0, part.factor) }
    }
    let columns = sparse.map { divided($0.weight.indices) } ?? []
    let factor = parts.first { $0.range.contains(skipped.lowerBound) }?.factor ?? 1
    factors = pieces.map(\.factor) + columns.map { _ in factor }
    let count = pieces.count
    let vectors = whole.vectors.count
    let tables = UnsafeMutablePointer<Tensor<S>>.allocate(capacity: max(1, count * vectors))
    self.tables = tables
    let scalars = whole.scalars
    let copies = UnsafeMutablePointer<Double>.allocate(
      capacity: max(1, scalars.count * factors.count))
    copies.initialize(repeating: 0, count: scalars.count * factors.count)
    (self.scalars, self.copies) = (scalars, copies)
    func copy(_ block: Int) -> Tensor<Double> {
      Tensor(
        start: copies + block * scalars.count, count: scalars.count, shape: scalars.shape)
    }
    let steps = (0..<count).map { block in
      func piece(_ tensor: Tensor<S>) -> Tensor<S> {
        tensor.slice(from: pieces[block].range.lowerBound, shape: [pieces[block].range.count])
      }
      let table = tables + block * vectors
      for index in 0..<vectors { (table + index).initialize(to: piece(whole.vectors[index])) }
      return OptimizerStep(
        w: piece(whole.w), g: piece(whole.g), vectors: Tensors(start: table, count: vectors),
        scalars: copy(block))
    }
    let columnSteps = columns.enumerated().map { index, range in
      OptimizerStep(
        w: sparse!.weight.slice(range), g: sparse!.gradient.slice(range),
        vectors: whole.vectors, scalars: copy(count + index))
    }
    blocks = steps + columnSteps
    super.init()
  }

  deinit {
    tables.deallocate()
    copies.deallocate()
  }

  func perform(learningRate: Double, step: Int, loss: Double) {
    for k in blocks.indices {
      blocks[k].setStep(step, learningRate: factors[k] * learningRate, loss: loss)
      for i in scalars.indices { copies[k &* scalars.count &+ i] = scalars[i] }
    }
    if isShared {
      performAll(blocks.count)
    } else {
      for block in blocks { block.run(optimizer) }
    }
    if blocks.isEmpty { return }
    for i in scalars.indices { scalars[i] = copies[i] }
  }

  @specialized(where S == Double)
  @specialized(where S == Float)
  override func perform(_ block: Int, thread: Int) {
    blocks[block].run(optimizer)
  }
}
