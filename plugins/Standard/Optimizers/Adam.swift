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

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    rule.step(pass, λ: S(weightDecay), shrinkage: 1)
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

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    rule.step(pass, λ: 0, shrinkage: S(1 - pass.learningRate * weightDecay))
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

  @inline(__always)
  func step<S: Scalar>(_ pass: OptimizerStep<S>, λ: S, shrinkage: S) {
    let w = pass.w.start
    let g = pass.g.start
    let m = pass.vectors[0].start
    let v = pass.vectors[1].start
    let t = Double(pass.step)
    let (β1, β2) = (means.β1, means.β2)
    let η = S(pass.learningRate / (1 - power(of: β1, t)))
    let correction = S(1 / (1 - power(of: β2, t)).squareRoot())
    let b1 = S(β1)
    let c1 = S(1 - β1)
    let b2 = S(β2)
    let c2 = S(1 - β2)
    let ε = S(means.epsilon)
    if isAMSGrad {
      let largest = pass.vectors[2].start
      for i in pass.w.indices {
        let d = g[i] + λ * w[i]
        m[i] = b1 * m[i] + c1 * d
        v[i] = b2 * v[i] + c2 * d * d
        largest[i] = v[i] <= largest[i] ? largest[i] : v[i]
        w[i] = shrinkage * w[i] - η * m[i] / (root(largest[i]) * correction + ε)
      }
    } else {
      for i in pass.w.indices {
        let d = g[i] + λ * w[i]
        m[i] = b1 * m[i] + c1 * d
        v[i] = b2 * v[i] + c2 * d * d
        w[i] = shrinkage * w[i] - η * m[i] / (root(v[i]) * correction + ε)
      }
    }
  }
}
