import NNExp

/// The largest entry of every window.
///
///     y    = max xᵢ
///     ∂xᵢ += ∂y for the first i with xᵢ = y
///
/// y is NaN if an entry is NaN, and the first NaN gets the gradient. Padding is never the
/// maximum. Shapes: see ``Pooling``.
struct MaxPooling: Layer, Component {
  static let typeName = "max_pooling"
  static let foreignNames = [
    "max_pool", "max_pool1d", "max_pool2d", "max_pool3d", "max_pooling1d", "max_pooling2d",
    "max_pooling3d", "global_max_pool", "global_max_pooling", "global_max_pooling1d",
    "global_max_pooling2d", "global_max_pooling3d",
  ]
  static let documentation = Documentation(
    "the largest entry of every window",
    equation: "y = max xᵢ;  ∂xᵢ += ∂y for the first i with xᵢ = y",
    shapes: Pooling.shapes,
    example: "- {type: max_pooling, window: 2}",
    source: "Ranzato, Huang, Boureau, LeCun 2007")

  private let pooling: Pooling

  init(from options: inout Options) { pooling = Pooling(from: &options) }

  func plan(for inputs: [Port]) throws -> Plan {
    var plan = try pooling.plan(for: inputs[0].shape).with(.ofInput)
    plan.scratch = try pooling.maximaScratch(from: inputs[0].shape, to: plan.output)
    plan.canStoreInputGradient = inputs[0].shape.rank < 4
    plan.backwardReads = []
    return plan
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\max"#, output: #"y_r = \max_{i \in R_r} x_i"#,
      inputs: [
        .init(
          derivative:
            #"\frac{\partial y_r}{\partial x_i} = [i = \operatorname*{argmax}_{j \in R_r} x_j]"#,
          delta: #"\delta_{x_i} = \sum_r \delta_{y_r} \frac{\partial y_r}{\partial x_i}"#)
      ], remark: Pooling.remark + " […] is 1 if the condition is true, otherwise 0.",
      work: pooling.entries(from: inputs[0].shape)?.maximum)
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [
      pooling.add("MaxPool", to: &graph, node)
        ?? pooling.reduce("ReduceMax", -.infinity, &graph, node)
    ]
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    pooling.forwardMaxima(pass, isAbsolute: false)
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    pooling.backwardMaxima(pass, isAbsolute: false)
  }
}
