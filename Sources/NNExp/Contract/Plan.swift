/// The outputs, parameters and memory of a layer for given input shapes.
public struct Plan: Sendable {
  /// A parameter tensor, learned by its gradient.
  public struct Parameter: Sendable {
    public let name: String
    public let shape: Shape
    /// The initializer of its values, unless the file specifies another.
    public let initial: Initial

    public init(_ name: String, _ shape: Shape, initial: Initial) {
      self.name = name
      self.shape = shape
      self.initial = initial
    }
  }

  /// A tensor that training changes without a gradient, such as a running mean. Saved with the
  /// parameters.
  public struct State: Sendable {
    public let name: String
    public let shape: Shape
    /// The initial value of every entry.
    public let value: Double

    public init(_ name: String, _ shape: Shape, value: Double) {
      self.name = name
      self.shape = shape
      self.value = value
    }
  }

  /// Memory in which the forward pass stores values for the backward pass.
  public struct Scratch: Sendable {
    /// The number of entries, and whether each sample has its own.
    public let count: Int
    public let isPerSample: Bool
    /// True if the numbers are lost at the end of a pass.
    public let isTemporary: Bool

    /// Memory of `count` numbers for each sample.
    public static func perSample(_ count: Int) -> Scratch {
      Scratch(count: count, isPerSample: true, isTemporary: false)
    }
    /// Memory of `count` numbers for each shard of a batch.
    public static func fixed(_ count: Int) -> Scratch {
      Scratch(count: count, isPerSample: false, isTemporary: false)
    }
    /// Memory of `count` numbers for each shard of a batch, for use within one pass. All nodes share
    /// this memory: it contains arbitrary numbers at the start of each pass.
    public static func temporary(_ count: Int) -> Scratch {
      Scratch(count: count, isPerSample: false, isTemporary: true)
    }
  }

  /// The ports that the layer produces, at least one, all of values. An edge `node.name`
  /// carries the port with that name, an edge `node` the first.
  public var outputs: [Port]
  /// The parameters, with distinct names. Default: none.
  public var parameters: [Parameter]
  /// The state, with distinct names. Default: none.
  public var state: [State]
  /// The scratch memory. Default: none.
  public var scratch: [Scratch]

  /// True if a sample's output depends on the other samples of its batch, as in batch
  /// normalization. Such a batch is never split into shards.
  public var couplesSamples: Bool

  /// True if the pass draws from `pass.random` while training.
  public var isRandom: Bool

  /// The known bounds of the numbers of the first output.
  public enum OutputRange: Sendable, Hashable {
    case unknown
    case within(ClosedRange<Double>)
    /// The same as those of the first input: the layer selects or averages.
    case ofInput
  }

  /// The interval of the numbers of the first output. The engine uses it to recognize a loss
  /// that expects other numbers. Optional: unknown.
  public var outputRange = OutputRange.unknown

  /// True if the backward pass overwrites `dx` in place of adding to it, if the pass asks for that
  /// (`BackwardPass.storesInputGradient`).
  package var canStoreInputGradient = false

  /// True if the backward pass overwrites the gradients of the parameters in place of adding to them, if
  /// the pass asks for that (`BackwardPass.storesGradients`).
  package var canStoreGradients = false

  /// Tensors of the forward pass.
  package struct BackwardReads: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    package static let inputs = BackwardReads(rawValue: 1)
    package static let outputs = BackwardReads(rawValue: 2)
  }

  /// The tensors whose numbers the backward pass reads. The others may be overwritten before it.
  package var backwardReads: BackwardReads = [.inputs, .outputs]

  /// True for a layer whose inputs may have an extent of 0, and thus no numbers.
  package var acceptsEmptyInputs = false

  /// True for a layer that can compute the elementwise layer after it, too (`FusibleLayer`).
  package var isFusible = false

  /// True for a layer that can read only the entries of its input that are not 0
  /// (`SparseInputLayer`).
  package var readsEntries = false

  /// The approximate number of multiplications and additions of one sample's forward pass.
  public var work: Int

  /// The shape of the first output.
  public var output: Shape { outputs[0].shape }

  /// The same plan with bounds for the numbers of the first output.
  public func with(_ range: OutputRange) -> Plan {
    var plan = self
    plan.outputRange = range
    return plan
  }

  /// - Parameter work: the amount of work; nil for the number of entries of the outputs.
  public init(
    output: Shape, parameters: [Parameter] = [], state: [State] = [], scratch: [Scratch] = [],
    couplesSamples: Bool = false, isRandom: Bool = false, work: Int? = nil
  ) {
    self.init(
      outputs: [Port("output", output)], parameters: parameters, state: state, scratch: scratch,
      couplesSamples: couplesSamples, isRandom: isRandom, work: work)
  }

  /// Creates the plan of a layer with several outputs.
  ///
  /// - Precondition: `outputs` is not empty.
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

/// The initializer that a parameter uses unless the file specifies another.
public struct Initial: Sendable {
  /// The name of an initializer in the registry.
  public let type: String
  /// The initializer's options, as in a file.
  public let options: ConfigValue

  public init(_ type: String, _ options: [(String, ConfigValue)] = []) {
    self.type = type
    self.options = ConfigValue.map(options)
  }

  /// 0 for all entries.
  public static let zeros = Initial("zeros")
  /// The same number for all entries.
  public static func constant(_ value: Double) -> Initial {
    Initial("constant", [("value", ConfigValue(.double(value)))])
  }
  /// The uniform distribution U(−a, a) with a = √(6 / (fan in + fan out)).
  public static let glorotUniform = Initial("glorot_uniform")
}
