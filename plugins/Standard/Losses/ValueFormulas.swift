import NNExp

// Losses of numbers, as formulas.

/// The asymmetric absolute error, whose minimum is the quantile τ of the targets.
///
///     ℓ   = Σⱼ max(τ(tⱼ − zⱼ), (τ − 1)(tⱼ − zⱼ))
///     ∂zⱼ += 1 − τ where zⱼ > tⱼ, −τ where zⱼ < tⱼ
///
/// - Source: Koenker and Bassett 1978.
struct Quantile: NamedFormulaLoss {
  static let typeName = "quantile"
  static let foreignNames = ["pinball", "pinball_loss", "quantile_loss"]
  static let documentation = Documentation(
    "the asymmetric absolute error, whose minimum is a quantile of the targets",
    equation: """
      ℓ = Σⱼ max(τ(tⱼ − zⱼ), (τ − 1)(tⱼ − zⱼ))
      ∂zⱼ += 1 − τ where zⱼ > tⱼ, −τ where zⱼ < tⱼ
      """,
    shapes: "output and targets of one shape",
    example: "loss: {type: quantile, quantile: 0.9}",
    source: "Koenker and Bassett 1978, \"Regression quantiles\"")

  let loss: FormulaLoss

  init(from options: inout Options) throws {
    options.suggest("quantile", for: "tau", "alpha", "q")
    let τ = options.double("quantile", default: 0.5, in: .unit, "τ: the part of targets below z")
    loss = try FormulaLoss("max(τ·(t − z), (τ − 1)·(t − z))", constants: [("τ", τ)])
  }
}

/// The negative log-likelihood of counts with a Poisson distribution, without ln t!.
///
///     ℓ   = Σⱼ zⱼ − tⱼ ln zⱼ
///     ∂zⱼ += 1 − tⱼ/zⱼ
///
/// NaN for a negative output.
/// - Source: PyTorch's PoissonNLLLoss with `log_input` false and `eps` 0.
struct Poisson: NamedFormulaLoss {
  static let typeName = "poisson"
  static let foreignNames = ["poisson_nll", "poisson_nll_loss"]
  static let documentation = Documentation(
    "the negative log-likelihood of counts with a Poisson distribution, without ln t!",
    equation: "ℓ = Σⱼ zⱼ − tⱼ ln zⱼ;  ∂zⱼ += 1 − tⱼ/zⱼ",
    shapes: "output and targets of one shape; the output is positive, as that of softplus",
    example: "loss: poisson")

  static let examples = [Example([:], output: [2], target: .values([2]))]

  let loss: FormulaLoss

  init(from options: inout Options) throws { loss = try FormulaLoss("z − t·log(z)") }
}

/// The logarithm of the hyperbolic cosine of the error: about d²/2 for small errors d, |d| − ln 2
/// for large ones.
///
///     ℓ   = Σⱼ ln cosh(zⱼ − tⱼ)
///     ∂zⱼ += tanh(zⱼ − tⱼ)
struct LogCosh: NamedFormulaLoss {
  static let typeName = "log_cosh"
  static let foreignNames = ["logcosh"]
  static let documentation = Documentation(
    "the logarithm of the hyperbolic cosine of the error",
    equation: "ℓ = Σⱼ ln cosh(zⱼ − tⱼ);  ∂zⱼ += tanh(zⱼ − tⱼ)",
    shapes: "output and targets of one shape", example: "loss: log_cosh")

  let loss: FormulaLoss

  init(from options: inout Options) throws {
    // ln cosh d, in a form that cannot overflow.
    loss = try FormulaLoss(
      "|z − t| + softplus(−2·|z − t|) − ln2", constants: [("ln2", 0.6931471805599453)])
  }
}

/// One minus the cosine of the angle between the output and the target.
///
///     ℓ   = 1 − Σⱼ zⱼtⱼ/(‖z‖·‖t‖)
///     ∂zⱼ += (cos·zⱼ/‖z‖ − tⱼ/‖t‖)/‖z‖
///
/// A norm below ε = 1e-8 is replaced with ε.
/// - Source: PyTorch's cosine_similarity.
struct CosineLoss: NamedFormulaLoss {
  static let typeName = "cosine"
  static let foreignNames = ["cosine_similarity", "cosine_embedding_loss"]
  static let documentation = Documentation(
    "one minus the cosine of the angle between the output and the target",
    equation: "ℓ = 1 − Σⱼ zⱼtⱼ/(‖z‖·‖t‖);  ∂zⱼ += (cos·zⱼ/‖z‖ − tⱼ/‖t‖)/‖z‖;  norms ≥ 1e-8",
    shapes: "output and targets of one shape", example: "loss: cosine")

  let loss: FormulaLoss

  init(from options: inout Options) throws {
    loss = try FormulaLoss(
      "1 − sum(z·t)/(max(sqrt(sum(z^2)), ε)·max(sqrt(sum(t^2)), ε))", constants: [("ε", 1e-8)])
  }
}
