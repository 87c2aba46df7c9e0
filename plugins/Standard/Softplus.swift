import NNExp

/// The softplus function, a smooth rectifier.
///
///     y    = ln(1 + e^(βx)) / β = max(x, 0) + ln(1 + e^(−β|x|)) / β
///     ∂x  += ∂y · 1 / (1 + e^(−βx))
///
/// The second form is exact for every x, without a threshold above which y = x.
struct Softplus: Layer, Component {
  static let typeName = "softplus"
  static let documentation = Documentation(
    "the smooth rectifier",
    equation: "y = ln(1 + e^(βx)) / β;  ∂x += ∂y / (1 + e^(−βx))",
    shapes: "any shape → the same shape",
    example: "- {type: softplus, beta: 1}",
    source: "Dugas et al. 2001, \"Incorporating second-order functional knowledge\"")

  private let beta: Double

  init(from options: inout Options) {
    beta = options.double("beta", default: 1, in: .positive, "the sharpness of the bend")
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      elementwise: "f", value: #"\frac{1}{\beta} \ln(1 + e^{\beta u})"#,
      slope: #"\sigma(\beta x)"#,
      where: [
        #"\sigma(u) = \frac{1}{1 + e^{-u}}"#, #"\beta = \#(Equations.number(beta))"#,
      ])
  }

  func plan(for inputs: [Port]) -> Plan { Plan(output: inputs[0].shape) }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    // max(x, 0) + ln(1 + e^(−β|x|)) / β
    let x = node.inputs[0]
    let power = graph.add(
      "Exp", graph.add("Mul", graph.constant(-beta), graph.add("Abs", x)))
    let logarithm = graph.add("Log", graph.add("Add", graph.constant(1), power))
    return [
      graph.add("Add", graph.add("Relu", x), graph.add("Div", logarithm, graph.constant(beta)))
    ]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    let β = S(beta)
    for i in y.indices { y[i] = -β * abs(x[i]) }
    map(.exp, y, into: y)
    map(.log1p, y, into: y)
    for i in y.indices { y[i] = (x[i] > 0 ? x[i] : 0) + y[i] / β }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, dx, dy) = (pass.x, pass.dx, pass.dy)
    let β = S(beta)
    inBlocks(of: dx.count) { (block, slope: Tensor<S>) in
      for i in block { slope[i &- block.lowerBound] = β * x[i] }
      map(.logistic, slope, into: slope)
      for i in block {
        let s = slope[i &- block.lowerBound]
        dx[i] += dy[i] * (s + productError(β, x[i]) * (s * (1 - s)))
      }
    }
  }

  /// The x with ln(1 + eˣ) = y > 0, in a form in which a large y does not overflow.
  static func inverse(_ y: Double) -> Double { y + Double.log(-Double.expm1(-y)) }

  /// ln(1 + e^(βx)) / β.
  static func of<S: Scalar>(_ x: S, beta: S = 1) -> S {
    (x > 0 ? x : 0) + S.log1p(S.exp(-beta * abs(x))) / beta
  }
}
