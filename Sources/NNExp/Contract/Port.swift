/// One array of numbers per sample, as an edge of the graph carries it: a part of the
/// data, or an output of a node.
///
/// A list of extents, such as `[3, 8, 8]`, converts to a port of values of that shape.
public struct Port: Sendable, Hashable {
  /// The kind of a port's numbers.
  public enum Kind: Sendable, Hashable {
    /// Numbers of the network's precision, which have a derivative.
    case values
    /// Integers in 0..<count, stored in 32 bits each. They have no derivative.
    case indices(below: Int)
  }

  /// The name in an experiment file; `input` for the only port of the data, `output` for
  /// the only output of a node.
  public let name: String

  /// The shape of one sample.
  public let shape: Shape

  /// The kind of its numbers; values by default.
  public let kind: Kind

  public init(_ name: String, _ shape: Shape, kind: Kind = .values) {
    self.name = name
    self.shape = shape
    self.kind = kind
  }

  /// Creates a port of values without a name.
  public init(_ shape: Shape) { self.init("", shape) }

  /// Creates a port of indices in 0..<`count` without a name.
  public static func indices(below count: Int, _ shape: Shape) -> Port {
    Port("", shape, kind: .indices(below: count))
  }

  /// The numbers of one sample.
  public var count: Int { shape.count }

  /// True if the port carries indices.
  public var isIndices: Bool { kind != .values }

  /// The number of possible indices; nil for a port of values.
  public var indexCount: Int? {
    if case .indices(let count) = kind { count } else { nil }
  }

  /// The reason why a text is not a valid name of a port: `[a-z][a-z0-9_]*`, not reserved. Nil
  /// if it is valid.
  package static func fault(inName name: String) -> String? { ColumnName.fault(in: name) }
}

extension Port: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) { self.init("", Shape(elements)) }
}

extension Port: CustomStringConvertible {
  /// `[3, 8, 8]`, `[4] of indices below 12`.
  public var description: String {
    switch kind {
    case .values: "\(shape)"
    case .indices(let count): "\(shape) of indices below \(count)"
    }
  }
}
