import NNExp

/// Steps that shrink with the sum of all squared gradients.
///
///     g ← g + λw
///     s ← s + g²              (s = the initial accumulator before step 1)
///     w ← w − η/(1 + (t−1)·decay) · g/(√s + ε)
///
/// - Source: Duchi, Hazan, Singer 2011; PyTorch's Adagrad.
struct Adagrad: Optimizer, Component {
  static let typeName = "adagrad"
  static let documentation = Documentation(
    "steps that shrink with the sum of all squared gradients",
    equation: """
      g ← g + λw
      s ← s + g²              (s = the initial accumulator before step 1)
      w ← w − η/(1 + (t−1)·decay) · g/(√s + ε)
      """,
    example: "optimizer: {type: adagrad, learning_rate: 0.01}",
    source: "Duchi, Hazan, Singer 2011")

  let learningRate: Double
  let decay: Double
  let initialAccumulator: Double
  let epsilon: Double
  let weightDecay: Double

  init(from options: inout Options) {
    learningRate = options.learningRate(default: 0.01)
    decay = options.double(
      "learning_rate_decay", default: 0, in: .nonnegative, "decay of η per step")
    initialAccumulator = options.double(
      "initial_accumulator", default: 0, in: .nonnegative, "initial value of s")
    epsilon = options.epsilon(default: 1e-10)
    weightDecay = options.weightDecay(default: 0)
  }

  var memory: OptimizerMemory { OptimizerMemory(vectors: 1, isElementwise: true) }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let w = pass.w.start
    let g = pass.g.start
    let s = pass.vectors[0].start
    let η = S(pass.learningRate / (1 + Double(pass.step - 1) * decay))
    let λ = S(weightDecay)
    let ε = S(epsilon)
    let first = S(pass.step == 1 ? initialAccumulator : 0)
    for i in pass.w.indices {
      let d = g[i] + λ * w[i]
      s[i] = first + s[i] + d * d
      w[i] -= η * d / (root(s[i]) + ε)
    }
  }
}
