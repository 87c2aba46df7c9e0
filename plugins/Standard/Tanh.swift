import NNExp

/// The hyperbolic tangent.
///
///     y    = tanh x
///     ∂x  += ∂y · (1 − y²)
struct Tanh: Activation {
  static let typeName = "tanh"
  static let manual = Manual(
    "the hyperbolic tangent of every entry",
    equation: "y = tanh x;  ∂x += ∂y · (1 − y²)",
    shapes: "any shape → the same shape",
    example: "- tanh",
    source: "LeCun, Bottou, Orr, Müller 1998, \"Efficient BackProp\"")

  init(from options: inout Options) {}

  func equations(for inputs: [Shape]) -> Equations {
    Equations(elementwise: #"\tanh"#, slope: #"1 - y \otimes y"#)
  }

  func value<S: Scalar>(_ x: S) -> S { S.tanh(x) }

  // (1 − y)(1 + y) cancels once where 1 − y² rounds twice.
  func slope<S: Scalar>(_ x: S, _ y: S) -> S { (1 - y) * (1 + y) }
}
