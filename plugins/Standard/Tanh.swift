import NNExp

/// The hyperbolic tangent.
///
///     y    = tanh x
///     ∂x  += ∂y · (1 − y²)
struct Tanh: FunctionLayer {
  static let typeName = "tanh"
  static let documentation = Documentation(
    "the hyperbolic tangent of every entry",
    equation: "y = tanh x;  ∂x += ∂y · (1 − y²)",
    shapes: "any shape → the same shape",
    example: "- tanh",
    source: "LeCun, Bottou, Orr, Müller 1998, \"Efficient BackProp\"")

  var function: ElementwiseFunction { .tanh }

  init(from options: inout Options) {}

  func equations(for inputs: [Port]) -> Equations {
    Equations(elementwise: #"\tanh"#, slope: #"1 - y \otimes y"#)
  }
}
