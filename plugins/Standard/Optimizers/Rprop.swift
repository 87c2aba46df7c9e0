import NNExp

/// Resilient backpropagation: steps by the signs of the gradients only, with a step size for
/// each weight.
///
///     s ← sign(g · g′)                    g′: the gradient before (0 at step 1)
///     Δ ← Δη₊ where s > 0, Δη₋ where s < 0, kept within its bounds
///     g ← 0 where s < 0
///     w ← w − sign(g)Δ,  g′ ← g
///
/// Δ starts as the learning rate, which has no effect on later steps, so that schedules have no
/// effect. Intended for the full batch.
/// - Source: Riedmiller and Braun 1993 (iRprop−, Igel and Hüsken 2000);
///   PyTorch's Rprop.
struct Rprop: Optimizer, Component {
  static let typeName = "rprop"
  static let documentation = Documentation(
    "steps by the signs of the gradients only, with a step size for each weight",
    equation: """
      s ← sign(g · g′)                    g′: the gradient before (0 at step 1)
      Δ ← Δη₊ where s > 0, Δη₋ where s < 0, kept within its bounds
      g ← 0 where s < 0
      w ← w − sign(g)Δ,  g′ ← g          (Δ starts as the learning rate)
      """,
    example: "optimizer: {type: rprop, learning_rate: 0.01}",
    source: "Riedmiller and Braun 1993; Igel and Hüsken 2000")

  let learningRate: Double
  let etaMinus: Double
  let etaPlus: Double
  let minimum: Double
  let maximum: Double

  init(from options: inout Options) {
    learningRate = options.double(
      "learning_rate", default: 0.01, in: .nonnegative, "initial value of every Δ")
    etaMinus = options.double(
      "eta_minus", default: 0.5,
      in: Interval(from: 0, to: 1, includesLower: false, includesUpper: false),
      "η₋: factor of Δ after a change of sign")
    etaPlus = options.double(
      "eta_plus", default: 1.2, in: .above(1), "η₊: factor of Δ while the sign stays")
    minimum = options.double("step_minimum", default: 1e-6, in: .nonnegative, "smallest Δ")
    maximum = options.double("step_maximum", default: 50, in: .positive, "largest Δ")
    if minimum > maximum {
      options.reject(
        "step_minimum",
        "step_minimum \(shortest(minimum)) is above step_maximum \(shortest(maximum))")
    }
  }

  /// The vectors g′ and Δ.
  var memory: OptimizerMemory { OptimizerMemory(vectors: 2, isElementwise: true) }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    let w = pass.w.start
    let g = pass.g.start
    let previous = pass.vectors[0].start
    let Δ = pass.vectors[1].start
    if pass.step == 1 { pass.vectors[1].fill(S(pass.learningRate)) }
    let shrink = S(etaMinus)
    let grow = S(etaPlus)
    let low = S(minimum)
    let high = S(maximum)
    for i in pass.w.indices {
      // The sign of one factor is multiplied by the other: a product of both could underflow to
      // 0.
      let sign: S = g[i] > 0 ? 1 : (g[i] < 0 ? -1 : g[i])
      let agreement = sign * previous[i]
      let scaled = Δ[i] * (agreement > 0 ? grow : (agreement < 0 ? shrink : 1))
      Δ[i] = scaled < low ? low : (scaled > high ? high : scaled)
      let moved: S = agreement < 0 ? 0 : g[i]
      let step: S = agreement < 0 ? 0 : sign
      w[i] -= step * Δ[i]
      previous[i] = moved
    }
  }
}
