import NNExp

/// The sum of absolute differences.
///
///     ℓ   = Σⱼ |zⱼ − tⱼ|
///     ∂zⱼ += sign(zⱼ − tⱼ)      (0 where zⱼ = tⱼ)
struct AbsoluteError: ValueLoss {
  static let typeName = "absolute_error"
  static let foreignNames = ["mae", "l1_loss", "mean_absolute_error"]
  static let documentation = Documentation(
    "the sum of absolute differences between output and target",
    equation: """
      ℓ = Σⱼ |zⱼ − tⱼ|
      ∂zⱼ += sign(zⱼ − tⱼ)      (0 where zⱼ = tⱼ)
      """,
    shapes:
      "output and targets of one shape; or one output per class; or one output for two classes",
    example: "loss: absolute_error",
    source: "PyTorch's L1Loss, summed over the outputs")

  init(from options: inout Options) {}

  func equations(output: Shape, target: Target) -> Equations {
    Equations(
      "", output: #"\sum_j |z_j - t_j|"#,
      inputs: [.init(derivative: #"\operatorname{sign}(z - t)"#)])
  }

  func term<S: Scalar>(_ z: S, _ t: S) -> (value: S, slope: S) {
    let d = z - t
    // In the last case d is 0 or NaN, which is kept.
    return (abs(d), d > 0 ? 1 : (d < 0 ? -1 : d))
  }
}
