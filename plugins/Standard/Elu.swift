import NNExp

/// The exponential linear unit.
///
///     y    = x where x > 0, α(eˣ − 1) elsewhere
///     ∂x  += ∂y where x > 0, ∂y · αeˣ elsewhere
///
/// The slope is not computed as y + α, which loses digits below zero and is 0 for x ≤ −37
/// (float64).
struct Elu: Layer, Component {
  static let typeName = "elu"
  static let documentation = Documentation(
    "the exponential linear unit",
    equation:
      "y = x where x > 0, α(e^x − 1) elsewhere;  ∂x += ∂y where x > 0, ∂y · αe^x elsewhere",
    shapes: "any shape → the same shape",
    example: "- {type: elu, alpha: 1}",
    source:
      "Clevert, Unterthiner, Hochreiter 2015, \"Fast and accurate deep network learning by ELUs\"")

  private let alpha: Double

  init(from options: inout Options) {
    alpha = options.double(
      "alpha", default: 1, in: .nonnegative, "−α is the limit of y for x → −∞")
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      elementwise: "f",
      value: #"\begin{cases} u & u > 0 \\ \alpha (e^u - 1) & u \le 0 \end{cases}"#,
      slope: #"[x > 0] + \alpha e^x \otimes [x \le 0]"#,
      where: [#"\alpha = \#(Equations.number(alpha))"#],
      remark: "[…] is 1 if the condition is true, otherwise 0.")
  }

  func plan(for inputs: [Port]) -> Plan { Plan(output: inputs[0].shape) }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    // ONNX's Elu has α in float32.
    let x = node.inputs[0]
    let power = graph.add("Exp", graph.add("Min", x, graph.constant(0)))
    let below = graph.add(
      "Mul", graph.constant(alpha), graph.add("Sub", power, graph.constant(1)))
    return [graph.add("Add", graph.add("Relu", x), below)]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    let α = S(alpha)
    map(.expm1, x, into: y)
    for i in y.indices {
      // Both numbers are read, so that the loop has no branch.
      let (above, below) = (x[i], α * y[i])
      y[i] = above > 0 ? above : below
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, dx, dy) = (pass.x, pass.dx, pass.dy)
    let α = S(alpha)
    inBlocks(of: dx.count) { block, e in
      map(.exp, x.slice(block), into: e)
      for i in block {
        let below = α * e[i &- block.lowerBound]
        dx[i] += dy[i] * (x[i] > 0 ? 1 : below)
      }
    }
  }
}
