import NNExp

/// Reshapes a sample to one axis, in row-major order.
///
/// - Shape: any → `[count]`
struct Flatten: Layer, Component {
  static let typeName = "flatten"
  static let documentation = Documentation(
    "the numbers of a sample, row by row, along one axis",
    equation: "y = x;  ∂x += ∂y",
    shapes: "any shape → [count]",
    example: "- flatten",
    source: "ONNX's operator Flatten")

  init(from options: inout Options) {}

  func plan(for inputs: [Port]) -> Plan {
    var plan = Plan(output: [inputs[0].count], work: 0).with(.ofInput)
    plan.backwardReads = []
    plan.acceptsEmptyInputs = true
    return plan
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\operatorname{flatten}"#, output: "x",
      inputs: [.init(derivative: "I", delta: #"\delta_y"#)],
      remark: "The same numbers in the same order.")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [graph.reshape(node.inputs[0], to: node.outputPorts[0].shape)]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) { pass.copy() }
  func backward<S: Scalar>(_ pass: BackwardPass<S>) { pass.addBack() }
}

/// Reshapes a sample to another shape, in row-major order.
///
/// - Shape: any → `shape`, with the same count
struct Reshape: Layer, Component {
  static let typeName = "reshape"
  static let foreignNames = ["view", "unflatten", "squeeze", "unsqueeze", "expand_dims"]
  static let documentation = Documentation(
    "the numbers of a sample, row by row, under another shape",
    equation: "y = x;  ∂x += ∂y",
    shapes: "any shape → shape, with the same count",
    example: "- {type: reshape, shape: [1, 28, 28]}",
    source: "ONNX's operator Reshape")

  private let shape: Shape

  init(from options: inout Options) {
    shape = Shape(
      options.ints("shape", in: 0..., count: 1...Shape.maximumRank, "the extent along each axis"))
  }

  func plan(for inputs: [Port]) throws -> Plan {
    guard inputs[0].count == shape.count else {
      throw Diagnostic(
        "cannot reshape \(inputs[0]) into \(shape): \(inputs[0].count) numbers are not "
          + "\(shape.count)")
    }
    var plan = Plan(output: shape, work: 0).with(.ofInput)
    plan.backwardReads = []
    plan.acceptsEmptyInputs = true
    return plan
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\operatorname{reshape}"#, output: "x",
      inputs: [.init(derivative: "I", delta: #"\delta_y"#)],
      remark: "The same numbers in the same order.")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [graph.reshape(node.inputs[0], to: shape)]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) { pass.copy() }
  func backward<S: Scalar>(_ pass: BackwardPass<S>) { pass.addBack() }
}

extension ForwardPass {
  /// Computes y ← x.
  func copy() { y.update(from: x) }
}

extension BackwardPass {
  /// Computes dx ← dx + dy.
  func addBack() {
    let (dx, dy) = (dx, dy)
    for i in dx.indices { dx[i] += dy[i] }
  }
}
