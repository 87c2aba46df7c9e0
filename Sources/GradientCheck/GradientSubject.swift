public import NNExp

/// The function that a gradient check differentiates: a float64 network with a frozen batch
/// and frozen random numbers, or a single layer.
///
/// The checker changes one tensor at a time, restores every entry of it to the same bits, and
/// evaluates the loss once more before it changes the next: whatever a subject keeps of
/// the nodes before a tensor's is valid then.
public protocol GradientSubject: AnyObject {
  /// Every parameter and every node's inputs, in graph order, and last the input of each loss.
  var tensors: [SubjectTensor] { get }

  func value(of tensor: Int, at index: Int) -> Double

  /// Changes one entry. That of an `.input` tensor is the activation which the node reads, and
  /// stays until it is set again.
  func setValue(_ x: Double, of tensor: Int, at index: Int)

  /// The loss for the present values, regularization apart. Only nodes from the tensor's node
  /// on need be recomputed.
  func loss(changing tensor: Int) -> Double

  /// The same where the present values differ in this one entry from those of the last
  /// `loss(changing:)` of this tensor, or of `analyticGradients`.
  func loss(changing tensor: Int, at index: Int) -> Double

  /// The gradient of that loss by back-propagation, tensor by tensor, after a whole forward
  /// pass from the present parameters. Every activation is that pass's afterwards.
  func analyticGradients() -> [[Double]]

  /// The same after x, every parameter, every y of the forward pass and every ∂L/∂y of the
  /// backward pass have been moved by a unit in the last place. Leaves all values as they were.
  func roundedGradients(_ step: RoundingStep) -> [[Double]]

  /// The loss after x, every parameter and every y of the forward pass have been moved so.
  /// Leaves all values as they were.
  func roundedLoss(_ step: RoundingStep) -> Double

  /// The layers and losses that read a tensor. None if the subject cannot run them alone.
  func readers(of tensor: Int) -> [any LayerAlone]

  /// Every node's outputs after `loss(changing:)` of a tensor, from its node on; empty if
  /// they are not known.
  func activations(after tensor: Int) -> [Double]

  /// The first node whose forward pass gives other bits when it is repeated.
  func firstNondeterministicNode() -> SubjectNode?

  /// The first node with an output that is not finite.
  func firstNonfiniteNode() -> SubjectNode?

  /// ∂L/∂y of the node that a tensor belongs to, all samples, where no other node's input has
  /// it. It only helps to say what a wrong gradient is.
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
  public func readers(of tensor: Int) -> [any LayerAlone] { [] }
  public func activations(after tensor: Int) -> [Double] { [] }
  public func firstNondeterministicNode() -> SubjectNode? { nil }
  public func firstNonfiniteNode() -> SubjectNode? { nil }
  public func outputGradient(of tensor: Int) -> [Double]? { nil }
}

/// A node, or a loss, as messages name it.
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
