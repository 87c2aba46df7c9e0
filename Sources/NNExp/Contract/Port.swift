/// One array of numbers per sample, as an edge of the graph carries it: a part of the
/// data, or an output of a node.
///
/// A list of extents, such as `[3, 8, 8]`, is a port of values of that shape.
public struct Port: Sendable, Hashable {
  /// The kind of a port's numbers.
  public enum Kind: Sendable, Hashable {
    /// Numbers of the network's precision, which have a derivative.
    case values
    /// Whole numbers 0..<count, in memory of 32 bits each. They have no derivative.
    case indices(below: Int)
  }

  /// The name in an experiment file; `input` for the only port of the data, `output` for
  /// the only output of a node.
  public let name: String

  /// The shape of one sample.
  public let shape: Shape

  public let kind: Kind

  public init(_ name: String, _ shape: Shape, kind: Kind = .values) {
    self.name = name
    self.shape = shape
    self.kind = kind
  }

  /// A port of values without a name.
  public init(_ shape: Shape) { self.init("", shape) }

  /// A port of indices 0..<`count` without a name.
  public static func indices(below count: Int, _ shape: Shape) -> Port {
    Port("", shape, kind: .indices(below: count))
  }

  /// The numbers of one sample.
  public var count: Int { shape.count }

  /// True if the port carries indices.
  public var isIndices: Bool { kind != .values }

  /// The number of different indices; nil for a port of values.
  public var indexCount: Int? {
    if case .indices(let count) = kind { count } else { nil }
  }

  /// The reason why a text is no name of a port: one is `[a-z][a-z0-9_]*` and not
  /// reserved. Nil if it is one.
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
