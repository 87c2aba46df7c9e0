import NNExp

/// Steps divided by a running root mean square of the gradients.
///
///     g ← g + λw
///     s ← αs + (1 − α)g²
///     m ← αm + (1 − α)g,  r = √(s − m²) if centered, else √s
///     v ← μv + g/(r + ε)
///     w ← w − ηv
///
/// - Source: Tieleman and Hinton 2012; Graves 2013 (centered); PyTorch's RMSprop.
struct RMSprop: Optimizer, Component {
  static let typeName = "rmsprop"
  static let documentation = Documentation(
    "steps divided by a running root mean square of the gradients",
    equation: """
      g ← g + λw
      s ← αs + (1 − α)g²
      m ← αm + (1 − α)g,  r = √(s − m²) if centered, else √s
      v ← μv + g/(r + ε)
      w ← w − ηv
      """,
    example: "optimizer: {type: rmsprop, learning_rate: 0.01, alpha: 0.9}",
    source: "Tieleman and Hinton 2012; Graves 2013")

  let learningRate: Double
  let alpha: Double
  let epsilon: Double
  let momentum: Double
  let isCentered: Bool
  let weightDecay: Double

  init(from options: inout Options) {
    learningRate = options.learningRate(default: 0.01)
    options.suggest("alpha", for: "rho", "decay")
    alpha = options.double("alpha", default: 0.99, in: .fraction, "α: memory of the mean square")
    epsilon = options.epsilon(default: 1e-8)
    momentum = options.double(
      "momentum", default: 0, in: .fraction, "μ: the fraction of the last change that is kept")
    isCentered = options.bool("centered", default: false, "divide by the standard deviation")
    weightDecay = options.weightDecay(default: 0)
  }

  /// The vectors: s, then v with momentum, then m if centered.
  var memory: OptimizerMemory {
    OptimizerMemory(
      vectors: 1 + (momentum == 0 ? 0 : 1) + (isCentered ? 1 : 0), isElementwise: true)
  }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let s = pass.vectors[0].start
    let last = pass.vectors[pass.vectors.count - 1].start
    switch (momentum != 0, isCentered) {
    case (false, false): step(pass, s, v: nil, m: nil)
    case (false, true): step(pass, s, v: nil, m: last)
    case (true, false): step(pass, s, v: last, m: nil)
    case (true, true): step(pass, s, v: pass.vectors[1].start, m: last)
    }
  }

  /// Inlined into each case, so that each is a loop without branches.
  @inline(__always)
  private func step<S: Scalar>(
    _ pass: OptimizerStep<S>, _ s: UnsafeMutablePointer<S>, v: UnsafeMutablePointer<S>?,
    m: UnsafeMutablePointer<S>?
  ) {
    let w = pass.w.start
    let g = pass.g.start
    let η = S(pass.learningRate)
    let λ = S(weightDecay)
    let α = S(alpha)
    let β = S(1 - alpha)
    let ε = S(epsilon)
    let μ = S(momentum)
    for i in pass.w.indices {
      let d = g[i] + λ * w[i]
      s[i] = α * s[i] + β * d * d
      var square = s[i]
      if let m {
        m[i] = α * m[i] + β * d
        square -= m[i] * m[i]  // May be rounded to a negative number, which root() handles.
      }
      let scaled = d / (root(square) + ε)
      if let v {
        v[i] = μ * v[i] + scaled
        w[i] -= η * v[i]
      } else {
        w[i] -= η * scaled
      }
    }
  }
}
