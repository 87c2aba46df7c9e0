public import NNExp

/// A tensor of a subject.
public struct SubjectTensor: Sendable {
  public enum Kind: String, Sendable {
    case parameter
    case input
    /// The output of a node, whose gradient is not checked.
    case output
  }

  /// The name of the node, its type, and the name of the tensor, such as `hidden`, `dense`,
  /// `weight`.
  public var node: String
  public var type: String
  public var name: String
  public var kind: Kind

  /// The shape of a parameter, or of one sample of an activation.
  public var shape: Shape

  /// The number of samples in the batch; 1 for parameters.
  public var samples: Int

  /// The location of the node's declaration.
  public var location: SourceLocation?

  /// The approximate number of multiplications and additions of one `loss(changing:)`.
  public var work: Int

  /// The number of nodes that read this activation.
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

  /// The number of entries of all samples.
  public var count: Int {
    let (product, overflow) = shape.count.multipliedReportingOverflow(by: samples)
    return overflow ? Int.max : product
  }

  /// Whether `name` is this tensor or its node, such as `hidden.weight` or `hidden`.
  func answers(to name: String) -> Bool { name == node || name == "\(node).\(self.name)" }

  /// The name of an entry in messages, such as `weight[2, 0]` or `input[1] of sample 3`,
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
