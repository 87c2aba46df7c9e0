/// A layer, Tanaka's f[θ](x): a value that holds its options and no state.
///
/// A layer says what it needs (`plan`) and computes on buffers that the engine
/// owns. Each pass is written once, generically; the two requirements of each
/// pass are then met by its two specialisations:
///
///     struct Square: Layer, Component {
///       static let typeName = "square"
///       init(from options: inout Options) {}
///       func plan(for inputs: [Shape]) throws -> Plan { Plan(output: inputs[0]) }
///       func forward<S: Scalar>(_ pass: Forward<S>) {
///         for i in pass.y.indices { pass.y[i] = pass.x[i] * pass.x[i] }
///       }
///       func backward<S: Scalar>(_ pass: Backward<S>) {
///         for i in pass.dx.indices { pass.dx[i] += pass.dy[i] * 2 * pass.x[i] }
///       }
///     }
public protocol Layer: Sendable {
  /// How many inputs a node of this layer takes. Optional: one.
  var inputCount: ClosedRange<Int> { get }

  /// Settles the geometry for these input shapes (per sample).
  ///
  /// Throws a `Diagnostic` that states the fact alone ("window 3 does not fit
  /// 2 columns"); the engine adds the node's name and its place.
  func plan(for inputs: [Shape]) throws -> Plan

  /// Overwrites `y`.
  func forward(_ pass: Forward<Float>)
  func forward(_ pass: Forward<Double>)

  /// The function that the layer is, entry by entry of its input, where it is one
  /// of these. Optional: the layer before may then compute it along with its own;
  /// see `Plan.takesFunction`.
  var function: RealFunction? { get }

  /// Recomputes what one entry of a parameter moves in `y`, all else being as
  /// the last forward pass left it; false where that is no less than all of `y`.
  /// Optional: gradient checks, which change one number at a time, are faster by
  /// it.
  ///
  /// - Parameters:
  ///   - parameter: its position in the plan.
  ///   - entry: counted row-major.
  func forward(_ pass: Forward<Double>, changing parameter: Int, at entry: Int) -> Bool

  /// Adds to `dx` and to the parameters' gradients; the engine zeroes.
  func backward(_ pass: Backward<Float>)
  func backward(_ pass: Backward<Double>)

  /// The layer's formulas, for `nnexp explain`. Optional: the equation of the
  /// documentation stands in for them.
  ///
  /// One sample is explained alone: as in training, but where some layer couples
  /// the samples of a batch as in an evaluation.
  func equations(for inputs: [Shape]) -> Equations
}

extension Layer where Self: Component {
  public var inputCount: ClosedRange<Int> { 1...1 }
  public var function: RealFunction? { nil }
  public func forward(_ pass: Forward<Double>, changing parameter: Int, at entry: Int) -> Bool {
    false
  }
  public func equations(for inputs: [Shape]) -> Equations {
    Equations(prose: Self.documentation.equation)
  }
}

extension Component where Self: Layer {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Layer>> { \.layers }
  public var erased: any Layer { self }
}

/// What a layer needs for given input shapes.
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

  public var output: Shape
  public var parameters: [Parameter]
  public var state: [State]
  public var scratch: [Scratch]

  /// True if a sample's output depends on the others of its batch, as in batch
  /// normalization: such a batch is never split.
  public var couplesSamples: Bool

  /// True if the pass draws from `pass.random` while training.
  public var isRandom: Bool

  /// True if the passes see to a function that follows: forward ends with
  /// `pass.applyFunction()`, backward begins with `pass.pullFunction()`.
  ///
  /// Where a node that is a `function` follows this one and nothing else does, the
  /// engine leaves it to these: its numbers are still in the cache then, and a step
  /// of a tiny network has two calls fewer.
  public var takesFunction: Bool

  /// Multiplications and additions of one sample's forward pass, about.
  public var work: Int

  public init(
    output: Shape, parameters: [Parameter] = [], state: [State] = [], scratch: [Scratch] = [],
    couplesSamples: Bool = false, isRandom: Bool = false, takesFunction: Bool = false,
    work: Int? = nil
  ) {
    self.output = output
    self.parameters = parameters
    self.state = state
    self.scratch = scratch
    self.couplesSamples = couplesSamples
    self.isRandom = isRandom
    self.takesFunction = takesFunction
    self.work = work ?? output.count
  }
}

/// The initial values that a layer asks for unless the file says otherwise.
public struct Initial: Sendable {
  /// The name of an initializer, resolved through the registry.
  public let type: String
  public let options: Node

  public init(_ type: String, _ options: [(String, Node)] = []) {
    self.type = type
    self.options = Node.map(options)
  }

  public static let zeros = Initial("zeros")
  public static func constant(_ value: Double) -> Initial {
    Initial("constant", [("value", Node(.double(value)))])
  }
  /// U(−a, a), a = √(6 / (fan in + fan out)).
  public static let glorotUniform = Initial("glorot_uniform")
}
