import NNExp

/// The squared error near the target, and the absolute error far from it.
///
///     d   = zⱼ − tⱼ
///     ℓ   = Σⱼ d²/2 where |d| ≤ δ, else δ(|d| − δ/2)
///     ∂zⱼ += d where |d| ≤ δ, else δ·sign(d)
///
/// - Source: Huber 1964, "Robust estimation of a location parameter".
struct Huber: ValueLoss {
  static let typeName = "huber"
  static let foreignNames = ["smooth_l1", "smooth_l1_loss", "huber_loss"]
  static let documentation = Documentation(
    "squared error near the target, absolute error far from it",
    equation: """
      d = zⱼ − tⱼ
      ℓ = Σⱼ d²/2 where |d| ≤ δ, else δ(|d| − δ/2)
      ∂zⱼ += d where |d| ≤ δ, else δ·sign(d)
      """,
    shapes:
      "output and targets of one shape; or one output per class; or one output for two classes",
    example: "loss: {type: huber, delta: 1.5}",
    source: "Huber 1964, Robust estimation of a location parameter")

  let delta: Double

  init(from options: inout Options) {
    options.suggest("delta", for: "beta", "epsilon")
    delta = options.double(
      "delta", default: 1, in: .positive, "δ: the size of error above which the loss is linear")
  }

  func equations(output: Shape, target: Target) -> Equations {
    Equations(
      "", output: #"\sum_j h(z_j - t_j)"#,
      where: [
        #"h(d) = \begin{cases} d^2 / 2 & |d| \le \kappa \\ "#
          + #"\kappa (|d| - \kappa / 2) & |d| > \kappa \end{cases}"#,
        #"\kappa = \#(Equations.number(delta))"#,
      ],
      inputs: [
        .init(
          derivative: #"\frac{\partial \ell}{\partial z_j} = \max(-\kappa, "#
            + #"\min(\kappa, z_j - t_j))"#)
      ])
  }

  func term<S: Scalar>(_ z: S, _ t: S) -> (value: S, slope: S) {
    let δ = S(delta)
    let d = z - t
    if abs(d) <= δ { return (d * d / 2, d) }
    return (δ * (abs(d) - δ / 2), d > 0 ? δ : (d < 0 ? -δ : d))
  }
}
