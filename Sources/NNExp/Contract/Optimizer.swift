/// A rule that moves the parameters w by their gradients g.
///
/// All trainable parameters are one vector; frozen ones are not in it.
public protocol Optimizer: Sendable {
  /// The learning rate η of the file, before any schedule.
  var learningRate: Double { get }

  /// How much memory the rule keeps between steps.
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

/// The numbers that an optimizer keeps between steps; they start as zero and are saved
/// with a checkpoint.
public struct OptimizerMemory: Sendable {
  /// Vectors as long as the parameters.
  public let vectors: Int
  /// Single numbers.
  public let scalars: Int
  /// True if a step evaluates the loss again, so that it needs the full batch.
  public let needsFullBatch: Bool
  /// True if the step of one parameter depends only on its own numbers, and
  /// changes no scalar: many parameters are then stepped block by block, on all
  /// cores.
  public let isElementwise: Bool

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
  /// The parameters, to be changed.
  public let w: Tensor<S>

  /// The gradients; may be overwritten.
  public let g: Tensor<S>

  /// The memory's vectors, each as long as `w`.
  public let vectors: Tensors<S>

  /// The memory's single numbers.
  public let scalars: Tensor<Double>

  /// η of this step.
  @inlinable public var learningRate: Double { moment.pointee.learningRate }

  /// 1 at the first step.
  @inlinable public var step: Int { moment.pointee.step }

  /// The loss at `w` before this step.
  @inlinable public var loss: Double { moment.pointee.loss }

  /// Evaluates the loss and its gradients `g` at the present `w`, on the same
  /// batch. Only for optimizers whose memory says `needsFullBatch`.
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

  /// Makes it the update of another step.
  package func go(to step: Int, learningRate: Double, loss: Double) {
    moment.pointee = Moment(learningRate: learningRate, step: step, loss: loss)
  }
}
