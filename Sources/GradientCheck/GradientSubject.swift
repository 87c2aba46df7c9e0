public import NNExp

/// The function that a gradient check differentiates: a float64 network with a frozen batch
/// and frozen random numbers, or a single layer.
///
/// The checker changes one tensor at a time. It restores every entry to the same bits and
/// evaluates the loss once more before it changes the next tensor, so that results which a
/// subject keeps for earlier nodes are then valid.
public protocol GradientSubject: AnyObject {
  /// Every parameter and the inputs of every node, in graph order, followed by the input of
  /// each loss.
  var tensors: [SubjectTensor] { get }

  func value(of tensor: Int, at index: Int) -> Double

  /// Changes one entry. For an `.input` tensor, this is the activation that the node reads;
  /// it keeps its value until the next change.
  func setValue(_ x: Double, of tensor: Int, at index: Int)

  /// The loss for the present values, without regularization. Only the nodes from the
  /// tensor's node on need to be recomputed.
  func loss(changing tensor: Int) -> Double

  /// The same, if only this entry has changed since the last `loss(changing:)` of this tensor
  /// or the last `analyticGradients`.
  func loss(changing tensor: Int, at index: Int) -> Double

  /// The gradient of this loss by back-propagation for each tensor, after a complete forward
  /// pass with the present parameters. All activations are then those of that pass.
  func analyticGradients() -> [[Double]]

  /// The same after perturbing x, all parameters, every y of the forward pass and every ∂L/∂y
  /// of the backward pass by a unit in the last place. Restores all values.
  func roundedGradients(_ step: RoundingStep) -> [[Double]]

  /// The loss after perturbing x, all parameters and every y of the forward pass. Restores
  /// all values.
  func roundedLoss(_ step: RoundingStep) -> Double

  /// The layers and losses that read a tensor; empty if the subject cannot run them by
  /// themselves.
  func readers(of tensor: Int) -> [any IsolatedLayer]

  /// The outputs of the tensor's node and of all later nodes after `loss(changing:)`; empty
  /// if they are unknown.
  func activations(after tensor: Int) -> [Double]

  /// The first node whose forward pass gives other bits if it is repeated.
  func firstNondeterministicNode() -> SubjectNode?

  /// The first node with an output that is not finite.
  func firstNonfiniteNode() -> SubjectNode?

  /// ∂L/∂y of the tensor's node for all samples; nil if that gradient is also the gradient of
  /// another node's input. Used only for diagnoses.
  func outputGradient(of tensor: Int) -> [Double]?
}

extension GradientSubject {
  public func loss(changing tensor: Int, at index: Int) -> Double { loss(changing: tensor) }

  public func roundedGradients(_ step: RoundingStep) -> [[Double]] {
    let values = tensors.indices.map { t in
      (0..<tensors[t].count).map { value(of: t, at: $0) }
    }
    for (t, row) in values.enumerated() {
      for (i, x) in row.enumerated() { setValue(step.moved(x, at: i), of: t, at: i) }
    }
    let gradients = analyticGradients()
    for (t, row) in values.enumerated() {
      for (i, x) in row.enumerated() { setValue(x, of: t, at: i) }
    }
    _ = analyticGradients()
    return gradients
  }

  public func roundedLoss(_ step: RoundingStep) -> Double { loss(changing: 0) }
  public func readers(of tensor: Int) -> [any IsolatedLayer] { [] }
  public func activations(after tensor: Int) -> [Double] { [] }
  public func firstNondeterministicNode() -> SubjectNode? { nil }
  public func firstNonfiniteNode() -> SubjectNode? { nil }
  public func outputGradient(of tensor: Int) -> [Double]? { nil }
}

/// A node or a loss in messages.
public struct SubjectNode: Sendable, Equatable {
  public var name: String
  public var type: String
  public var location: SourceLocation?

  public init(name: String, type: String, location: SourceLocation? = nil) {
    self.name = name
    self.type = type
    self.location = location
  }

  public static func == (a: SubjectNode, b: SubjectNode) -> Bool {
    a.name == b.name && a.type == b.type
  }
}
