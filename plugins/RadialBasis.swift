import NNExp

/// Gaussian bumps around learned centers, each with a learned width.
///
///     qₖ  = Σⱼ (xⱼ − cₖⱼ)²,   γₖ = e^βₖ,   yₖ = exp(−γₖ qₖ)
///     ∂xⱼ += Σₖ ∂yₖ yₖ · (−2 γₖ)(xⱼ − cₖⱼ);   ∂cₖⱼ −= the same
///     ∂βₖ += ∂yₖ yₖ · (−γₖ qₖ)
///
/// - Shape: any → `[units]`
/// - Source: Broomhead and Lowe 1988, "Multivariable functional interpolation and
///   adaptive networks"; widths learned as in Moody and Darken 1989.
struct RadialBasis: Layer, Component {
  static let typeName = "radial_basis"
  static let documentation = Documentation(
    "Gaussian bumps around learned centers, each with a learned width",
    equation: "yₖ = exp(−e^βₖ Σⱼ (xⱼ − cₖⱼ)²)",
    shapes: "any → [units]",
    example: "- {type: radial_basis, units: 20, gamma: 0.1}",
    source: "Broomhead and Lowe 1988")

  static let examples = [
    Example(["units": 3], inputs: [4]),
    Example(["units": 2, "gamma": 0.3], inputs: [2, 3]),
  ]

  private let units: Int
  private let gamma: Double

  init(from options: inout Options) {
    units = options.int("units", in: 1...1 << 20, "number of centers")
    gamma = options.double(
      "gamma", default: 0.1, in: .positive, "initial γ; about 1/(number of inputs)")
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let count = inputs[0].count
    guard count > 0 else { throw Diagnostic("the input \(inputs[0]) has no numbers") }
    return Plan(
      output: [units],
      parameters: [
        .init("center", [units, count], initial: Initial("normal", [("standard_deviation", 1)])),
        .init("beta", [units], initial: .constant(Double.log(gamma))),
      ],
      scratch: [.perSample(units)], work: Shape([units, count]).count)
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let x = graph.reshape(node.inputs[0], to: [1, node.inputPorts[0].count])
    let d = graph.add("Sub", x, graph.constant(node.parameters[0]))
    let q = graph.add(
      "ReduceSum", graph.add("Mul", d, d), graph.integers([2]),
      attributes: [("keepdims", .integer(0))])
    let gamma = graph.add("Exp", graph.constant(node.parameters[1]))
    return [graph.add("Exp", graph.add("Neg", graph.add("Mul", gamma, q)))]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y, q) = (pass.x, pass.y, pass.scratch[0])
    let (c, beta) = (pass.parameters[0], pass.parameters[1])
    let (units, count) = (beta.count, x.shape.count)
    for s in 0..<pass.samples {
      for k in 0..<units {
        var sum: S = 0
        for j in 0..<count {
          let d = x[s &* count &+ j] - c[k &* count &+ j]
          sum += d * d
        }
        q[s &* units &+ k] = sum
        y[s &* units &+ k] = S.exp(-S.exp(beta[k]) * sum)
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, y, dy, q) = (pass.x, pass.y, pass.dy, pass.scratch[0])
    let (c, beta) = (pass.parameters[0], pass.parameters[1])
    let (dx, dc, dBeta) = (pass.dx, pass.gradients[0], pass.gradients[1])
    let (units, count) = (beta.count, x.shape.count)
    for s in 0..<pass.samples {
      for k in 0..<units {
        let i = s &* units &+ k
        let gamma = S.exp(beta[k])
        let slope = dy[i] * y[i]
        dBeta[k] -= slope * gamma * q[i]
        for j in 0..<count {
          let part = -2 * gamma * slope * (x[s &* count &+ j] - c[k &* count &+ j])
          dx[s &* count &+ j] += part
          dc[k &* count &+ j] -= part
        }
      }
    }
  }
}

func register(in registry: inout Registry) { registry.register(RadialBasis.self) }
