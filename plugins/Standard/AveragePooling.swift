import NNExp

/// The mean of every window.
///
///     y    = (1/n) Σᵢ xᵢ
///     ∂xᵢ += ∂y / n
///
/// n is the number of entries in the window; with `count_padding: true`, entries in the padding
/// count too (but not those beyond it in ceil mode). Shapes: see ``Pooling``.
struct AveragePooling: Layer, Component {
  static let typeName = "average_pooling"
  static let foreignNames = [
    "avg_pool", "avg_pool2d", "average_pooling2d", "mean_pooling", "global_average_pooling2d",
  ]
  static let documentation = Documentation(
    "the mean of every window",
    equation: "y = (1/n) Σᵢ xᵢ;  ∂xᵢ += ∂y / n",
    shapes: Pooling.shapes,
    example: "- {type: average_pooling, window: 2}",
    source: "LeCun et al. 1989, \"Backpropagation applied to handwritten zip code recognition\"")

  private let pooling: Pooling
  private let countsPadding: Bool

  init(from options: inout Options) {
    pooling = Pooling(from: &options)
    countsPadding = options.bool(
      "count_padding", default: false, "divide by the window's size in the padding too")
  }

  func plan(for inputs: [Port]) throws -> Plan {
    try pooling.plan(for: inputs[0].shape).with(.ofInput)
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      "m", output: #"y_r = \frac{1}{n_r} \sum_{i \in R_r} x_i"#,
      inputs: [
        .init(
          derivative: #"\frac{\partial y_r}{\partial x_i} = \frac{1}{n_r}"#,
          delta: #"\delta_{x_i} = \sum_{r : i \in R_r} \frac{1}{n_r} \delta_{y_r}"#)
      ],
      remark: Pooling.remark + " nᵣ is the number of these"
        + (countsPadding ? ", padding included." : "."),
      work: pooling.entries(from: inputs[0].shape, countsPadding: countsPadding)?.mean)
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let mean = pooling.add(
      "AveragePool", to: &graph, node,
      attributes: [("count_include_pad", .integer(countsPadding ? 1 : 0))])
    if let mean { return [mean] }
    let sum = pooling.reduce("ReduceSum", 0, &graph, node)
    let counts = pooling.counts(node, withPadding: countsPadding)
    return [graph.add("Div", sum, graph.constant(counts, node.outputPorts[0].shape.axes))]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    pooling.forward(pass, by: Mean(countsPadding: countsPadding))
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    var rule = Mean<S>(countsPadding: countsPadding)
    pooling.backward(pass, by: &rule)
  }

  private struct Mean<S: Scalar>: PoolingRule {
    let countsPadding: Bool

    private func divisor(_ patch: Patch) -> S {
      S(countsPadding ? patch.countWithPadding : patch.count)
    }

    func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S {
      var sum: S = 0
      for i in patch { sum += x[i] }
      return sum / divisor(patch)
    }

    mutating func addGradient(
      of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
    ) {
      let share = dy / divisor(patch)
      for i in patch { dx[i] += share }
    }
  }
}
