import NNExp

/// Dropout of whole channels: while training, random channels become 0, and the others are scaled
/// up so that the expectation does not change.
///
///     y[c, …]   = x[c, …]·μ[c],  μ[c] = 0 with probability rate, else 1/(1 − rate)
///     ∂x[c, …] += ∂y[c, …]·μ[c]
///
/// In an evaluation y = x.
///
/// - Shape: `[channels, …]` → the same
/// - Source: Tompson, Goroshin, Jain, LeCun, Bregler 2015
struct SpatialDropout: Layer, Component {
  static let typeName = "spatial_dropout"
  static let foreignNames = [
    "dropout1d", "dropout2d", "dropout3d", "spatial_dropout1d", "spatial_dropout2d",
    "spatial_dropout3d",
  ]
  static let documentation = Documentation(
    "while training, random channels become 0 and the others are scaled up",
    equation: "y[c, …] = x[c, …]·μ[c];  ∂x[c, …] += ∂y[c, …]·μ[c];  μ[c] = 0 with probability "
      + "rate, else 1/(1 − rate); in an evaluation μ = 1",
    shapes: "[channels, …] → the same shape", example: "- {type: spatial_dropout, rate: 0.2}",
    source: "Tompson, Goroshin, Jain, LeCun, Bregler 2015, \"Efficient object localization using "
      + "convolutional networks\"")

  static let examples = [Example(["rate": 0.4], inputs: [4, 2, 2])]

  private let rate: Double

  init(from options: inout Options) {
    rate = options.dropRate()
  }

  /// Scratch memory: μ, and a row of ones.
  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard shape.rank > 0, shape.count > 0 else {
      throw Diagnostic("the input \(shape) has no channels")
    }
    return Plan(
      output: shape, scratch: rate > 0 ? [.perSample(shape[0]), .perSample(shape[0])] : [],
      isRandom: rate > 0)
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\mu"#, output: #"y_{c,i} = \mu_c x_{c,i}"#,
      inputs: [.init(derivative: "", delta: #"\delta_{x_{c,i}} = \mu_c \delta_{y_{c,i}}"#)],
      remark: "μ is 0 with probability \(Equations.number(rate)), else "
        + "\(Equations.number(1 / (1 - rate))); in an evaluation 1.")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    node.inputs
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    guard pass.isTraining, rate > 0 else { return pass.copy() }
    let (x, y, mask, ones) = (pass.x, pass.y, pass.scratch[0], pass.scratch[1])
    ones.fill(1)
    S.dropout(
      ones.start, rate: rate, kept: S(1 / (1 - rate)), random: pass.random,
      from: pass.firstSample * x.shape[0], into: ones.start, mask: mask.start, count: mask.count)
    let positions = x.shape.count / x.shape[0]
    for c in mask.indices {
      let (factor, first) = (mask[c], c &* positions)
      for i in first..<(first &+ positions) { y[i] = factor == 0 ? 0 : x[i] * factor }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    guard pass.isTraining, rate > 0 else { return pass.addBack() }
    let (dx, dy, mask) = (pass.dx, pass.dy, pass.scratch[0])
    let positions = dx.shape.count / dx.shape[0]
    for c in mask.indices {
      let (factor, first) = (mask[c], c &* positions)
      for i in first..<(first &+ positions) { dx[i] += dy[i] * factor }
    }
  }
}

/// Noise with a normal distribution that is added while training.
///
///     y   = x + s·n,  n from the standard normal distribution, s = standard_deviation
///     ∂x += ∂y
///
/// In an evaluation y = x. n depends only on the step, the sample's position in its batch, and the
/// entry.
///
/// - Shape: any → the same
/// - Source: Bishop 1995
struct GaussianNoise: Layer, Component {
  static let typeName = "gaussian_noise"
  static let foreignNames = ["noise", "normal_noise"]
  static let documentation = Documentation(
    "noise with a normal distribution that is added while training",
    equation: "y = x + s·n, n ~ N(0, 1), s = standard_deviation;  ∂x += ∂y; in an evaluation y = x",
    shapes: "any shape → the same shape",
    example: "- {type: gaussian_noise, standard_deviation: 0.1}",
    source: "Bishop 1995, \"Training with noise is equivalent to Tikhonov regularization\"")

  static let examples = [Example(["standard_deviation": 0.2], inputs: [5])]

  private let deviation: Double

  init(from options: inout Options) {
    options.suggest("standard_deviation", for: "std", "stddev", "sigma")
    deviation = options.double(
      "standard_deviation", default: 0.1, in: .nonnegative, "s: that of the noise")
  }

  func plan(for inputs: [Port]) -> Plan {
    Plan(output: inputs[0].shape, isRandom: deviation > 0)
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      "+", output: "x + \(Equations.number(deviation)) n",
      inputs: [.init(derivative: "I", delta: #"\delta_y"#)],
      remark: "n has the standard normal distribution; in an evaluation it is 0.")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    node.inputs
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    pass.copy()
    guard pass.isTraining, deviation > 0 else { return }
    let y = pass.y
    S.addNoise(
      deviation: deviation, random: pass.random, from: pass.firstSample * y.shape.count,
      to: y.start, count: y.count)
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) { pass.addBack() }
}
