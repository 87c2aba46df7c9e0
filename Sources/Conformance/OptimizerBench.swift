public import NNExp

/// An optimizer with its own buffers, each between canaries. It minimizes f(w) = ½ Σ cᵢ (wᵢ −
/// aᵢ)², a quadratic with a different curvature along every axis.
public final class OptimizerBench<S: Scalar> {
  public var optimizer: any Optimizer
  public let w: GuardedBuffer<S>
  public let g: GuardedBuffer<S>
  public let vectors: [GuardedBuffer<S>]
  public let scalars: GuardedBuffer<Double>
  public private(set) var steps = 0

  /// The learning rate η of every step; by default, that of the optimizer.
  public var learningRate: Double

  private let lowest: [S]
  private let slopes: [S]
  private let views: UnsafeMutablePointer<Tensor<S>>

  public init(_ optimizer: any Optimizer, count: Int, seed: Int = 0) {
    self.optimizer = optimizer
    learningRate = optimizer.learningRate
    let memory = optimizer.memory
    w = GuardedBuffer("w", [count], count: count)
    g = GuardedBuffer("g", [count], count: count)
    vectors = (0..<memory.vectors).map { GuardedBuffer("vector \($0)", [count], count: count) }
    scalars = GuardedBuffer("scalars", [memory.scalars], count: memory.scalars)
    let random = RandomStream(seed: UInt64(seed), purpose: "optimizer bench")
    lowest = (0..<count).map { S(random.stream(0).normal(at: $0)) }
    slopes = (0..<count).map { S(0.5 + random.stream(1).uniform(at: $0)) }
    views = .allocate(capacity: max(1, vectors.count))
    for (i, vector) in vectors.enumerated() { (views + i).initialize(to: vector.tensor) }
    Sampler.normal().fill(w.tensor, random.stream(2))
  }

  deinit { views.deallocate() }

  /// Computes f at the present w, and writes the gradient to g.
  @discardableResult
  public func evaluate() -> Double {
    var loss = 0.0
    for i in w.tensor.indices {
      let d = w.tensor[i] - lowest[i]
      loss += 0.5 * Double(slopes[i] * d * d)
      g.tensor[i] = slopes[i] * d
    }
    return loss
  }

  public func step() {
    steps += 1
    let loss = evaluate()
    let evaluate: (() -> Double)? =
      optimizer.memory.needsFullBatch ? { [self] in self.evaluate() } : nil
    OptimizerStep(
      w: w.tensor, g: g.tensor, vectors: Tensors(start: views, count: vectors.count),
      scalars: scalars.tensor, learningRate: learningRate, step: steps, loss: loss,
      evaluate: evaluate
    ).run(optimizer)
  }

  /// Does the same as `step`, in blocks of `size` parameters, each of which begins with the same
  /// scalars.
  func step(by size: Int) {
    steps += 1
    let loss = evaluate()
    let numbers = scalars.values
    for first in stride(from: 0, to: w.tensor.count, by: size) {
      let count = min(size, w.tensor.count - first)
      for (i, number) in numbers.enumerated() { scalars.tensor[i] = number }
      func slice(_ tensor: Tensor<S>) -> Tensor<S> { tensor.slice(from: first, shape: [count]) }
      withUnsafeTemporaryAllocation(of: Tensor<S>.self, capacity: max(1, vectors.count)) { table in
        for (i, vector) in vectors.enumerated() {
          (table.baseAddress! + i).initialize(to: slice(vector.tensor))
        }
        OptimizerStep(
          w: slice(w.tensor), g: slice(g.tensor),
          vectors: Tensors(start: table.baseAddress!, count: vectors.count),
          scalars: scalars.tensor, learningRate: learningRate, step: steps, loss: loss,
          evaluate: nil
        ).run(optimizer)
      }
    }
  }

  public var buffers: [GuardedBuffer<S>] { [w, g] + vectors }
}
