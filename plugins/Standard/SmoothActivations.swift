import NNExp

// Activations without a kink, as formulas.

/// The sigmoid linear unit.
///
///     y   = x·σ(x)
///     ∂x += ∂y · σ(x)·(1 + x·(1 − σ(x)))
///
/// - Source: Elfwing, Uchibe, Doya 2018; Ramachandran, Zoph, Le 2017 ("swish").
struct Silu: NamedFormula {
  static let typeName = "silu"
  static let foreignNames = ["swish"]
  static let documentation = Documentation(
    "the sigmoid linear unit",
    equation: "y = x·σ(x);  ∂x += ∂y · σ(x)·(1 + x·(1 − σ(x)))",
    shapes: "any shape → the same shape", example: "- silu",
    source: "Elfwing, Uchibe, Doya 2018, \"Sigmoid-weighted linear units\"")

  let layer: FormulaLayer

  init(from options: inout Options) throws { layer = try FormulaLayer("x·σ(x)") }
}

/// The product of x and the tanh of its softplus.
///
///     y   = x·tanh(ln(1 + eˣ))
///     ∂x += ∂y · (tanh s + x·(1 − tanh² s)·σ(x)),  s = ln(1 + eˣ)
///
/// - Source: Misra 2020.
struct Mish: NamedFormula {
  static let typeName = "mish"
  static let documentation = Documentation(
    "the product of x and the tanh of its softplus",
    equation:
      "y = x·tanh s, s = ln(1 + e^x);  ∂x += ∂y · (tanh s + x·(1 − tanh² s)·σ(x))",
    shapes: "any shape → the same shape", example: "- mish",
    source: "Misra 2020, \"Mish: a self regularized non-monotonic activation function\"")

  let layer: FormulaLayer

  init(from options: inout Options) throws { layer = try FormulaLayer("x·tanh(softplus(x))") }
}

/// The logarithm of the sigmoid.
///
///     y   = ln σ(x) = −ln(1 + e⁻ˣ)
///     ∂x += ∂y · σ(−x)
struct LogSigmoid: NamedFormula {
  static let typeName = "log_sigmoid"
  static let foreignNames = ["logsigmoid"]
  static let documentation = Documentation(
    "the logarithm of the sigmoid",
    equation: "y = ln σ(x) = −ln(1 + e^−x);  ∂x += ∂y · σ(−x)",
    shapes: "any shape → the same shape", example: "- log_sigmoid",
    source: "PyTorch's LogSigmoid")

  let layer: FormulaLayer

  init(from options: inout Options) throws { layer = try FormulaLayer("−softplus(−x)") }
}

/// The quotient of x and 1 + |x|.
///
///     y   = x/(1 + |x|)
///     ∂x += ∂y/(1 + |x|)²
///
/// - Source: Bergstra et al. 2009; Glorot and Bengio 2010.
struct Softsign: NamedFormula {
  static let typeName = "softsign"
  static let documentation = Documentation(
    "the quotient of x and 1 + |x|", equation: "y = x/(1 + |x|);  ∂x += ∂y/(1 + |x|)²",
    shapes: "any shape → the same shape", example: "- softsign",
    source: "Glorot and Bengio 2010, \"Understanding the difficulty of training deep networks\"")

  let layer: FormulaLayer

  init(from options: inout Options) throws { layer = try FormulaLayer("x/(1 + |x|)") }
}
