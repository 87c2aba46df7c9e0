import NNExp

// Layers of two inputs, entry by entry, as formulas.

private enum Arithmetic {
  static let shapes =
    "two inputs of one shape → that shape; an input is repeated along axes that it lacks at the "
    + "front, and along those of extent 1"
}

/// The difference of two inputs.
///
///     y    = x¹ − x²
///     ∂x¹ += ∂y,  ∂x² −= ∂y
struct Subtract: NamedFormula {
  static let typeName = "subtract"
  static let foreignNames = ["sub", "difference"]
  let inputCount = 2...2
  static let documentation = Documentation(
    "the difference of two inputs", equation: "y = x¹ − x²;  ∂x¹ += ∂y;  ∂x² −= ∂y",
    shapes: Arithmetic.shapes,
    example: "- {type: subtract, inputs: [left, right]}",
    source: "ONNX's operator Sub")

  let layer: FormulaLayer

  init(from options: inout Options) throws { layer = try FormulaLayer("a − b", ["a", "b"]) }
}

/// The quotient of two inputs.
///
///     y    = x¹/x²
///     ∂x¹ += ∂y/x²,  ∂x² −= ∂y·x¹/(x²)²
struct Divide: NamedFormula {
  static let typeName = "divide"
  static let foreignNames = ["div", "quotient"]
  let inputCount = 2...2
  static let documentation = Documentation(
    "the quotient of two inputs", equation: "y = x¹/x²;  ∂x¹ += ∂y/x²;  ∂x² −= ∂y·x¹/(x²)²",
    shapes: Arithmetic.shapes,
    example: "- {type: divide, inputs: [left, right]}",
    source: "ONNX's operator Div")

  let layer: FormulaLayer

  init(from options: inout Options) throws { layer = try FormulaLayer("a / b", ["a", "b"]) }
}

/// The larger one of two inputs.
///
///     y    = max(x¹, x²)
///     ∂x¹ += ∂y where x¹ > x²,  ∂x² += ∂y elsewhere
struct Maximum: NamedFormula {
  static let typeName = "maximum"
  static let foreignNames = ["max"]
  let inputCount = 2...2
  static let documentation = Documentation(
    "the larger one of two inputs",
    equation: "y = max(x¹, x²);  ∂x¹ += ∂y where x¹ > x²;  ∂x² += ∂y elsewhere",
    shapes: Arithmetic.shapes,
    example: "- {type: maximum, inputs: [left, right]}",
    source: "ONNX's operator Max")

  let layer: FormulaLayer

  init(from options: inout Options) throws { layer = try FormulaLayer("max(a, b)", ["a", "b"]) }
}

/// The smaller one of two inputs.
///
///     y    = min(x¹, x²)
///     ∂x¹ += ∂y where x¹ ≤ x²,  ∂x² += ∂y elsewhere
struct Minimum: NamedFormula {
  static let typeName = "minimum"
  static let foreignNames = ["min"]
  let inputCount = 2...2
  static let documentation = Documentation(
    "the smaller one of two inputs",
    equation: "y = min(x¹, x²);  ∂x¹ += ∂y where x¹ ≤ x²;  ∂x² += ∂y elsewhere",
    shapes: Arithmetic.shapes,
    example: "- {type: minimum, inputs: [left, right]}",
    source: "ONNX's operator Min")

  let layer: FormulaLayer

  init(from options: inout Options) throws { layer = try FormulaLayer("min(a, b)", ["a", "b"]) }
}
