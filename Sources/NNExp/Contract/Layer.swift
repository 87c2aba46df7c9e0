/// A layer, Tanaka's f[θ](x): a value that holds its options and no state.
///
/// A layer says what it needs (`plan`) and computes on buffers that the engine
/// owns. Each pass is written once, generically; the two requirements of each
/// pass are then met by its two specialisations:
///
///     struct Square: Layer {
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
  /// What follows `type:` in an experiment file, in snake_case.
  static var typeName: String { get }

  /// What `nnexp layers` tells of the type. Optional.
  static var manual: Manual { get }

  /// What `nnexp plugin test` proves the type on. Optional.
  static var examples: [Example] { get }

  /// How many inputs a node of this type takes. One, unless it says otherwise.
  static var inputCount: ClosedRange<Int> { get }

  /// Reads the options; mistakes are recorded there.
  init(from options: inout Options) throws

  /// Settles the geometry for these input shapes (per sample).
  ///
  /// Throws a `Diagnostic` that states the fact alone ("window 3 does not fit
  /// 2 columns"); the engine adds the node's name and its place.
  func plan(for inputs: [Shape]) throws -> Plan

  /// Overwrites `y`.
  func forward(_ pass: Forward<Float>)
  func forward(_ pass: Forward<Double>)

  /// The function that the layer applies to every entry of its one input, if it is
  /// one of these and nothing else. Optional: the engine then calls the function's
  /// kernels in place of the layer's passes, whose results must be the same bits.
  var elementwise: ElementwiseFunction? { get }

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

  /// The layer's formulas, for `nnexp explain`. Optional: the manual's equation
  /// stands in for them.
  ///
  /// One sample is explained alone: as in training, but where some layer couples
  /// the samples of a batch as in an evaluation.
  func equations(for inputs: [Shape]) -> Equations
}

extension Layer {
  public static var manual: Manual { Manual() }
  public static var examples: [Example] { [] }
  public var elementwise: ElementwiseFunction? { nil }
  public func forward(_ pass: Forward<Double>, changing parameter: Int, at entry: Int) -> Bool {
    false
  }
  public func equations(for inputs: [Shape]) -> Equations {
    Equations(prose: Self.manual.equation)
  }
  public static var inputCount: ClosedRange<Int> { 1...1 }
}

/// What a reader is told of a type: by `nnexp layers TYPE` and the like.
public struct Manual: Sendable {
  /// One line.
  public let summary: String
  /// The equation forward, then backward, in the docstring's notation.
  public let equation: String
  /// `[channels, rows, columns] → [channels, rows', columns']`.
  public let shapes: String
  /// A line or more of an experiment file.
  public let example: String
  /// Where it was published.
  public let source: String

  public init(
    _ summary: String = "", equation: String = "", shapes: String = "", example: String = "",
    source: String = ""
  ) {
    self.summary = summary
    self.equation = equation
    self.shapes = shapes
    self.example = example
    self.source = source
  }
}
