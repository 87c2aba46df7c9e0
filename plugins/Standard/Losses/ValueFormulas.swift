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
  static let foreignNames = ["pinball", "pinball_loss", "mean_pinball_loss", "quantile_loss"]
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
  private let τ: Double

  init(from options: inout Options) throws {
    options.suggest("quantile", for: "tau", "alpha", "q")
    let τ = options.double("quantile", default: 0.5, in: .unit, "τ: the part of targets below z")
    self.τ = τ
    loss = try FormulaLoss("max(τ·(t − z), (τ − 1)·(t − z))", constants: [("τ", τ)])
  }

  func equations(output: Shape, target: Target) -> Equations {
    Equations(
      "", output: #"\sum_j \max(\tau (t_j - z_j), (\tau - 1) (t_j - z_j))"#,
      where: [#"\tau = \#(Equations.number(τ))"#],
      inputs: [.init(derivative: #"\frac{\partial \ell}{\partial z_j} = [z_j > t_j] - \tau"#)],
      remark: "[…] is 1 if the condition is true, otherwise 0.")
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
    example: "loss: poisson",
    source: "PyTorch's PoissonNLLLoss with log_input=False and eps=0")

  static let examples = [Example([:], output: [2], target: .values([2]))]

  let loss: FormulaLoss
  var targetDemand: TargetDemand { .nonNegative }

  init(from options: inout Options) throws { loss = try FormulaLoss("z − t·log(z)") }

  func equations(output: Shape, target: Target) -> Equations {
    Equations(
      "", output: #"\sum_j (z_j - t_j \ln z_j)"#,
      inputs: [
        .init(derivative: #"\frac{\partial \ell}{\partial z_j} = 1 - \frac{t_j}{z_j}"#)
      ])
  }
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
    shapes: "output and targets of one shape", example: "loss: log_cosh",
    source: "Keras's LogCosh, summed over the outputs")

  let loss: FormulaLoss

  init(from options: inout Options) throws {
    // ln cosh d, in a form that cannot overflow.
    loss = try FormulaLoss(
      "|z − t| + softplus(−2·|z − t|) − ln2", constants: [("ln2", 0.6931471805599453)])
  }

  func equations(output: Shape, target: Target) -> Equations {
    Equations(
      "", output: #"\sum_j \ln \operatorname{cosh}(z_j - t_j)"#,
      inputs: [.init(derivative: #"\tanh(z - t)"#)])
  }
}

/// The loss of the distance z between two samples that belong together (t = 1) or not (t = 0):
/// together, the smaller the better; otherwise at least the margin m.
///
///     ℓ   = Σⱼ ½(tⱼzⱼ² + (1 − tⱼ)·max(m − zⱼ, 0)²)
///     ∂zⱼ += tⱼzⱼ − (1 − tⱼ)·max(m − zⱼ, 0)
///
/// - Source: Hadsell, Chopra and LeCun 2006, where t is 1 for samples that differ.
struct Contrastive: NamedFormulaLoss {
  static let typeName = "contrastive"
  static let foreignNames = ["contrastive_loss", "hinge_embedding_loss"]
  static let documentation = Documentation(
    "the loss of a distance: small for samples that belong together, else at least a margin",
    equation: """
      ℓ = Σⱼ ½(tⱼzⱼ² + (1 − tⱼ)·max(m − zⱼ, 0)²)
      ∂zⱼ += tⱼzⱼ − (1 − tⱼ)·max(m − zⱼ, 0)
      """,
    shapes: "distances as output, and targets from 0 to 1 of one shape, which are numbers",
    example: "loss: {type: contrastive, margin: 1}",
    source: "Hadsell, Chopra and LeCun 2006, \"Dimensionality reduction by learning an invariant "
      + "mapping\"")

  let loss: FormulaLoss
  private let margin: Double

  var targetDemand: TargetDemand { .unitInterval }
  var outputMeaning: OutputMeaning { .distances }

  /// Half of the margin.
  var decisionThreshold: Double { margin / 2 }

  init(from options: inout Options) throws {
    let margin = options.double(
      "margin", default: 1, in: .positive,
      "m: the distance from which different samples cost nothing")
    self.margin = margin
    loss = try FormulaLoss(
      "½(t·z² + (1 − t)·max(m − z, 0)²)", constants: [("m", margin)])
  }

  func plan(output: Shape, target: Target) throws {
    if case .classes = target {
      throw Diagnostic(
        "its targets are the numbers 1 for samples that belong together and 0 for others, not "
          + "classes, whose order says neither")
    }
    try loss.plan(output: output, target: target)
  }

  func equations(output: Shape, target: Target) -> Equations {
    Equations(
      "", output: #"\sum_j \frac{1}{2} (t_j z_j^2 + (1 - t_j) \max(m - z_j, 0)^2)"#,
      where: [#"m = \#(Equations.number(margin))"#],
      inputs: [
        .init(
          derivative:
            #"\frac{\partial \ell}{\partial z_j} = t_j z_j - (1 - t_j) \max(m - z_j, 0)"#)
      ])
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
    shapes: "output and targets of one shape", example: "loss: cosine",
    source: "PyTorch's cosine_similarity")

  let loss: FormulaLoss

  init(from options: inout Options) throws {
    loss = try FormulaLoss(
      "1 − sum(z·t)/(max(sqrt(sum(z^2)), ε)·max(sqrt(sum(t^2)), ε))", constants: [("ε", 1e-8)])
  }

  func equations(output: Shape, target: Target) -> Equations {
    Equations(
      "", output: #"1 - \sum_j \frac{z_j t_j}{a b}"#,
      where: [#"a = \sqrt{\sum_j z_j^2}"#, #"b = \sqrt{\sum_j t_j^2}"#],
      inputs: [
        .init(
          derivative: #"\frac{\partial \ell}{\partial z_j} = "#
            + #"\frac{(1 - \ell) z_j}{a^2} - \frac{t_j}{a b}"#)
      ], remark: "a and b are at least 1e-8.")
  }
}
