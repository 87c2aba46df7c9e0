/// A function that is left to the layer before it; see `Plan.takesFunction`.
public struct Follower<S: Scalar>: @unchecked Sendable {
  let function: RealFunction
  /// What the function makes of the layer's output, and ∂L/∂ of that.
  let y: Tensor<S>
  let dy: Tensor<S>

  public init(_ function: RealFunction, y: Tensor<S>, dy: Tensor<S>) {
    self.function = function
    self.y = y
    self.dy = dy
  }
}

/// What a forward pass reads and writes. Batches are samples-outermost.
public final class Forward<S: Scalar>: @unchecked Sendable {
  /// Samples in this pass: a batch, or a shard of one.
  public let samples: Int

  /// The inputs, as many as the node declares. Never to be written.
  public let inputs: Tensors<S>

  /// The first input.
  public let x: Tensor<S>

  /// The output, to be overwritten.
  public let y: Tensor<S>

  /// The parameters, in the plan's order.
  public let parameters: Tensors<S>

  /// The state, in the plan's order; to be changed while training only.
  public let state: Tensors<S>

  /// Scratch, in the plan's order; backward finds what forward leaves.
  public let scratch: Tensors<S>

  /// True in a training step, false in an evaluation.
  public let isTraining: Bool

  /// The node's random numbers of this step; the same in both passes.
  @exclusivity(unchecked) public var random: RandomStream

  /// The position of this pass's first sample within its batch.
  public let firstSample: Int

  /// The function that was left to this layer, and where its values go.
  @usableFromInline let function: RealFunction?
  @usableFromInline let functionY: UnsafeMutablePointer<S>

  public init(
    samples: Int, inputs: Tensors<S>, y: Tensor<S>, parameters: Tensors<S>, state: Tensors<S>,
    scratch: Tensors<S>, isTraining: Bool, random: RandomStream, firstSample: Int,
    follower: Follower<S>? = nil
  ) {
    self.samples = samples
    self.inputs = inputs
    self.x = inputs[0]
    self.y = y
    self.parameters = parameters
    self.state = state
    self.scratch = scratch
    self.isTraining = isTraining
    self.random = random
    self.firstSample = firstSample
    function = follower?.function
    functionY = follower?.y.start ?? y.start
  }

  /// Applies the function that was left to this layer, if one was, to the whole of
  /// `y`; for the end of a pass whose plan `takesFunction`.
  @inlinable
  public func applyFunction() {
    applyFunction(to: 0..<y.count)
  }

  /// The same for some of `y`, just computed.
  @inlinable
  public func applyFunction(to entries: Range<Int>) {
    guard let function else { return }
    let first = entries.lowerBound
    S.map(function, y.start + first, into: functionY + first, count: entries.count)
  }
}

/// What a backward pass reads, and adds to.
public final class Backward<S: Scalar>: @unchecked Sendable {
  public let samples: Int

  /// The inputs of the forward pass.
  public let inputs: Tensors<S>

  /// The first input.
  public let x: Tensor<S>

  /// The output of the forward pass.
  public let y: Tensor<S>

  /// ∂L/∂y. Never to be written.
  public let dy: Tensor<S>

  /// ∂L/∂inputs, to be added to.
  public let dInputs: Tensors<S>

  /// ∂L/∂x of the first input, to be added to.
  public let dx: Tensor<S>

  /// False where nothing before this node learns: `dx` may be left alone then.
  public let needsInputGradient: Bool

  /// The parameters, in the plan's order.
  public let parameters: Tensors<S>

  /// ∂L/∂parameters, to be added to.
  public let gradients: Tensors<S>

  public let state: Tensors<S>
  public let scratch: Tensors<S>
  public let isTraining: Bool
  @exclusivity(unchecked) public var random: RandomStream
  public let firstSample: Int

  /// The function that was left to this layer, its values and ∂L/∂ of them.
  @usableFromInline let function: RealFunction?
  @usableFromInline let functionY: UnsafeMutablePointer<S>
  @usableFromInline let functionDy: UnsafeMutablePointer<S>

  public init(
    samples: Int, inputs: Tensors<S>, y: Tensor<S>, dy: Tensor<S>, dInputs: Tensors<S>,
    needsInputGradient: Bool, parameters: Tensors<S>, gradients: Tensors<S>, state: Tensors<S>,
    scratch: Tensors<S>, isTraining: Bool, random: RandomStream, firstSample: Int,
    follower: Follower<S>? = nil
  ) {
    self.samples = samples
    self.inputs = inputs
    self.x = inputs[0]
    self.y = y
    self.dy = dy
    self.dInputs = dInputs
    self.dx = dInputs[0]
    self.needsInputGradient = needsInputGradient
    self.parameters = parameters
    self.gradients = gradients
    self.state = state
    self.scratch = scratch
    self.isTraining = isTraining
    self.random = random
    self.firstSample = firstSample
    function = follower?.function
    functionY = follower?.y.start ?? y.start
    functionDy = follower?.dy.start ?? dy.start
  }

  /// Makes `dy` of ∂L/∂ of the function that was left to this layer, if one was; for
  /// the beginning of a pass whose plan `takesFunction`.
  @inlinable
  public func pullFunction() {
    guard let function else { return }
    addPullback(
      of: function, x: y, y: Tensor(start: functionY, count: y.count, shape: y.shape),
      dy: Tensor(start: functionDy, count: y.count, shape: y.shape), to: dy)
  }
}
