/// The tensors that a forward pass reads and writes. Samples are the outermost axis.
public final class ForwardPass<S: Scalar>: @unchecked Sendable {
  /// The number of samples in this pass: those of a batch, or of a shard of one.
  public let samples: Int

  /// The inputs, in the order of the node's declaration. The pass must not write them.
  public let inputs: Tensors<S>

  /// The first input.
  public let x: Tensor<S>

  /// The inputs that are indices, by their position among all inputs.
  public let indices: IndexInputs

  /// The outputs, in the plan's order, which the pass overwrites.
  public let outputs: Tensors<S>

  /// The first output.
  public let y: Tensor<S>

  /// The parameters, in the plan's order.
  public let parameters: Tensors<S>

  /// The state, in the plan's order. The pass may change it only while training.
  public let state: Tensors<S>

  /// The scratch tensors, in the plan's order. The backward pass reads what the forward pass
  /// stored.
  public let scratch: Tensors<S>

  /// True in a training step, false in an evaluation.
  public let isTraining: Bool

  /// The node's random numbers of this step, which are the same in both passes.
  @exclusivity(unchecked) public var random: RandomStream

  /// The index of this pass's first sample within its batch.
  public let firstSample: Int

  public init(
    samples: Int, inputs: Tensors<S>, indices: IndexInputs = .none, outputs: Tensors<S>,
    parameters: Tensors<S>, state: Tensors<S>, scratch: Tensors<S>, isTraining: Bool,
    random: RandomStream, firstSample: Int
  ) {
    self.samples = samples
    self.inputs = inputs
    self.x = inputs[0]
    self.indices = indices
    self.outputs = outputs
    self.y = outputs[0]
    self.parameters = parameters
    self.state = state
    self.scratch = scratch
    self.isTraining = isTraining
    self.random = random
    self.firstSample = firstSample
  }
}

/// The tensors that a backward pass reads, and those that it adds to.
public final class BackwardPass<S: Scalar>: @unchecked Sendable {
  /// The number of samples in this pass: those of a batch, or of a shard of one.
  public let samples: Int

  /// The inputs of the forward pass.
  public let inputs: Tensors<S>

  /// The first input.
  public let x: Tensor<S>

  /// The inputs that are indices, by their position among all inputs.
  public let indices: IndexInputs

  /// The outputs of the forward pass, in the plan's order.
  public let outputs: Tensors<S>

  /// The first output.
  public let y: Tensor<S>

  /// ∂L/∂outputs. The pass must not write them.
  public let dOutputs: Tensors<S>

  /// ∂L/∂y of the first output.
  public let dy: Tensor<S>

  /// ∂L/∂inputs, which the pass adds to.
  public let dInputs: Tensors<S>

  /// ∂L/∂x of the first input, which the pass adds to.
  public let dx: Tensor<S>

  /// False if no node before this one has parameters to learn: the pass may then leave `dx`
  /// unchanged.
  public let needsInputGradient: Bool

  /// The parameters, in the plan's order.
  public let parameters: Tensors<S>

  /// True if the pass overwrites `dx`, which contains arbitrary numbers, in place of adding to it.
  /// Only for layers whose plan allows it.
  package let storesInputGradient: Bool

  /// The same for the gradients of the parameters.
  package let storesGradients: Bool

  /// ∂L/∂parameters, which the pass adds to.
  public let gradients: Tensors<S>

  /// The state and scratch tensors after the forward pass, in the plan's order.
  public let state: Tensors<S>
  public let scratch: Tensors<S>
  /// As in the forward pass.
  public let isTraining: Bool
  @exclusivity(unchecked) public var random: RandomStream
  public let firstSample: Int

  /// Creates a pass that adds to all gradients.
  public convenience init(
    samples: Int, inputs: Tensors<S>, indices: IndexInputs = .none, outputs: Tensors<S>,
    dOutputs: Tensors<S>, dInputs: Tensors<S>, needsInputGradient: Bool, parameters: Tensors<S>,
    gradients: Tensors<S>, state: Tensors<S>, scratch: Tensors<S>, isTraining: Bool,
    random: RandomStream, firstSample: Int
  ) {
    self.init(
      samples: samples, inputs: inputs, indices: indices, outputs: outputs, dOutputs: dOutputs,
      dInputs: dInputs, needsInputGradient: needsInputGradient, storesInputGradient: false,
      parameters: parameters, gradients: gradients, storesGradients: false, state: state,
      scratch: scratch, isTraining: isTraining, random: random, firstSample: firstSample)
  }

  package init(
    samples: Int, inputs: Tensors<S>, indices: IndexInputs, outputs: Tensors<S>,
    dOutputs: Tensors<S>, dInputs: Tensors<S>, needsInputGradient: Bool,
    storesInputGradient: Bool, parameters: Tensors<S>, gradients: Tensors<S>,
    storesGradients: Bool, state: Tensors<S>, scratch: Tensors<S>, isTraining: Bool,
    random: RandomStream, firstSample: Int
  ) {
    self.samples = samples
    self.inputs = inputs
    self.x = inputs[0]
    self.indices = indices
    self.outputs = outputs
    self.y = outputs[0]
    self.dOutputs = dOutputs
    self.dy = dOutputs[0]
    self.dInputs = dInputs
    self.dx = dInputs[0]
    self.needsInputGradient = needsInputGradient
    self.storesInputGradient = storesInputGradient
    self.parameters = parameters
    self.gradients = gradients
    self.storesGradients = storesGradients
    self.state = state
    self.scratch = scratch
    self.isTraining = isTraining
    self.random = random
    self.firstSample = firstSample
  }
}
