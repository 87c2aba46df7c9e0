import NNExp

/// The negative log-likelihood of numbers with a normal distribution whose variance is learned,
/// without ½ ln 2π.
///
/// The first half of the output is the means μ, the second half the variances v, or their logarithms
/// s = ln v:
///
///     log_variance  ℓ   = Σⱼ ½(sⱼ + (tⱼ − μⱼ)²e^(−sⱼ))
///                   ∂μⱼ += (μⱼ − tⱼ)e^(−sⱼ),  ∂sⱼ += ½(1 − (tⱼ − μⱼ)²e^(−sⱼ))
///     variance      ℓ   = Σⱼ ½(ln vⱼ + (tⱼ − μⱼ)²/vⱼ)
///                   ∂μⱼ += (μⱼ − tⱼ)/vⱼ,      ∂vⱼ += ½(1/vⱼ − (tⱼ − μⱼ)²/vⱼ²)
///
/// A variance below ε is replaced with ε, and its gradient is 0.
/// - Shape: output `[2n, …]`, targets `[n, …]`
/// - Source: Nix and Weigend 1994; PyTorch's GaussianNLLLoss, whose gradient of a variance below ε
///   is not the derivative.
struct GaussianNLL: Loss, Component {
  enum Output: String, CaseIterable, Sendable {
    case logVariance = "log_variance"
    case variance
  }

  static let typeName = "gaussian_nll"
  static let foreignNames = [
    "gaussian_nll_loss", "gaussian_likelihood", "gaussian", "normal_nll", "heteroscedastic",
  ]
  static let documentation = Documentation(
    "the negative log-likelihood of numbers whose mean and variance the network predicts",
    equation: """
      z = [μ; s] or [μ; v],  s = ln v
      log_variance:  ℓ = Σⱼ ½(sⱼ + (tⱼ − μⱼ)²e^(−sⱼ))
                     ∂μⱼ += (μⱼ − tⱼ)e^(−sⱼ),  ∂sⱼ += ½(1 − (tⱼ − μⱼ)²e^(−sⱼ))
      variance:      ℓ = Σⱼ ½(ln vⱼ + (tⱼ − μⱼ)²/vⱼ);  v ≥ ε
                     ∂μⱼ += (μⱼ − tⱼ)/vⱼ,  ∂vⱼ += ½(1/vⱼ − (tⱼ − μⱼ)²/vⱼ²)
      """,
    shapes: "output [2n, …], targets [n, …]: the means, then the variances or their logarithms",
    example: "loss: {type: gaussian_nll, from: log_variance}",
    source: "Nix and Weigend 1994, \"Estimating the mean and variance of the target probability "
      + "distribution\"")

  static let examples = [
    Example(output: [2], target: .values([1])),
    Example(output: [4, 3], target: .values([2, 3])),
    Example(["from": "variance"], output: [4], target: .values([2]), numbers: 0.1...3),
  ]

  let from: Output
  let epsilon: Double

  var outputMeaning: OutputMeaning {
    from == .variance ? .meansAndVariances(least: epsilon) : .meansAndLogVariances
  }

  init(from options: inout Options) {
    from = options.choice(
      "from", default: Output.logVariance,
      "log_variance: the second half of the output of a linear layer; variance: positive numbers, "
        + "such as the output of a softplus layer")
    options.suggest("epsilon", for: "eps")
    epsilon = options.double(
      "epsilon", default: 1e-6, in: .positive, "ε: the smallest variance, with from: variance")
  }

  func plan(output: Shape, target: Target) throws {
    guard case .values(let shape) = target else {
      throw Diagnostic("gaussian_nll needs targets that are numbers, and they are classes")
    }
    let needed = Shape(
      [shape.rank > 0 ? shape[0].times(2) : 2] + shape.axes.dropFirst())
    guard output == needed else {
      throw Diagnostic(
        "the output \(output) does not fit the targets \(shape), which need \(needed): the means, "
          + "then the variances")
    }
    if output.count == 0 { throw Diagnostic("the output \(output) is empty") }
  }

  func equations(output: Shape, target: Target) -> Equations {
    let square = #"(t_j - z_j)^2"#
    let (n, v) = ("n = \(output.count / 2)", "z_{n+j}")
    switch from {
    case .logVariance:
      return Equations(
        "", output: #"\sum_{j < n} \frac{1}{2} (\#(v) + \#(square) e^{-\#(v)})"#, where: [n],
        inputs: [
          .init(
            derivative: #"\frac{\partial \ell}{\partial z_j} = (z_j - t_j) e^{-\#(v)}, "#
              + #"\frac{\partial \ell}{\partial \#(v)} = \frac{1}{2} (1 - \#(square) e^{-\#(v)})"#)
        ], remark: "The first n outputs are means, the others logarithms of variances.")
    case .variance:
      return Equations(
        "", output: #"\sum_{j < n} \frac{1}{2} (\ln \#(v) + \frac{\#(square)}{\#(v)})"#, where: [n],
        inputs: [
          .init(
            derivative: #"\frac{\partial \ell}{\partial z_j} = \frac{z_j - t_j}{\#(v)}, "#
              + #"\frac{\partial \ell}{\partial \#(v)} = "#
              + #"\frac{1}{2} (\frac{1}{\#(v)} - \frac{\#(square)}{\#(v)^2})"#)
        ],
        remark: "The first n outputs are means, the others variances. A variance below "
          + "\(Equations.number(epsilon)) is replaced with it, and its gradient is 0.")
    }
  }

  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let n = pass.t.shape.count
    let (z, t, scale, ε) = (pass.z, pass.t, pass.scale, S(epsilon))
    var sum = 0.0
    inBlocks(of: pass.samples &* n, numbersEach: 2) { (block, room: Tensor<S>) in
      // The variances or their logarithms, and 1/v or ln v.
      let (second, function) = (room.slice(0..<block.count), room.slice(block.count..<room.count))
      for i in block {
        let k = i &- block.lowerBound
        let value = z[position(of: i, n) &+ n]
        switch from {
        case .logVariance: (second[k], function[k]) = (value, -value)
        case .variance: second[k] = value < ε ? ε : value
        }
      }
      switch from {
      case .logVariance: map(.exp, function, into: function)
      case .variance: map(.log, second, into: function)
      }
      for i in block {
        let (k, j) = (i &- block.lowerBound, position(of: i, n))
        let d = z[j] - t[i]
        let (precision, log) =
          from == .logVariance ? (function[k], second[k]) : (1 / second[k], function[k])
        let ratio = d * d * precision
        sum += 0.5 * Double(log + ratio)
        guard let dz = pass.dz else { continue }
        dz[j] += scale * (d * precision)
        switch from {
        case .logVariance: dz[j &+ n] += scale * (0.5 * (1 - ratio))
        case .variance:
          if !(z[j &+ n] < ε) { dz[j &+ n] += scale * (0.5 * (precision * (1 - ratio))) }
        }
      }
    }
    return sum
  }

  /// The position in z of the mean for the target at a position.
  @inline(__always)
  private func position(of i: Int, _ n: Int) -> Int {
    let (sample, j) = i.quotientAndRemainder(dividingBy: n)
    return 2 &* n &* sample &+ j
  }
}
