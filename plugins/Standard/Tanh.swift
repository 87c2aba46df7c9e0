import NNExp

/// The hyperbolic tangent.
///
///     y    = tanh x
///     ∂x  += ∂y · (1 − y²)
struct Tanh: Layer, Component {
  static let typeName = "tanh"
  static let documentation = Documentation(
    "the hyperbolic tangent of every entry",
    equation: "y = tanh x;  ∂x += ∂y · (1 − y²)",
    shapes: "any shape → the same shape",
    example: "- tanh",
    source: "LeCun, Bottou, Orr, Müller 1998, \"Efficient BackProp\"")

  init(from options: inout Options) {}

  func equations(for inputs: [Shape]) -> Equations {
    Equations(elementwise: #"\tanh"#, slope: #"1 - y \otimes y"#)
  }

  func plan(for inputs: [Shape]) -> Plan { Plan(output: inputs[0]) }

  var function: RealFunction? { .tanh }

  func forward<S: Scalar>(_ pass: Forward<S>) { map(.tanh, pass.x, into: pass.y) }

  func backward<S: Scalar>(_ pass: Backward<S>) {
    addPullback(of: .tanh, x: pass.x, y: pass.y, dy: pass.dy, to: pass.dx)
  }
}
