import NNExp

// Activations with kinks, as formulas. The derivative at a kink is that of one side: of the left
// side for max(x, c) and min(x, c).

/// The scaled exponential linear unit, which keeps mean 0 and variance 1.
///
///     y   = λ·x where x > 0, λα(eˣ − 1) elsewhere
///     ∂x += ∂y · λ where x > 0, ∂y · λα·eˣ elsewhere
///     α = 1.6732632423543772, λ = 1.0507009873554805
///
/// - Source: Klambauer, Unterthiner, Mayr, Hochreiter 2017.
struct Selu: NamedFormula {
  static let typeName = "selu"
  static let documentation = Documentation(
    "the scaled exponential linear unit, which keeps mean 0 and variance 1",
    equation: """
      y = λx where x > 0, λα(e^x − 1) elsewhere;  ∂x += ∂y · λ where x > 0, ∂y · λα·e^x elsewhere
      α = 1.6732632423543772, λ = 1.0507009873554805
      """,
    shapes: "any shape → the same shape", example: "- selu",
    source: "Klambauer, Unterthiner, Mayr, Hochreiter 2017, \"Self-normalizing neural networks\"")

  let layer: FormulaLayer

  init(from options: inout Options) throws {
    layer = try FormulaLayer(
      "λ·max(x, 0) + λ·α·(exp(min(x, 0)) − 1)",
      constants: [("α", 1.6732632423543772), ("λ", 1.0507009873554805)])
  }
}

/// A sigmoid of straight lines.
///
///     y   = x/6 + ½, at least 0 and at most 1
///     ∂x += ∂y/6 where −3 < x < 3
///
/// - Source: Howard et al. 2019; PyTorch's Hardsigmoid.
struct HardSigmoid: NamedFormula {
  static let typeName = "hard_sigmoid"
  static let foreignNames = ["hardsigmoid"]
  static let documentation = Documentation(
    "a sigmoid of straight lines",
    equation: "y = x/6 + ½, at least 0 and at most 1;  ∂x += ∂y/6 where −3 < x < 3",
    shapes: "any shape → the same shape", example: "- hard_sigmoid",
    source: "Howard et al. 2019, \"Searching for MobileNetV3\"")

  let layer: FormulaLayer

  init(from options: inout Options) throws {
    layer = try FormulaLayer("min(max(x/6 + 0.5, 0), 1)")
  }
}

/// The product of x and its hard sigmoid.
///
///     y   = x·h(x),  h(x) = x/6 + ½, at least 0 and at most 1
///     ∂x += ∂y where x > 3, ∂y·(x/3 + ½) where −3 < x < 3
///
/// - Source: Howard et al. 2019; PyTorch's Hardswish.
struct HardSwish: NamedFormula {
  static let typeName = "hard_swish"
  static let foreignNames = ["hardswish", "hard_silu"]
  static let documentation = Documentation(
    "the product of x and its hard sigmoid",
    equation: """
      y = x·h(x), h(x) = x/6 + ½, at least 0 and at most 1
      ∂x += ∂y where x > 3, ∂y·(x/3 + ½) where −3 < x < 3
      """,
    shapes: "any shape → the same shape", example: "- hard_swish",
    source: "Howard et al. 2019, \"Searching for MobileNetV3\"")

  let layer: FormulaLayer

  init(from options: inout Options) throws {
    layer = try FormulaLayer("x·min(max(x/6 + 0.5, 0), 1)")
  }
}

/// The identity between two limits.
///
///     y   = x, at least a and at most b
///     ∂x += ∂y where a < x < b
///
/// - Source: Collobert 2004.
struct HardTanh: NamedFormula {
  static let typeName = "hard_tanh"
  static let foreignNames = ["hardtanh", "clip", "clamp"]
  static let documentation = Documentation(
    "the identity between two limits",
    equation: "y = x, at least a and at most b;  ∂x += ∂y where a < x < b",
    shapes: "any shape → the same shape", example: "- {type: hard_tanh, minimum: -1, maximum: 1}",
    source: "Collobert 2004, \"Large scale machine learning\"")

  let layer: FormulaLayer

  init(from options: inout Options) throws {
    let low = options.double("minimum", default: -1, "a: the smallest output")
    let high = options.double("maximum", default: 1, "b: the largest output")
    options.suggest("minimum", for: "min", "min_val", "min_value")
    options.suggest("maximum", for: "max", "max_val", "max_value")
    if low >= high {
      options.reject(
        "maximum",
        "maximum must be above minimum, found \(shortest(high)), and minimum \(shortest(low))")
    }
    layer = try FormulaLayer("min(max(x, a), b)", constants: [("a", low), ("b", high)])
  }
}

/// The rectified linear unit with an upper limit.
///
///     y   = x, at least 0 and at most 6
///     ∂x += ∂y where 0 < x < 6
///
/// - Source: Krizhevsky 2010.
struct Relu6: NamedFormula {
  static let typeName = "relu6"
  static let documentation = Documentation(
    "the rectified linear unit with an upper limit of 6",
    equation: "y = x, at least 0 and at most 6;  ∂x += ∂y where 0 < x < 6",
    shapes: "any shape → the same shape", example: "- relu6",
    source: "Krizhevsky 2010, \"Convolutional deep belief networks on CIFAR-10\"")

  let layer: FormulaLayer

  init(from options: inout Options) throws { layer = try FormulaLayer("min(max(x, 0), 6)") }
}

/// The rectified linear unit with a learned slope below zero.
///
///     y   = x where x > 0, a·x elsewhere
///     ∂x += ∂y where x > 0, ∂y · a elsewhere
///     ∂a += Σ ∂y · min(x, 0)
///
/// - Source: He, Zhang, Ren, Sun 2015.
struct Prelu: NamedFormula {
  static let typeName = "prelu"
  static let foreignNames = ["parametric_relu"]
  static let documentation = Documentation(
    "the rectified linear unit with a learned slope below zero",
    equation:
      "y = x where x > 0, ax elsewhere;  ∂x += ∂y where x > 0, a∂y elsewhere;  ∂a += Σ ∂y·min(x, 0)",
    shapes: "any shape → the same shape;  a [1], or [channels]",
    example: "- {type: prelu, slopes: channels}",
    source: "He, Zhang, Ren, Sun 2015, \"Delving deep into rectifiers\"")

  let layer: FormulaLayer

  init(from options: inout Options) throws {
    options.suggest("slope", for: "init", "alpha", "negative_slope")
    options.suggest("slopes", for: "num_parameters", "shared_axes")
    let extent = options.choice(
      "slopes", default: Formula.Parameter.Extent.scalar,
      "scalar: one slope; features: one per number of a sample; channels: one per channel")
    let slope = options.double("slope", default: 0.25, "a at the start of training")
    layer = try FormulaLayer(
      "max(x, 0) + a·min(x, 0)",
      parameters: [.init(name: "a", initial: slope, extent: extent, range: nil)])
  }
}
