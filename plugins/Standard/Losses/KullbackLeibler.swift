import NNExp

/// The Kullback–Leibler divergence of the predicted distribution from the target's.
///
///     logits             ℓ = Σⱼ tⱼ(ln tⱼ − ln softmax(z)ⱼ),  ∂zⱼ += softmax(z)ⱼ·Σt − tⱼ
///     log_probabilities  ℓ = Σⱼ tⱼ(ln tⱼ − zⱼ),              ∂zⱼ += −tⱼ
///
/// 0·ln 0 is 0.
/// - Source: Kullback and Leibler 1951; PyTorch's KLDivLoss.
struct KullbackLeibler: NamedFormulaLoss {
  enum Output: String, CaseIterable, Sendable {
    case logits
    case logProbabilities = "log_probabilities"
  }

  static let typeName = "kullback_leibler"
  static let foreignNames = [
    "kl", "kl_div", "kl_div_loss", "kl_divergence", "kullback_leibler_divergence",
  ]
  static let documentation = Documentation(
    "the Kullback–Leibler divergence of the predicted distribution from the target's",
    equation: """
      logits:             ℓ = Σⱼ tⱼ(ln tⱼ − ln softmax(z)ⱼ);  ∂zⱼ += softmax(z)ⱼ·Σt − tⱼ
      log_probabilities:  ℓ = Σⱼ tⱼ(ln tⱼ − zⱼ);              ∂zⱼ += −tⱼ
      """,
    shapes: "output and targets of one shape, the targets of a sample adding up to 1",
    example: "loss: {type: kullback_leibler, from: logits}",
    source: "Kullback and Leibler 1951, \"On information and sufficiency\"")

  let from: Output
  let loss: FormulaLoss

  var targetDemand: TargetDemand { .distribution }
  var learnsClasses: Bool { true }
  var outputMeaning: OutputMeaning { from == .logits ? .jointLogits : .scores }

  init(from options: inout Options) throws {
    options.suggest("from", for: "from_logits")
    from = options.choice(
      "from", default: Output.logits,
      "logits: the output of a linear layer; log_probabilities: that of a log_softmax layer")
    // The lower limit makes 0·ln 0 zero. The term of a smaller t is above −1e-35.
    let entropy = "t·log(max(t, 1e-37))"
    loss = try FormulaLoss(
      from == .logits
        ? "sum(\(entropy) − t·log(exp(z)/sum(exp(z))))" : "sum(\(entropy) − t·z)")
  }

  func equations(output: Shape, target: Target) -> Equations {
    switch from {
    case .logits:
      Equations(
        "", output: #"\sum_j t_j (\ln t_j - \ln y_j)"#,
        where: [#"y_j = \frac{e^{z_j}}{\sum_k e^{z_k}}"#],
        inputs: [
          .init(
            derivative: #"\frac{\partial \ell}{\partial z_j} = y_j \sum_k t_k - t_j"#)
        ])
    case .logProbabilities:
      Equations(
        "", output: #"\sum_j t_j (\ln t_j - z_j)"#, inputs: [.init(derivative: "-t")])
    }
  }
}
