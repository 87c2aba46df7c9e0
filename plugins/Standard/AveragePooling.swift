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

  /// Scratch memory: the row, the entries of a plane's windows, and the shares of a plane.
  func plan(for inputs: [Port]) throws -> Plan {
    var plan = try pooling.plan(for: inputs[0].shape).with(.ofInput)
    let geometry = pooling.geometry(from: inputs[0].shape, to: plan.output)
    plan.scratch = [
      .temporary(geometry.rowRoom), .fixed(geometry.windows), .temporary(geometry.windows),
    ]
    return plan
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

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    let (x, y, counts) = (pass.x, pass.y, pass.scratch[1])
    let geometry = pooling.geometry(from: x.shape, to: y.shape)
    let planes = y.count / geometry.windows
    S.windowCounts(of: geometry, withPadding: countsPadding, into: counts.start)
    S.windowSums(x.start, of: geometry, into: y.start, planes: planes, row: pass.scratch[0].start)
    for plane in 0..<planes {
      let first = plane &* geometry.windows
      for j in counts.indices { y[first &+ j] /= counts[j] }
    }
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    let (dx, dy) = (pass.dx, pass.dy)
    let (counts, shares) = (pass.scratch[1], pass.scratch[2])
    let geometry = pooling.geometry(from: dx.shape, to: dy.shape)
    for plane in 0..<(dy.count / geometry.windows) {
      let first = plane &* geometry.windows
      for j in counts.indices { shares[j] = dy[first &+ j] / counts[j] }
      S.addWindowSpread(
        shares.start, of: geometry, to: dx.start + plane &* geometry.rows &* geometry.columns,
        planes: 1, row: pass.scratch[0].start)
    }
  }
}
