/// A rule that sets a parameter's values before training.
///
/// Values are computed in float64 and then rounded, so that a float32 and a float64 network
/// with the same seed start from the same numbers.
public protocol Initializer: Sendable {
  /// Overwrites `values`. Throws a `Diagnostic` that states the fact if the rule does not
  /// support the shape.
  func fill(_ values: Tensor<Double>, random: RandomStream) throws
}

extension Component where Self: Initializer {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Initializer>> {
    \.initializers
  }
  public var erased: any Initializer { self }
}

extension Tensor {
  /// The number of inputs per unit: the product of all axes but the first (`[units, inputs]`,
  /// `[channels, channels, rows, columns]`); 1 for a vector.
  public var fanIn: Int { shape.rank < 2 ? 1 : shape.count / max(1, shape[0]) }

  /// The number of units that use one input: the product of all axes but the second.
  public var fanOut: Int { shape.rank < 2 ? shape.count : shape.count / max(1, shape[1]) }
}
