import NNExp

/// The logistic function.
///
///     y    = 1 / (1 + e⁻ˣ)
///     ∂x  += ∂y · y(1 − y)
///
/// Computed from e^(−|x|), which cannot overflow. Exact down to the smallest denormal.
struct Sigmoid: FunctionLayer {
  static let typeName = "sigmoid"
  static let foreignNames = ["logistic", "expit"]
  static let documentation = Documentation(
    "the logistic function of every entry",
    equation: "y = 1 / (1 + e^(−x));  ∂x += ∂y · y(1 − y)",
    shapes: "any shape → the same shape",
    example: "- sigmoid",
    source: "Rumelhart, Hinton, Williams 1986; Tang 2018, eq. 12; Tanaka 2013, eq. 27 (y, not y′)")

  var function: ElementwiseFunction { .logistic }

  init(from options: inout Options) {}

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      elementwise: #"\sigma"#, value: #"\frac{1}{1 + e^{-u}}"#, slope: #"y \otimes (1 - y)"#)
  }

  /// 1 / (1 + e⁻ˣ).
  static func of<S: Scalar>(_ x: S) -> S {
    let e = S.exp(-abs(x))
    return (x < 0 ? e : 1) / (1 + e)
  }
}
