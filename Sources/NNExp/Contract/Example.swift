/// A case for testing a type. `nnexp plugin test` tries every example that a type declares:
///
///     static let examples = [
///       Example(["units": 2, "pieces": 3], inputs: [4]),
///       Example(["units": 1], inputs: [2, 3, 3]),
///     ]
public struct Example: Sendable {
  /// The options, with the keys of an experiment file.
  public let options: ConfigValue

  /// A layer's inputs, per sample; for a loss or metric, only the output's shape.
  public let inputs: [Port]

  /// The target that a loss or metric compares the output with.
  public let target: Target?

  /// The range of the inputs, which are then uniform in it; by default, the inputs are normally
  /// distributed. For types that accept no negative numbers, or only probabilities.
  public let numbers: ClosedRange<Double>?

  /// An example of a layer with these options on inputs of these shapes.
  public init(
    _ options: KeyValuePairs<String, ConfigValue> = [:], inputs: Port...,
    numbers: ClosedRange<Double>? = nil
  ) {
    self.init(options, inputs, nil, numbers)
  }

  /// An example of a loss or metric on outputs of this shape.
  public init(
    _ options: KeyValuePairs<String, ConfigValue> = [:], output: Shape, target: Target,
    numbers: ClosedRange<Double>? = nil
  ) {
    self.init(options, [Port(output)], target, numbers)
  }

  /// An example of an optimizer, schedule, initializer or generator with these options.
  public init(_ options: KeyValuePairs<String, ConfigValue>) { self.init(options, [], nil, nil) }

  /// An example of a layer with its options as a `ConfigValue`.
  public init(options: ConfigValue, inputs: [Port]) { self.init(options, inputs, nil, nil) }

  private init(
    _ options: KeyValuePairs<String, ConfigValue>, _ inputs: [Port], _ target: Target?,
    _ numbers: ClosedRange<Double>?
  ) {
    self.init(ConfigValue.map(options.map { ($0.key, $0.value) }), inputs, target, numbers)
  }

  private init(
    _ options: ConfigValue, _ inputs: [Port], _ target: Target?, _ numbers: ClosedRange<Double>?
  ) {
    self.options = options
    self.inputs = inputs
    self.target = target
    self.numbers = numbers
  }

  /// The same example with other options.
  package func with(options: ConfigValue) -> Example { Example(options, inputs, target, numbers) }

  /// The same example with other shapes.
  package func with(inputs: [Port], target: Target? = nil) -> Example {
    Example(options, inputs, target ?? self.target, numbers)
  }
}
