import NNExp

/// Steps of constant size along the sign of a running mean of the gradients.
///
///     w ← w − η(sign(β₁m + (1 − β₁)g) + λw)
///     m ← β₂m + (1 − β₂)g
///
/// sign 0 is 0, and sign NaN is NaN. The learning rate η should be a tenth to a third of that for
/// Adam.
/// - Source: Chen et al. 2023, algorithm 2.
struct Lion: Optimizer, Component {
  static let typeName = "lion"
  static let foreignNames = ["evolved_sign_momentum"]
  static let documentation = Documentation(
    "steps of constant size along the sign of a running mean of the gradients",
    equation: """
      w ← w − η(sign(β₁m + (1 − β₁)g) + λw)
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
  private let weightDecay: Double

  init(from options: inout Options) {
    learningRate = options.learningRate(default: 0.0001)
    β1 = options.double("beta1", default: 0.9, in: .fraction, "β₁: memory of the step")
    β2 = options.double("beta2", default: 0.99, in: .fraction, "β₂: memory of the mean")
    weightDecay = options.weightDecay(default: 0)
  }

  /// The vector m.
  var memory: OptimizerMemory { OptimizerMemory(vectors: 1, isElementwise: true) }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let (w, g, m) = (pass.w.start, pass.g.start, pass.vectors[0].start)
    let (η, λ) = (S(pass.learningRate), S(weightDecay))
    let (b1, c1) = (S(β1), S(1 - β1))
    let (b2, c2) = (S(β2), S(1 - β2))
    for i in pass.w.indices {
      let d = b1 * m[i] + c1 * g[i]
      let sign: S = d > 0 ? 1 : d < 0 ? -1 : d
      w[i] -= η * (sign + λ * w[i])
      m[i] = b2 * m[i] + c2 * g[i]
    }
  }
}
