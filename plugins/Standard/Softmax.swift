import NNExp

/// The softmax along one axis: by default axis 0, over the features of `[features]`, or over the
/// channels at each position of `[channels, rows, columns]`.
///
///     yᵢ   = e^(xᵢ − m) / Σⱼ e^(xⱼ − m),  m = max x
///     ∂xᵢ += yᵢ (∂yᵢ − Σⱼ yⱼ ∂yⱼ)
///
/// A constant added to ∂y changes nothing: it is taken relative to that of the
/// largest y, whose own gradient would cancel as y approaches 1.
struct Softmax: Layer, Component {
  static let typeName = "softmax"
  static let documentation = Documentation(
    "probabilities that sum to 1 over the features, or over the channels at every position",
    equation: "yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ);  ∂xᵢ += yᵢ (∂yᵢ − Σⱼ yⱼ ∂yⱼ)",
    shapes: "any shape → the same shape; the sum runs over the axis",
    example: "- softmax",
    source: "Bridle 1990, \"Probabilistic interpretation of feedforward classification outputs\"")

  static let examples = [Example(inputs: [4]), Example(["axis": 1], inputs: [2, 3, 2])]

  private let axis: Int

  init(from options: inout Options) { axis = options.softmaxAxis() }

  func plan(for inputs: [Port]) throws -> Plan {
    try Lines.check(inputs[0].shape, axis: axis)
    return Plan(output: inputs[0].shape).with(.within(0...1))
  }

  func equations(for inputs: [Port]) -> Equations {
    let shape = inputs[0].shape
    let hasVectors = shape.rank <= 1
    return Equations(
      #"\operatorname{softmax}"#, output: #"y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}"#,
      inputs: [
        .init(
          derivative: hasVectors
            ? #"\operatorname{diag}(y) - y y^T"#
            : #"\frac{\partial y_i}{\partial x_j} = y_i ([i = j] - y_j)"#,
          delta: hasVectors
            ? #"y \otimes \delta_y - y (y^T \delta_y)"#
            : #"\delta_{x_i} = y_i (\delta_{y_i} - \sum_j y_j \delta_{y_j})"#)
      ],
      remark: Lines.remark(shape, axis: axis), work: Lines.work(shape, axis: axis, isLog: false))
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [graph.add("Softmax", node.inputs[0], attributes: [("axis", .integer(axis + 1))])]
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    pass.softmax(along: axis, isLog: false)
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    pass.addSoftmaxVJP(along: axis, isLog: false)
  }
}

/// The logarithm of the softmax along one axis, by default axis 0. It is exact even if the softmax underflows.
///
///     yᵢ   = xᵢ − m − ln Σⱼ e^(xⱼ − m),  m = max x
///     ∂xᵢ += ∂yᵢ − e^(yᵢ) Σⱼ ∂yⱼ
///
/// For the largest, x_w = m, the sum is 1 + rest, and
///
///     y_w   = −ln(1 + rest)
///     ∂x_w += (1 − e^(y_w)) ∂y_w − e^(y_w) Σⱼ≠w ∂yⱼ
///
/// which stays exact as e^(y_w) approaches 1.
struct LogSoftmax: Layer, Component {
  static let typeName = "log_softmax"
  static let documentation = Documentation(
    "the logarithm of the softmax, exact where the softmax underflows",
    equation: "yᵢ = xᵢ − ln Σⱼ e^(xⱼ);  ∂xᵢ += ∂yᵢ − e^(yᵢ) Σⱼ ∂yⱼ",
    shapes: "any shape → the same shape; the sum runs over the axis",
    example: "- log_softmax",
    source: "Bridle 1990, \"Probabilistic interpretation of feedforward classification outputs\"")

  static let examples = [Example(inputs: [4]), Example(["axis": 1], inputs: [2, 3, 2])]

  private let axis: Int

  init(from options: inout Options) { axis = options.softmaxAxis() }

  func plan(for inputs: [Port]) throws -> Plan {
    try Lines.check(inputs[0].shape, axis: axis)
    return Plan(output: inputs[0].shape).with(.within(-.infinity...0))
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\ln \circ \operatorname{softmax}"#, output: #"y_i = x_i - \ln \sum_j e^{x_j}"#,
      inputs: [
        .init(
          derivative: #"\frac{\partial y_i}{\partial x_j} = [i = j] - e^{y_j}"#,
          delta: #"\delta_{x_i} = \delta_{y_i} - e^{y_i} \sum_j \delta_{y_j}"#)
      ],
      remark: Lines.remark(inputs[0].shape, axis: axis),
      work: Lines.work(inputs[0].shape, axis: axis, isLog: true))
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [graph.add("LogSoftmax", node.inputs[0], attributes: [("axis", .integer(axis + 1))])]
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    pass.softmax(along: axis, isLog: true)
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    pass.addSoftmaxVJP(along: axis, isLog: true)
  }
}

extension Options {
  fileprivate mutating func softmaxAxis() -> Int {
    suggest("axis", for: "dim")
    return int(
      "axis", default: 0, in: 0..<Shape.maximumRank, "the axis along which the numbers add up to 1")
  }
}

extension ForwardPass where S: KernelScalar {
  fileprivate func softmax(along axis: Int, isLog: Bool) {
    S.softmax(
      x.start, along: Lines(y.shape, axis: axis, samples: samples), isLog: isLog, into: y.start)
  }
}

extension BackwardPass where S: KernelScalar {
  fileprivate func addSoftmaxVJP(along axis: Int, isLog: Bool) {
    S.addSoftmaxVJP(
      x.start, y.start, dy.start, along: Lines(y.shape, axis: axis, samples: samples),
      isLog: isLog, to: dx.start)
  }
}

extension Lines {
  /// The lines along an axis of a batch.
  init(_ shape: Shape, axis: Int, samples: Int) {
    var (outer, inner) = (samples, 1)
    for k in 0..<axis { outer &*= shape[k] }
    for k in (axis + 1)..<max(axis + 1, shape.rank) { inner &*= shape[k] }
    self.init(outer: outer, length: shape[axis], inner: inner)
  }

  /// Throws if the shape does not have the axis.
  fileprivate static func check(_ shape: Shape, axis: Int) throws {
    guard axis < max(1, shape.rank) else {
      throw Diagnostic("the input \(shape) has no axis \(axis)")
    }
  }

  /// The entries for explanations; nil for an axis that the shape does not have.
  fileprivate static func work(_ shape: Shape, axis: Int, isLog: Bool) -> Equations.Work? {
    guard (try? check(shape, axis: axis)) != nil else { return nil }
    let entries = SoftmaxEntries(
      shape: shape, lines: Lines(shape, axis: axis, samples: 1), isLog: isLog)
    return { entries.entry($0, $1, $2) }
  }

  fileprivate static func remark(_ shape: Shape, axis: Int) -> String {
    if shape.rank <= 1 { return "" }
    return axis == 0
      ? "The sums run over the channels, separately for each position."
      : "The sums run over axis \(axis), separately for each position of the others."
  }
}
