/// Makes a data set from a rule: parity, spirals, ….
public protocol Generator: Sendable {
  /// The shape of one sample's inputs, its target, and how many samples.
  var inputShape: Shape { get }
  var target: Target { get }
  var samples: Int { get }

  /// Writes all samples; a pure function of the stream.
  func generate(inputs: Tensor<Double>, targets: Tensor<Double>, random: RandomStream)
}

extension Component where Self: Generator {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Generator>> {
    \.generators
  }
  public var erased: any Generator { self }
}
