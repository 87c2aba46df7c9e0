/// The outputs, parameters and memory of a layer for given input shapes.
public struct Plan: Sendable {
  /// A tensor that is learned.
  public struct Parameter: Sendable {
    public let name: String
    public let shape: Shape
    public let initial: Initial

    public init(_ name: String, _ shape: Shape, initial: Initial) {
      self.name = name
      self.shape = shape
      self.initial = initial
    }
  }

  /// A tensor that training changes but no gradient does, such as a running
  /// mean. Saved with the parameters.
  public struct State: Sendable {
    public let name: String
    public let shape: Shape
    public let value: Double

    public init(_ name: String, _ shape: Shape, value: Double) {
      self.name = name
      self.shape = shape
      self.value = value
    }
  }

  /// Room that forward fills for backward.
  public struct Scratch: Sendable {
    public let count: Int
    public let isPerSample: Bool

    public static func perSample(_ count: Int) -> Scratch {
      Scratch(count: count, isPerSample: true)
    }
    public static func fixed(_ count: Int) -> Scratch { Scratch(count: count, isPerSample: false) }
  }

  /// The arrays that the layer produces, of values all of them; at least one. An edge
  /// `node.name` carries the one of that name, an edge `node` the first.
  public var outputs: [Port]
  public var parameters: [Parameter]
  public var state: [State]
  public var scratch: [Scratch]

  /// True if a sample's output depends on the others of its batch, as in batch
  /// normalization: such a batch is never split.
  public var couplesSamples: Bool

  /// True if the pass draws from `pass.random` while training.
  public var isRandom: Bool

  /// What is known of the numbers of the first output.
  public enum OutputRange: Sendable, Hashable {
    case unknown
    case within(ClosedRange<Double>)
    /// As those of the first input: the layer selects or averages.
    case ofInput
  }

  /// The interval of the first output's numbers, by which a setup is recognized in which a
  /// loss reads them as something else. Optional: unknown.
  public var outputRange = OutputRange.unknown

  /// Multiplications and additions of one sample's forward pass, about.
  public var work: Int

  /// The shape of the first output.
  public var output: Shape { outputs[0].shape }

  /// The plan with what is known of its output.
  public func with(_ range: OutputRange) -> Plan {
    var plan = self
    plan.outputRange = range
    return plan
  }

  /// - Parameter work: the number of entries of the outputs unless given.
  public init(
    output: Shape, parameters: [Parameter] = [], state: [State] = [], scratch: [Scratch] = [],
    couplesSamples: Bool = false, isRandom: Bool = false, work: Int? = nil
  ) {
    self.init(
      outputs: [Port("output", output)], parameters: parameters, state: state, scratch: scratch,
      couplesSamples: couplesSamples, isRandom: isRandom, work: work)
  }

  /// The plan of a layer with several outputs.
  ///
  /// - Precondition: there is an output.
  public init(
    outputs: [Port], parameters: [Parameter] = [], state: [State] = [], scratch: [Scratch] = [],
    couplesSamples: Bool = false, isRandom: Bool = false, work: Int? = nil
  ) {
    precondition(!outputs.isEmpty, "a layer has at least one output")
    self.outputs = outputs
    self.parameters = parameters
    self.state = state
    self.scratch = scratch
    self.couplesSamples = couplesSamples
    self.isRandom = isRandom
    self.work = work ?? outputs.reduce(0) { $0.addingReportingOverflow($1.count).partialValue }
  }
}

/// The initial values that a layer asks for unless the file says otherwise.
public struct Initial: Sendable {
  /// The name of an initializer, resolved through the registry.
  public let type: String
  public let options: ConfigValue

  public init(_ type: String, _ options: [(String, ConfigValue)] = []) {
    self.type = type
    self.options = ConfigValue.map(options)
  }

  public static let zeros = Initial("zeros")
  public static func constant(_ value: Double) -> Initial {
    Initial("constant", [("value", ConfigValue(.double(value)))])
  }
  /// U(−a, a), a = √(6 / (fan in + fan out)).
  public static let glorotUniform = Initial("glorot_uniform")
}
