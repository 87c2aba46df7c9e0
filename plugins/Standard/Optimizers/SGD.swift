import NNExp

/// Gradient descent with optional momentum.
///
///     g ← g + λw
///     v ← μv + (1 − τ)g       (v ← g at the first step)
///     w ← w − η(g + μv) with nesterov, else w − ηv
///
/// - Source: PyTorch's SGD; Polyak 1964; Sutskever et al. 2013.
struct SGD: Optimizer, Component {
  static let typeName = "sgd"
  static let foreignNames = ["gradient_descent", "momentum", "nesterov"]
  static let documentation = Documentation(
    "gradient descent with optional momentum",
    equation: """
      g ← g + λw
      v ← μv + (1 − τ)g       (v ← g at the first step)
      w ← w − η(g + μv) with nesterov, else w − ηv
      """,
    example: "optimizer: {type: sgd, learning_rate: 0.1, momentum: 0.9, nesterov: true}",
    source: "Polyak 1964; Sutskever et al. 2013")

  let learningRate: Double
  let momentum: Double
  let dampening: Double
  let isNesterov: Bool
  let weightDecay: Double

  init(from options: inout Options) {
    learningRate = options.learningRate(default: 0.01)
    momentum = options.double(
      "momentum", default: 0, in: .fraction, "μ: the fraction of the last change that is kept")
    dampening = options.double(
      "dampening", default: 0, in: .unit, "τ: the fraction of the gradient that momentum omits")
    isNesterov = options.bool("nesterov", default: false, "use Nesterov's momentum")
    weightDecay = options.weightDecay(default: 0)
    if isNesterov && (momentum == 0 || dampening != 0) {
      options.reject("nesterov", "nesterov needs a momentum above 0 and no dampening")
    }
  }

  var memory: OptimizerMemory {
    var memory = OptimizerMemory(vectors: momentum == 0 ? 0 : 1, isElementwise: true)
    memory.skipsZeros = momentum == 0 && weightDecay == 0
    return memory
  }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let w = pass.w.start
    let g = pass.g.start
    let η = S(pass.learningRate)
    let λ = S(weightDecay)
    if momentum == 0 {
      for i in pass.w.indices { w[i] -= η * (g[i] + λ * w[i]) }
      return
    }
    let v = pass.vectors[0].start
    let μ = S(momentum)
    let gain = S(pass.step == 1 ? 1 : 1 - dampening)
    if isNesterov {
      for i in pass.w.indices {
        let d = g[i] + λ * w[i]
        v[i] = μ * v[i] + d
        w[i] -= η * (d + μ * v[i])
      }
    } else {
      for i in pass.w.indices {
        v[i] = μ * v[i] + gain * (g[i] + λ * w[i])
        w[i] -= η * v[i]
      }
    }
  }
}
