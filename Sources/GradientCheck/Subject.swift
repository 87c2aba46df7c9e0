public import NNExp

/// What a gradient check works on: a float64 network with a frozen batch and
/// frozen random numbers, or a single layer.
///
/// The checker changes one tensor at a time, restores every entry of it to the
/// same bits, and evaluates the loss once more before it goes on to the next:
/// whatever a subject keeps of the nodes before a tensor's is valid then.
public protocol GradientSubject: AnyObject {
  /// Every parameter and every node's inputs, in graph order, and last the
  /// loss's own input.
  var tensors: [SubjectTensor] { get }

  func value(of tensor: Int, at index: Int) -> Double

  /// Changes one entry. That of an `.input` tensor is the activation which the
  /// node reads, and stays until it is set again.
  func setValue(_ x: Double, of tensor: Int, at index: Int)

  /// The loss for the present values, regularization apart. Only nodes from the
  /// tensor's node on need be recomputed.
  func loss(changing tensor: Int) -> Double

  /// The same where the present values differ in this one entry from those of
  /// the last `loss(changing:)` of this tensor, or of `analyticGradients`.
  func loss(changing tensor: Int, at index: Int) -> Double

  /// The gradient of that loss by back-propagation, tensor by tensor, after a
  /// whole forward pass from the present parameters. Every activation is that
  /// pass's afterwards.
  func analyticGradients() -> [[Double]]

  /// The gradient of an `.input` tensor for the values that it holds now: what
  /// comes before it is left alone. Nil where that cannot be had.
  func analyticGradient(keeping tensor: Int) -> [Double]?

  /// ∂L/∂y of the node that a tensor belongs to, all samples, where no other
  /// node's input has it. It only helps to say what a wrong gradient is.
  func outputGradient(of tensor: Int) -> [Double]?
}

extension GradientSubject {
  public func loss(changing tensor: Int, at index: Int) -> Double { loss(changing: tensor) }

  public func analyticGradient(keeping tensor: Int) -> [Double]? { nil }

  public func outputGradient(of tensor: Int) -> [Double]? { nil }
}

/// A tensor of a subject.
public struct SubjectTensor: Sendable {
  public enum Kind: String, Sendable {
    case parameter
    case input
  }

  /// The node's name, its type, and the tensor's name: `hidden`, `dense`,
  /// `weight`.
  public var node: String
  public var type: String
  public var name: String
  public var kind: Kind

  /// A parameter's shape, or one sample's.
  public var shape: Shape

  /// Samples in the batch; 1 for parameters.
  public var samples: Int

  /// Where the node is declared.
  public var location: SourceLocation?

  /// Multiplications and additions of one `loss(changing:)`, about.
  public var work: Int

  /// How many nodes read this activation.
  public var readers: Int

  public init(
    node: String, type: String, name: String, kind: Kind, shape: Shape, samples: Int = 1,
    location: SourceLocation? = nil, work: Int = 0, readers: Int = 1
  ) {
    self.node = node
    self.type = type
    self.name = name
    self.kind = kind
    self.shape = shape
    self.samples = samples
    self.location = location
    self.work = work
    self.readers = readers
  }

  /// All entries, of all samples.
  public var count: Int {
    let (product, overflow) = shape.count.multipliedReportingOverflow(by: samples)
    return overflow ? Int.max : product
  }

  /// Whether `hidden` or `hidden.weight` means this tensor.
  func answers(to name: String) -> Bool { name == node || name == "\(node).\(self.name)" }

  /// `weight[2, 0]`, `input[1] of sample 3`: an entry as messages name it, all
  /// counted from 0.
  public func entry(_ index: Int) -> String {
    let (sample, position) = index.quotientAndRemainder(dividingBy: max(1, shape.count))
    var rest = position
    var coordinates: [String] = []
    for axis in (0..<shape.rank).reversed() {
      coordinates.insert("\(rest % max(1, shape[axis]))", at: 0)
      rest /= max(1, shape[axis])
    }
    let text = name + "[" + coordinates.joined(separator: ", ") + "]"
    return kind == .parameter ? text : text + " of sample \(sample)"
  }
}
