/// Gives a parameter its values before training.
///
/// Values are computed in float64 and rounded, so that a float32 and a float64
/// network of one seed start from the same numbers.
public protocol Initializer: Sendable {
  /// Overwrites `values`; throws the fact where the shape cannot be served.
  func fill(_ values: Tensor<Double>, random: RandomStream) throws
}

extension Component where Self: Initializer {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Initializer>> {
    \.initializers
  }
  public var erased: any Initializer { self }
}

extension Tensor {
  /// How many inputs feed one unit: the product of all axes but the first
  /// (`[units, inputs]`, `[channels, channels, rows, columns]`); 1 for a vector.
  public var fanIn: Int { shape.rank < 2 ? 1 : shape.count / max(1, shape[0]) }

  /// How many units one input feeds: axis 0 times the window.
  public var fanOut: Int { shape.rank < 2 ? shape.count : shape.count / max(1, shape[1]) }
}
