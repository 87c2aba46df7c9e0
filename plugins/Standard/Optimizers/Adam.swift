import NNExp

/// Steps from running means of the gradients and of their squares.
///
///     g ← g + λw
///     m ← β₁m + (1 − β₁)g
///     v ← β₂v + (1 − β₂)g²
///     v̂ = v, or with amsgrad the largest v so far
///     w ← w − η/(1 − β₁ᵗ) · m/(√v̂ / √(1 − β₂ᵗ) + ε)
///
/// - Source: Kingma and Ba 2015; Reddi et al. 2018 (amsgrad); PyTorch's Adam.
struct Adam: Optimizer, Component {
  static let typeName = "adam"
  static let documentation = Documentation(
    "steps from running means of the gradients and of their squares",
    equation: """
      g ← g + λw
      m ← β₁m + (1 − β₁)g
      v ← β₂v + (1 − β₂)g²
      v̂ = v, or with amsgrad the largest v so far
      w ← w − η/(1 − β₁ᵗ) · m/(√v̂ / √(1 − β₂ᵗ) + ε)
      """,
    example: "optimizer: {type: adam, learning_rate: 0.001}",
    source: "Kingma and Ba 2015; Reddi et al. 2018")

  let rule: AdamRule
  let weightDecay: Double

  init(from options: inout Options) {
    rule = AdamRule(from: &options)
    weightDecay = options.weightDecay(default: 0)
  }

  var learningRate: Double { rule.learningRate }
  var memory: OptimizerMemory { rule.memory }

  func step<S: KernelScalar>(_ pass: OptimizerStep<S>) {
    rule.step(pass, λ: weightDecay, shrinkage: 1)
  }
}

/// Adam with weight decay that is applied to the weights instead of the gradient.
///
///     w ← w − ηλw, then Adam's step without λ
///
/// - Source: Loshchilov and Hutter 2019; PyTorch's AdamW.
struct AdamW: Optimizer, Component {
  static let typeName = "adamw"
  static let documentation = Documentation(
    "Adam with weight decay applied to the weights instead of the gradient",
    equation: """
      w ← w − ηλw
      m ← β₁m + (1 − β₁)g
      v ← β₂v + (1 − β₂)g²
      v̂ = v, or with amsgrad the largest v so far
      w ← w − η/(1 − β₁ᵗ) · m/(√v̂ / √(1 − β₂ᵗ) + ε)
      """,
    example: "optimizer: {type: adamw, learning_rate: 0.001, weight_decay: 0.01}",
    source: "Loshchilov and Hutter 2019")

  let rule: AdamRule
  let weightDecay: Double

  init(from options: inout Options) {
    rule = AdamRule(from: &options)
    weightDecay = options.weightDecay(default: 0.01)
  }

  var learningRate: Double { rule.learningRate }
  var memory: OptimizerMemory { rule.memory }

  func step<S: KernelScalar>(_ pass: OptimizerStep<S>) {
    rule.step(pass, λ: 0, shrinkage: 1 - pass.learningRate * weightDecay)
  }
}

/// The common part of Adam and AdamW, which differ only in weight decay.
struct AdamRule: Sendable {
  let learningRate: Double
  let means: MeanOptions
  let isAMSGrad: Bool

  init(from options: inout Options) {
    learningRate = options.learningRate(default: 0.001)
    means = MeanOptions(from: &options)
    isAMSGrad = options.bool("amsgrad", default: false, "divide by the largest v so far")
  }

  /// The vectors m and v, and with amsgrad the largest v.
  var memory: OptimizerMemory { OptimizerMemory(vectors: isAMSGrad ? 3 : 2, isElementwise: true) }

  func step<S: KernelScalar>(_ pass: OptimizerStep<S>, λ: Double, shrinkage: Double) {
    let t = Double(pass.step)
    let (β1, β2) = (means.β1, means.β2)
    let step = AdamStep(
      decay: λ, shrinkage: shrinkage, mean: (kept: β1, added: 1 - β1),
      square: (kept: β2, added: 1 - β2), rate: pass.learningRate / (1 - power(of: β1, t)),
      correction: 1 / (1 - power(of: β2, t)).squareRoot(), epsilon: means.epsilon)
    S.adam(
      step, pass.w.start, pass.g.start, m: pass.vectors[0].start, v: pass.vectors[1].start,
      largest: isAMSGrad ? pass.vectors[2].start : nil, count: pass.w.count)
  }
}
