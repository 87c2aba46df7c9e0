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
    "avg_pool", "avg_pool1d", "avg_pool2d", "avg_pool3d", "average_pooling1d",
    "average_pooling2d", "average_pooling3d", "mean_pooling", "global_average_pooling1d",
    "global_average_pooling2d", "global_average_pooling3d", "average_pool",
    "global_average_pool", "global_avg_pool",
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
    options.suggest("count_padding", for: "count_include_pad")
    countsPadding = options.bool(
      "count_padding", default: false, "divide by the window's size in the padding too")
  }

  /// Scratch memory: the row, the entries of a plane's windows, and the shares of a plane. In
  /// three dimensions also the entries of a slice's windows, and the sums over them.
  func plan(for inputs: [Port]) throws -> Plan {
    let input = inputs[0].shape
    var plan = try pooling.plan(for: input).with(.ofInput)
    plan.backwardReads = []
    guard input.rank < 4 else {
      let slices = pooling.slices(from: input, to: plan.output).geometry
      let depth = pooling.depths(from: input, to: plan.output).geometry
      plan.scratch = [
        .fixed(max(slices.rowRoom, depth.rowRoom)), .fixed(depth.windows), .fixed(depth.windows),
        .fixed(slices.windows), .perSample(pooling.middleCount(from: input, to: plan.output)),
      ]
      return plan
    }
    let geometry = pooling.planes(from: input, to: plan.output).geometry
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
    if x.shape.rank == 4 { return forwardVolumes(pass) }
    let geometry = pooling.planes(from: x.shape, to: y.shape).geometry
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
    if dx.shape.rank == 4 { return backwardVolumes(pass) }
    let geometry = pooling.planes(from: dx.shape, to: dy.shape).geometry
    for plane in 0..<(dy.count / geometry.windows) {
      let first = plane &* geometry.windows
      for j in counts.indices { shares[j] = dy[first &+ j] / counts[j] }
      S.addWindowSpread(
        shares.start, of: geometry, to: dx.start + plane &* geometry.rows &* geometry.columns,
        planes: 1, row: pass.scratch[0].start)
    }
  }

  // In three dimensions: the sums over rows and columns, then those over slices.

  private func forwardVolumes<S: KernelScalar>(_ pass: ForwardPass<S>) {
    let (input, output) = (pass.x.shape, pass.y.shape)
    let slices = pooling.slices(from: input, to: output).geometry
    let depth = pooling.depths(from: input, to: output).geometry
    let (row, counts) = (pass.scratch[0].start, pass.scratch[1])
    let (sliceCounts, sums) = (pass.scratch[3], pass.scratch[4].start)
    S.windowCounts(of: slices, withPadding: countsPadding, into: sliceCounts.start)
    S.windowCounts(of: depth, withPadding: countsPadding, into: counts.start)
    for j in counts.indices { counts[j] *= sliceCounts[j % slices.windows] }
    let planes = pass.samples &* input[0]
    S.windowSums(pass.x.start, of: slices, into: sums, planes: planes &* input[1], row: row)
    S.windowSums(sums, of: depth, into: pass.y.start, planes: planes, row: row)
    for plane in 0..<planes {
      let first = plane &* depth.windows
      for j in counts.indices { pass.y[first &+ j] /= counts[j] }
    }
  }

  private func backwardVolumes<S: KernelScalar>(_ pass: BackwardPass<S>) {
    let (input, output) = (pass.dx.shape, pass.dy.shape)
    let slices = pooling.slices(from: input, to: output).geometry
    let depth = pooling.depths(from: input, to: output).geometry
    let (row, counts, shares) = (pass.scratch[0].start, pass.scratch[1], pass.scratch[2])
    let sums = pass.scratch[4].start
    let planes = pass.samples &* input[0]
    let middle = input[1] &* slices.windows
    sums.update(repeating: 0, count: planes &* middle)
    for plane in 0..<planes {
      let first = plane &* depth.windows
      for j in counts.indices { shares[j] = pass.dy[first &+ j] / counts[j] }
      S.addWindowSpread(
        shares.start, of: depth, to: sums + plane &* middle, planes: 1, row: row)
    }
    S.addWindowSpread(
      sums, of: slices, to: pass.dx.start, planes: planes &* input[1], row: row)
  }
}
