/// A rule that updates the parameters w from their gradients g.
///
/// All trainable parameters form one vector, which does not contain frozen ones.
public protocol Optimizer: Sendable {
  /// The initial learning rate η from the file, before the schedule's factor. Not negative.
  var learningRate: Double { get }

  /// The amount of memory that the rule keeps between steps.
  var memory: OptimizerMemory { get }

  func step(_ pass: OptimizerStep<Float>)
  func step(_ pass: OptimizerStep<Double>)
}

extension Component where Self: Optimizer {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Optimizer>> {
    \.optimizers
  }
  public var erased: any Optimizer { self }
}

/// The numbers that an optimizer keeps between steps. They start as 0 and are saved in
/// checkpoints.
public struct OptimizerMemory: Sendable {
  /// The number of vectors with one entry per parameter.
  public let vectors: Int
  /// The number of single numbers.
  public let scalars: Int
  /// True if a step evaluates the loss again and therefore needs the full batch.
  public let needsFullBatch: Bool
  /// True if the step of a parameter depends only on that parameter's own numbers and on scalars,
  /// and the scalars on no parameter. Many parameters are then updated block by block on all cores,
  /// each block with its own copy of the scalars.
  public let isElementwise: Bool

  /// True if the rule keeps no numbers and does not change a parameter whose gradient is 0.
  package var skipsZeros = false

  public init(
    vectors: Int = 0, scalars: Int = 0, needsFullBatch: Bool = false, isElementwise: Bool = false
  ) {
    self.vectors = vectors
    self.scalars = scalars
    self.needsFullBatch = needsFullBatch
    self.isElementwise = isElementwise
  }
}

/// The tensors that one optimizer step reads and changes.
public final class OptimizerStep<S: Scalar> {
  /// The parameters, which the step changes.
  public let w: Tensor<S>

  /// The gradients, which the step may overwrite.
  public let g: Tensor<S>

  /// The vectors of the memory, each as long as `w`.
  public let vectors: Tensors<S>

  /// The single numbers of the memory.
  public let scalars: Tensor<Double>

  /// The learning rate η of this step, after the schedule's factor.
  @inlinable public var learningRate: Double { moment.pointee.learningRate }

  /// The number of this step; the first is 1.
  @inlinable public var step: Int { moment.pointee.step }

  /// The loss at `w` before this step.
  @inlinable public var loss: Double { moment.pointee.loss }

  /// Evaluates the loss and its gradients `g` at the current `w`, on the same batch. Nil unless
  /// the optimizer's memory has `needsFullBatch`.
  public package(set) var evaluate: (() -> Double)?

  /// The values that differ from step to step.
  @usableFromInline
  @frozen
  struct Moment {
    @usableFromInline var learningRate: Double
    @usableFromInline var step: Int
    @usableFromInline var loss: Double
  }

  @usableFromInline let moment: UnsafeMutablePointer<Moment>

  public init(
    w: Tensor<S>, g: Tensor<S>, vectors: Tensors<S>, scalars: Tensor<Double>,
    learningRate: Double = 0, step: Int = 0, loss: Double = 0, evaluate: (() -> Double)? = nil
  ) {
    self.w = w
    self.g = g
    self.vectors = vectors
    self.scalars = scalars
    self.evaluate = evaluate
    moment = .allocate(capacity: 1)
    moment.initialize(to: Moment(learningRate: learningRate, step: step, loss: loss))
  }

  deinit { moment.deallocate() }

  /// Prepares the update for another step.
  package func setStep(_ step: Int, learningRate: Double, loss: Double) {
    moment.pointee = Moment(learningRate: learningRate, step: step, loss: loss)
  }
}
