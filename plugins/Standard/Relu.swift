import NNExp

/// The rectifier.
///
///     y    = max(x, 0)
///     ∂x  += ∂y where x > 0     (0 at the kink, x = 0)
struct Relu: Activation {
  static let typeName = "relu"
  static let foreignNames = ["rectifier", "rectified_linear"]
  static let documentation = Documentation(
    "the positive part of every entry",
    equation: "y = max(x, 0);  ∂x += ∂y where x > 0, nothing elsewhere (0 at x = 0)",
    shapes: "any shape → the same shape",
    example: "- relu",
    source: "Nair, Hinton 2010, \"Rectified linear units improve restricted Boltzmann machines\"")

  init(from options: inout Options) {}

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      elementwise: #"\operatorname{relu}"#, value: #"\max(u, 0)"#, slope: "[x > 0]",
      remark: "[…] is 1 if the condition is true, otherwise 0, also at the kink.")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [graph.add("Relu", node.inputs[0])]
  }

  func plan(for inputs: [Port]) -> Plan {
    var plan = Plan(output: inputs[0].shape)
    plan.backwardReads = .outputs
    return plan
  }

  func value<S: Scalar>(_ x: S) -> S { x <= 0 ? 0 : x }
  func slope<S: Scalar>(_ x: S, _ y: S) -> S { y > 0 ? 1 : 0 }
}

/// The rectifier with a small slope below zero.
///
///     y    = x where x > 0, a·x elsewhere
///     ∂x  += ∂y where x > 0, a·∂y elsewhere (at x = 0 too)
struct LeakyRelu: Activation {
  static let typeName = "leaky_relu"
  static let documentation = Documentation(
    "the rectifier with a small slope below zero",
    equation: "y = x where x > 0, slope · x elsewhere;  ∂x += ∂y · (1 or slope)",
    shapes: "any shape → the same shape",
    example: "- {type: leaky_relu, slope: 0.01}",
    source: "Maas, Hannun, Ng 2013, \"Rectifier nonlinearities improve acoustic models\"")

  private let belowZero: Double

  init(from options: inout Options) {
    options.suggest("slope", for: "negative_slope", "alpha")
    belowZero = options.double("slope", default: 0.01, "the slope below zero")
  }

  func equations(for inputs: [Port]) -> Equations {
    let slope = Equations.number(belowZero)
    return Equations(
      elementwise: "f", value: #"\begin{cases} u & u > 0 \\ \#(slope) u & u \le 0 \end{cases}"#,
      slope: #"[x > 0] + \#(slope) [x \le 0]"#,
      remark: "[…] is 1 if the condition is true, otherwise 0.")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [graph.add("PRelu", node.inputs[0], graph.constant([belowZero], [1]))]
  }

  func value<S: Scalar>(_ x: S) -> S { x > 0 ? x : S(belowZero) * x }
  func slope<S: Scalar>(_ x: S, _ y: S) -> S { x > 0 ? 1 : S(belowZero) }
}
