public import NNExp

/// A tensor of a subject.
public struct SubjectTensor: Sendable {
  public enum Kind: String, Sendable {
    case parameter
    case input
    /// A node's output, whose gradient is not checked.
    case output
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

  /// The location of the node's declaration.
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

  /// True if `hidden` or `hidden.weight` means this tensor.
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
