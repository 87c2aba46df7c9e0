/// A layer, f[θ](x) in the notation of Tanaka 2013: a value that holds its options and no state.
///
/// A layer declares what it needs (`plan`) and computes on buffers that the engine owns. Each
/// pass is written once, as a generic method; its two specializations satisfy the two
/// requirements of that pass:
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
  /// The number of inputs that a node of this layer may have. Optional; 1 by default.
  var inputCount: ClosedRange<Int> { get }

  /// Whether the input at a position may be a port of indices. Optional; false by default.
  ///
  /// The engine reports an error for such a port at any other input. The passes read the
  /// indices from `pass.indices` at the same position; `pass.inputs` and `pass.dInputs` are
  /// empty there.
  func takesIndices(at input: Int) -> Bool

  /// Computes the outputs, parameters and memory for these inputs. Shapes are per sample.
  ///
  /// - Throws: a `Diagnostic` that states only the fact ("window 3 does not fit 2 columns");
  ///   the engine adds the node's name and its location.
  func plan(for inputs: [Port]) throws -> Plan

  /// Computes the outputs and overwrites `pass.y`.
  func forward(_ pass: ForwardPass<Float>)
  func forward(_ pass: ForwardPass<Double>)

  /// The function that the layer applies to each entry of its single input, if the layer does
  /// nothing else. Optional; nil by default. The engine then calls the function's kernels
  /// instead of the layer's passes; both must give the same bits.
  var elementwise: ElementwiseFunction? { get }

  /// Recomputes the part of `y` that depends on one entry of a parameter, when everything else
  /// is as the last forward pass left it. Returns false if that part is all of `y`. Optional:
  /// it makes gradient checks faster, which change one number at a time.
  ///
  /// - Parameters:
  ///   - parameter: the parameter's index in the plan.
  ///   - entry: the entry's index, row-major.
  func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool

  /// Adds ∂L/∂x to `pass.dx` and the parameters' gradients to `pass.gradients`. The engine sets
  /// them to 0 before.
  func backward(_ pass: BackwardPass<Float>)
  func backward(_ pass: BackwardPass<Double>)

  /// The layer's formulas, for `nnexp explain`. Optional: by default, the equation of the
  /// documentation is shown.
  ///
  /// The formulas describe a single sample: as in training, or as in an evaluation if some
  /// layer couples the samples of a batch.
  func equations(for inputs: [Port]) -> Equations

  /// Adds the operators that compute the layer's outputs in an evaluation, for `nnexp export`.
  /// Optional: nil by default, and the export then names the layer and refuses.
  ///
  /// - Returns: the outputs in the plan's order, each `[batch] + shape`.
  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]?
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
  public func export(
    _ node: ExportedNode, to graph: inout OperatorGraph
  ) -> [OperatorGraph.Value]? { nil }
}

extension Component where Self: Layer {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Layer>> { \.layers }
  public var erased: any Layer { self }
}
