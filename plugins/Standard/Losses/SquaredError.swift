import NNExp

/// The squared distance between output and target.
///
///     ℓ   = Σⱼ (zⱼ − tⱼ)²
///     ∂zⱼ += 2(zⱼ − tⱼ)
///
/// The factors ½ and 1/n are not part of this loss; `reduction: mean | sum | half_mean` applies
/// them.
/// - Source: Tanaka 2013, where ℓ = ‖t − z‖².
struct SquaredError: ValueLoss {
  static let typeName = "squared_error"
  static let foreignNames = ["mse", "mse_loss", "mean_squared_error", "squared_loss", "l2_loss"]
  static let documentation = Documentation(
    "the squared distance between output and target",
    equation: """
      ℓ = Σⱼ (zⱼ − tⱼ)²
      ∂zⱼ += 2(zⱼ − tⱼ)
      """,
    shapes:
      "output and targets of one shape; or one output per class; or one output for two classes",
    example: "loss: {type: squared_error, reduction: mean}",
    source: "Tanaka 2013")

  init(from options: inout Options) {}

  func equations(output: Shape, target: Target) -> Equations {
    Equations(
      "", output: #"\sum_j (z_j - t_j)^2"#, inputs: [.init(derivative: "2 (z - t)")])
  }

  func term<S: Scalar>(_ z: S, _ t: S) -> (value: S, slope: S) {
    let d = z - t
    return (d * d, 2 * d)
  }
}
