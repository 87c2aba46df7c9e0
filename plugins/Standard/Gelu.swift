import NNExp

/// The Gaussian error linear unit.
///
///     y    = x·Φ(x),  Φ(x) = ½(1 + erf(x/√2)),  φ(x) = e^(−x²/2) / √(2π)
///     ∂x  += ∂y · (Φ(x) + x·φ(x))
///
/// With `approximation: tanh`:
///
///     y    = ½x(1 + t),  t = tanh u,  u = √(2/π)(x + 0.044715x³)
///     ∂x  += ∂y · (½(1 + t) + ½x(1 − t²)u′)
struct Gelu: FunctionLayer {
  static let typeName = "gelu"
  static let documentation = Documentation(
    "the Gaussian error linear unit",
    equation: """
      y = x·Φ(x) with Φ(x) = ½(1 + erf(x/√2));  ∂x += ∂y · (Φ(x) + x·e^(−x²/2)/√(2π))
      approximation tanh: y = ½x(1 + t), t = tanh(√(2/π)(x + 0.044715x³));  \
      ∂x += ∂y · (½(1 + t) + ½x(1 − t²)√(2/π)(1 + 0.134145x²))
      """,
    shapes: "any shape → the same shape",
    example: "- {type: gelu, approximation: tanh}",
    source: "Hendrycks, Gimpel 2016, \"Gaussian error linear units\"")

  private enum Approximation: String, CaseIterable { case none, tanh }

  private let approximation: Approximation

  var function: ElementwiseFunction { approximation == .none ? .gelu : .geluTanh }

  init(from options: inout Options) {
    approximation = options.choice(
      "approximation", default: Approximation.none,
      "none: the exact form; tanh: the published approximation")
  }

  func equations(for inputs: [Port]) -> Equations {
    switch approximation {
    case .none:
      Equations(
        elementwise: "f", value: #"u \Phi(u)"#, slope: #"\Phi(x) + x \otimes \phi(x)"#,
        where: [
          #"\Phi(u) = \frac{1}{2} (1 + \erf(u / \sqrt{2}))"#,
          #"\phi(u) = \frac{1}{\sqrt{2 \pi}} e^{-u^2 / 2}"#,
        ])
    case .tanh:
      Equations(
        elementwise: "f", value: #"\frac{1}{2} u (1 + \tanh v(u))"#,
        slope: #"\frac{1}{2} (1 + \tanh v(x)) + \frac{1}{2} x \otimes (1 - \tanh^2 v(x)) "#
          + #"\otimes v'(x)"#,
        where: [
          #"v(u) = \sqrt{2 / \pi} (u + 0.044715 u^3)"#,
          #"v'(u) = \sqrt{2 / \pi} (1 + 0.134145 u^2)"#,
        ])
    }
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let x = node.inputs[0]
    let bend: OperatorGraph.Value
    switch approximation {
    case .none:
      // ½(1 + erf(x/√2))
      bend = graph.add("Erf", graph.add("Mul", x, graph.constant(0.5.squareRoot())))
    case .tanh:
      // √(2/π)(x + 0.044715x³)
      let cube = graph.add("Mul", graph.add("Mul", x, x), x)
      let sum = graph.add("Add", x, graph.add("Mul", graph.constant(0.044715), cube))
      bend = graph.add(
        "Tanh", graph.add("Mul", graph.constant((2 / Double.pi).squareRoot()), sum))
    }
    let share = graph.add("Add", bend, graph.constant(1))
    return [graph.add("Mul", graph.add("Mul", x, graph.constant(0.5)), share)]
  }
}
