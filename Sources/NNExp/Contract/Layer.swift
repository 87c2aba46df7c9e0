/// A layer, Tanaka's f[θ](x): a value that holds its options and no state.
///
/// A layer says what it needs (`plan`) and computes on buffers that the engine
/// owns. Each pass is written once, generically; the two requirements of each
/// pass are then met by its two specialisations:
///
///     struct Square: Layer, Component {
///       static let typeName = "square"
///       init(from options: inout Options) {}
///       func plan(for inputs: [Port]) throws -> Plan { Plan(output: inputs[0].shape) }
///       func forward<S: Scalar>(_ pass: ForwardPass<S>) {
///         for i in pass.y.indices { pass.y[i] = pass.x[i] * pass.x[i] }
///       }
///       func backward<S: Scalar>(_ pass: BackwardPass<S>) {
///         for i in pass.dx.indices { pass.dx[i] += pass.dy[i] * 2 * pass.x[i] }
///       }
///     }
public protocol Layer: Sendable {
  /// How many inputs a node of this layer takes. Optional: one.
  var inputCount: ClosedRange<Int> { get }

  /// Whether an input may be a port of indices. Optional: no.
  ///
  /// The engine refuses other nodes on such a port. The passes find the indices in
  /// `pass.indices` at the same position; `pass.inputs` and `pass.dInputs` are empty there.
  func takesIndices(at input: Int) -> Bool

  /// Settles the geometry for these inputs (shapes are per sample).
  ///
  /// Throws a `Diagnostic` that states only the fact ("window 3 does not fit
  /// 2 columns"); the engine adds the node's name and its location.
  func plan(for inputs: [Port]) throws -> Plan

  /// Overwrites `y`.
  func forward(_ pass: ForwardPass<Float>)
  func forward(_ pass: ForwardPass<Double>)

  /// The function that the layer applies to every entry of its one input, if it is
  /// one of these and nothing else. Optional: the engine then calls the function's
  /// kernels instead of the layer's passes, whose results must be the same bits.
  var elementwise: ElementwiseFunction? { get }

  /// Recomputes what one entry of a parameter moves in `y`, all else being as
  /// the last forward pass left it; false where that is no less than all of `y`.
  /// Optional: gradient checks, which change one number at a time, are faster by
  /// it.
  ///
  /// - Parameters:
  ///   - parameter: its position in the plan.
  ///   - entry: counted row-major.
  func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool

  /// Adds to `dx` and to the parameters' gradients; the engine zeroes.
  func backward(_ pass: BackwardPass<Float>)
  func backward(_ pass: BackwardPass<Double>)

  /// The layer's formulas, for `nnexp explain`. Optional: the equation of the
  /// documentation stands in for them.
  ///
  /// One sample is explained by itself: as in training, unless some layer couples
  /// the samples of a batch as in an evaluation.
  func equations(for inputs: [Port]) -> Equations
}

extension Layer where Self: Component {
  public var inputCount: ClosedRange<Int> { 1...1 }
  public func takesIndices(at input: Int) -> Bool { false }
  public var elementwise: ElementwiseFunction? { nil }
  public func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool {
    false
  }
  public func equations(for inputs: [Port]) -> Equations {
    Equations(prose: Self.documentation.equation)
  }
}

extension Component where Self: Layer {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Layer>> { \.layers }
  public var erased: any Layer { self }
}
