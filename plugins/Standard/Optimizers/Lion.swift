import NNExp

/// Steps of constant size along the sign of a running mean of the gradients.
///
///     w ← w − η (sign(β₁m + (1 − β₁)g) + λw)
///     m ← β₂m + (1 − β₂)g
///
/// The learning rate η should be a tenth to a third of that for Adam.
/// - Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms".
struct Lion: Optimizer, Component {
  static let typeName = "lion"
  static let documentation = Documentation(
    "steps of constant size along the sign of a running mean of the gradients",
    equation: """
      w ← w − η (sign(β₁m + (1 − β₁)g) + λw)
      m ← β₂m + (1 − β₂)g
      """,
    example: "optimizer: {type: lion, learning_rate: 0.0003, weight_decay: 0.1}",
    source: "Chen et al. 2023, \"Symbolic discovery of optimization algorithms\"")

  static let examples = [
    Example([:]),
    Example(["learning_rate": 0.01, "beta1": 0.95, "beta2": 0.98, "weight_decay": 0.1]),
  ]

  let learningRate: Double
  private let β1: Double
  private let β2: Double
  private let λ: Double

  init(from options: inout Options) {
    learningRate = options.double("learning_rate", default: 0.0001, in: .positive, "η")
    β1 = options.double("beta1", default: 0.9, in: .fraction, "β₁: memory of the step")
    β2 = options.double("beta2", default: 0.99, in: .fraction, "β₂: memory of the mean")
    λ = options.double("weight_decay", default: 0, in: .nonnegative, "λ")
  }

  var memory: OptimizerMemory { OptimizerMemory(vectors: 1, isElementwise: true) }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let (w, g, m) = (pass.w, pass.g, pass.vectors[0])
    let η = S(pass.learningRate)
    let (b1, c1) = (S(β1), S(1 - β1))
    let (b2, c2) = (S(β2), S(1 - β2))
    let λ = S(λ)
    for i in w.indices {
      let d = b1 * m[i] + c1 * g[i]
      // 0 has no direction, and NaN must propagate.
      let sign: S = d > 0 ? 1 : d < 0 ? -1 : d
      w[i] -= η * (sign + λ * w[i])
      m[i] = b2 * m[i] + c2 * g[i]
    }
  }
}

func register(in registry: inout Registry) { registry.register(Lion.self) }
