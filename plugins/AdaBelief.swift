import NNExp

/// Adam whose steps are larger if the gradient is near its running mean.
///
///     m ← β₁m + (1 − β₁)g
///     s ← β₂s + (1 − β₂)(g − m)² + ε
///     w ← w − η·m/(1 − β₁ᵗ)/(√(s/(1 − β₂ᵗ)) + ε)
///
/// - Source: Zhuang et al. 2020.
struct AdaBelief: Optimizer, Component {
  static let typeName = "adabelief"
  static let documentation = Documentation(
    "Adam whose steps are larger if the gradient is near its running mean",
    equation: """
      m ← β₁m + (1 − β₁)g
      s ← β₂s + (1 − β₂)(g − m)² + ε
      w ← w − η·m/(1 − β₁ᵗ)/(√(s/(1 − β₂ᵗ)) + ε)
      """,
    example: "optimizer: {type: adabelief, learning_rate: 0.001}",
    source: "Zhuang et al. 2020, \"AdaBelief optimizer: adapting stepsizes by the belief in "
      + "observed gradients\"")

  static let examples = [
    Example([:]), Example(["learning_rate": 0.01, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6]),
  ]

  let learningRate: Double
  private let β1: Double
  private let β2: Double
  private let ε: Double

  init(from options: inout Options) {
    learningRate = options.double("learning_rate", default: 0.001, in: .positive, "η")
    β1 = options.double("beta1", default: 0.9, in: .fraction, "β₁: memory of the mean")
    β2 = options.double("beta2", default: 0.999, in: .fraction, "β₂: memory of the squares")
    ε = options.double("epsilon", default: 1e-8, in: .positive, "ε: added to s and to the root")
  }

  var memory: OptimizerMemory { OptimizerMemory(vectors: 2, isElementwise: true) }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let (w, g, m, s) = (pass.w, pass.g, pass.vectors[0], pass.vectors[1])
    let t = Double(pass.step)
    let η = S(pass.learningRate / (1 - Double.pow(β1, t)))
    let correction = S(1 / (1 - Double.pow(β2, t)))
    let (b1, b2, ε) = (S(β1), S(β2), S(ε))
    for i in w.indices {
      m[i] = b1 * m[i] + (1 - b1) * g[i]
      let d = g[i] - m[i]
      s[i] = b2 * s[i] + (1 - b2) * d * d + ε
      w[i] -= η * m[i] / ((s[i] * correction).squareRoot() + ε)
    }
  }
}

func register(in registry: inout Registry) { registry.register(AdaBelief.self) }
