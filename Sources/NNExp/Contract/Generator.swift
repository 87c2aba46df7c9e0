/// A rule that produces a data set, such as parity or spirals.
public protocol Generator: Sendable {
  /// The shape of one sample's inputs, the form of its target, and the number of samples.
  var inputShape: Shape { get }
  var target: Target { get }
  var samples: Int { get }

  /// Writes all samples. The result depends only on the options and `random`.
  func generate(inputs: Tensor<Double>, targets: Tensor<Double>, random: RandomStream)
}

extension Component where Self: Generator {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Generator>> {
    \.generators
  }
  public var erased: any Generator { self }
}
