import NNExp

/// Adam with Nesterov's momentum.
///
///     g ← g + λw
///     μₜ = β₁(1 − ½·0.96^(ψt)),  Π ← Π·μₜ
///     m ← β₁m + (1 − β₁)g
///     v ← β₂v + (1 − β₂)g²
///     w ← w − η((1 − μₜ)g/(1 − Π) + μₜ₊₁m/(1 − Πμₜ₊₁))/(√(v/(1 − β₂ᵗ)) + ε)
///
/// - Source: Dozat 2016; PyTorch's NAdam.
struct NAdam: Optimizer, Component {
  static let typeName = "nadam"
  static let documentation = Documentation(
    "Adam with Nesterov's momentum",
    equation: """
      g ← g + λw
      μₜ = β₁(1 − ½·0.96^(ψt)),  Π ← Π·μₜ
      m ← β₁m + (1 − β₁)g
      v ← β₂v + (1 − β₂)g²
      w ← w − η((1 − μₜ)g/(1 − Π) + μₜ₊₁m/(1 − Πμₜ₊₁))/(√(v/(1 − β₂ᵗ)) + ε)
      """,
    example: "optimizer: {type: nadam, learning_rate: 0.002}",
    source: "Dozat 2016, \"Incorporating Nesterov momentum into Adam\"")

  let learningRate: Double
  let means: MeanOptions
  let decay: Double
  let weightDecay: Double

  init(from options: inout Options) {
    learningRate = options.learningRate(default: 0.002)
    means = MeanOptions(from: &options)
    decay = options.double(
      "momentum_decay", default: 0.004, in: .nonnegative, "ψ: how slowly μ rises to β₁")
    weightDecay = options.weightDecay(default: 0)
  }

  /// The vectors m and v; the number ln Π, which starts as 0.
  var memory: OptimizerMemory {
    OptimizerMemory(vectors: 2, scalars: 1, isElementwise: true)
  }

  private func momentum(_ step: Int) -> Double {
    means.β1 * (1 - 0.5 * power(of: 0.96, Double(step) * decay))
  }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let (w, g) = (pass.w.start, pass.g.start)
    let (m, v) = (pass.vectors[0].start, pass.vectors[1].start)
    let (μ, next) = (momentum(pass.step), momentum(pass.step + 1))
    pass.scalars[0] += value(of: .log, μ)
    let product = value(of: .exp, pass.scalars[0])
    let η = pass.learningRate
    let ofGradient = S(η * (1 - μ) / (1 - product))
    let ofMean = S(η * next / (1 - product * next))
    let correction = S(1 / (1 - power(of: means.β2, Double(pass.step))).squareRoot())
    let (b1, c1) = (S(means.β1), S(1 - means.β1))
    let (b2, c2) = (S(means.β2), S(1 - means.β2))
    let (ε, λ) = (S(means.epsilon), S(weightDecay))
    for i in pass.w.indices {
      let d = g[i] + λ * w[i]
      m[i] = b1 * m[i] + c1 * d
      v[i] = b2 * v[i] + c2 * d * d
      w[i] -= (ofGradient * d + ofMean * m[i]) / (root(v[i]) * correction + ε)
    }
  }
}

/// Adam whose steps are scaled by the certainty of the mean of the squares; the first steps use
/// the mean of the gradients alone.
///
///     g ← g + λw
///     m ← β₁m + (1 − β₁)g,  m̂ = m/(1 − β₁ᵗ)
///     v ← β₂v + (1 − β₂)g²
///     ρ∞ = 2/(1 − β₂) − 1,  ρ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ)
///     r = √((ρ − 4)(ρ − 2)ρ∞/((ρ∞ − 4)(ρ∞ − 2)ρ))
///     w ← w − η·m̂·r·√(1 − β₂ᵗ)/(√v + ε) where ρ > 5, w − η·m̂ elsewhere
///
/// - Source: Liu et al. 2020; PyTorch's RAdam.
struct RAdam: Optimizer, Component {
  static let typeName = "radam"
  static let documentation = Documentation(
    "Adam whose steps are scaled by the certainty of the mean of the squares",
    equation: """
      g ← g + λw
      m ← β₁m + (1 − β₁)g,  m̂ = m/(1 − β₁ᵗ)
      v ← β₂v + (1 − β₂)g²
      ρ∞ = 2/(1 − β₂) − 1,  ρ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ)
      r = √((ρ − 4)(ρ − 2)ρ∞/((ρ∞ − 4)(ρ∞ − 2)ρ))
      w ← w − η·m̂·r·√(1 − β₂ᵗ)/(√v + ε) where ρ > 5, w − η·m̂ elsewhere
      """,
    example: "optimizer: {type: radam, learning_rate: 0.001}",
    source: "Liu et al. 2020, \"On the variance of the adaptive learning rate and beyond\"")

  let learningRate: Double
  let means: MeanOptions
  let weightDecay: Double

  init(from options: inout Options) {
    learningRate = options.learningRate(default: 0.001)
    means = MeanOptions(from: &options)
    weightDecay = options.weightDecay(default: 0)
  }

  /// The vectors m and v.
  var memory: OptimizerMemory { OptimizerMemory(vectors: 2, isElementwise: true) }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let (w, g) = (pass.w.start, pass.g.start)
    let (m, v) = (pass.vectors[0].start, pass.vectors[1].start)
    let (β2, t) = (means.β2, Double(pass.step))
    let power = Standard.power(of: β2, t)
    let most = 2 / (1 - β2) - 1
    let ρ = most - 2 * t * power / (1 - power)
    let isCertain = ρ > 5
    let rectified =
      isCertain
      ? ((ρ - 4) * (ρ - 2) * most / ((most - 4) * (most - 2) * ρ) * (1 - power)).squareRoot() : 1
    let η = S(pass.learningRate / (1 - Standard.power(of: means.β1, t)) * rectified)
    let (b1, c1) = (S(means.β1), S(1 - means.β1))
    let (b2, c2) = (S(β2), S(1 - β2))
    let (ε, λ) = (S(means.epsilon), S(weightDecay))
    for i in pass.w.indices {
      let d = g[i] + λ * w[i]
      m[i] = b1 * m[i] + c1 * d
      v[i] = b2 * v[i] + c2 * d * d
      w[i] -= η * m[i] / (isCertain ? root(v[i]) + ε : 1)
    }
  }
}

/// Steps whose size is the running size of the last steps.
///
///     g ← g + λw
///     s ← ρs + (1 − ρ)g²
///     δ = g·√(a + ε)/√(s + ε)
///     a ← ρa + (1 − ρ)δ²
///     w ← w − ηδ
///
/// - Source: Zeiler 2012; PyTorch's Adadelta.
struct Adadelta: Optimizer, Component {
  static let typeName = "adadelta"
  static let documentation = Documentation(
    "steps whose size is the running size of the last steps",
    equation: """
      g ← g + λw
      s ← ρs + (1 − ρ)g²
      δ = g·√(a + ε)/√(s + ε)
      a ← ρa + (1 − ρ)δ²
      w ← w − ηδ
      """,
    example: "optimizer: {type: adadelta, learning_rate: 1}",
    source: "Zeiler 2012, \"ADADELTA: an adaptive learning rate method\"")

  let learningRate: Double
  let rho: Double
  let epsilon: Double
  let weightDecay: Double

  init(from options: inout Options) {
    learningRate = options.learningRate(default: 1)
    rho = options.double("rho", default: 0.9, in: .fraction, "ρ: memory of both means")
    options.suggest("epsilon", for: "eps")
    epsilon = options.double(
      "epsilon", default: 1e-6, in: .positive, "ε: added below both roots")
    weightDecay = options.weightDecay(default: 0)
  }

  /// The vectors s and a.
  var memory: OptimizerMemory { OptimizerMemory(vectors: 2, isElementwise: true) }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let (w, g) = (pass.w.start, pass.g.start)
    let (s, a) = (pass.vectors[0].start, pass.vectors[1].start)
    let (η, λ, ε) = (S(pass.learningRate), S(weightDecay), S(epsilon))
    let (b, c) = (S(rho), S(1 - rho))
    for i in pass.w.indices {
      let d = g[i] + λ * w[i]
      s[i] = b * s[i] + c * d * d
      let change = d * root(a[i] + ε) / root(s[i] + ε)
      a[i] = b * a[i] + c * change * change
      w[i] -= η * change
    }
  }
}

/// The options of two running means.
struct MeanOptions: Sendable {
  let β1: Double
  let β2: Double
  let epsilon: Double

  init(from options: inout Options) {
    β1 = options.double("beta1", default: 0.9, in: .fraction, "β₁: memory of the mean")
    β2 = options.double("beta2", default: 0.999, in: .fraction, "β₂: memory of the squares")
    epsilon = options.epsilon(default: 1e-8)
  }
}
