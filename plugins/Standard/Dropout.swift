import NNExp

/// Inverted dropout: while training, random entries become 0, and the others are scaled up so
/// that the expectation does not change.
///
///     y    = x·μ,  μᵢ = 0 with probability rate, else 1/(1 − rate)
///     ∂x  += ∂y·μ
///
/// In an evaluation y = x. The mask depends only on the step, the sample's position in its
/// batch, and i, so that splitting the batch has no effect.
struct Dropout: Layer, Component {
  static let typeName = "dropout"
  static let documentation = Documentation(
    "while training, random entries become 0 and the others are scaled up",
    equation: "y = x·μ;  ∂x += ∂y·μ;  μ = 0 with probability rate, else 1/(1 − rate); "
      + "in an evaluation μ = 1",
    shapes: "any shape → the same shape",
    example: "- {type: dropout, rate: 0.5}",
    source: "Srivastava et al. 2014, \"Dropout: a simple way to prevent neural networks from "
      + "overfitting\"")

  private let rate: Double

  init(from options: inout Options) {
    rate = options.dropRate()
  }

  func plan(for inputs: [Port]) -> Plan {
    var plan = Plan(
      output: inputs[0].shape, scratch: rate > 0 ? [.perSample(inputs[0].count)] : [],
      isRandom: rate > 0)
    plan.backwardReads = []
    return plan
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\mu"#, output: #"\mu \otimes x"#,
      inputs: [
        .init(derivative: #"\operatorname{diag}(\mu)"#, delta: #"\mu \otimes \delta_y"#)
      ],
      remark: "μ is 0 with probability \(Equations.number(rate)), else "
        + "\(Equations.number(1 / (1 - rate))); in an evaluation 1.")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    // In an evaluation, y = x.
    node.inputs
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    guard pass.isTraining, rate > 0 else { return pass.copy() }
    S.dropout(
      pass.x.start, rate: rate, kept: S(1 / (1 - rate)), random: pass.random,
      from: pass.firstSample * pass.x.shape.count, into: pass.y.start,
      mask: pass.scratch[0].start, count: pass.y.count)
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    guard pass.isTraining, rate > 0 else { return pass.addBack() }
    let (dx, dy, mask) = (pass.dx, pass.dy, pass.scratch[0])
    for i in dx.indices { dx[i] += dy[i] * mask[i] }
  }
}

extension Options {
  /// The probability with which dropout removes a number or a channel.
  mutating func dropRate() -> Double {
    suggest("rate", for: "p", "probability", "drop_prob", "ratio")
    return double("rate", default: 0.5, in: .fraction, "the probability of becoming 0")
  }
}
