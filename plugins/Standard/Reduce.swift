import NNExp

/// The sum, mean or maximum over axes.
///
///     sum    y[j] = Σᵢ x[i, j],        ∂x[i, j] += ∂y[j]
///     mean   y[j] = (1/n) Σᵢ x[i, j],  ∂x[i, j] += ∂y[j] / n
///     max    y[j] = maxᵢ x[i, j],      ∂x[i, j] += ∂y[j] for the first i that is largest
///
/// i runs over `axes`, j over the others. The sum of no numbers is 0, the maximum −∞.
///
/// - Shape: any shape → without these axes, or with the extent 1 if `keep_axes` is true; `[1]` if
///   no axis is left
struct Reduce: Layer, Component {
  static let typeName = "reduce"
  static let foreignNames = [
    "reduce_sum", "reduce_mean", "reduce_max", "mean", "average", "amax", "reduction",
  ]
  static let documentation = Documentation(
    "the sum, mean or maximum over axes",
    equation: "y = Σᵢ xᵢ;  ∂xᵢ += ∂y;  the mean divides both by n;  max: ∂xᵢ += ∂y for the first "
      + "largest i",
    shapes: "any shape → without the axes, or with extents of 1 if keep_axes is true; [1] if none "
      + "is left",
    example: "- {type: reduce, by: mean, axes: [1, 2]}",
    source: "ONNX's operators ReduceSum, ReduceMean and ReduceMax")

  static let examples = [
    Example(["by": "sum", "axes": [0]], inputs: [3, 4]),
    Example(["by": "mean", "axes": [1, 2]], inputs: [2, 3, 2]),
    Example(["by": "max", "axes": [1], "keep_axes": true], inputs: [2, 3, 2]),
  ]

  private enum Rule: String, CaseIterable, Sendable { case sum, mean, max }

  private let rule: Rule
  private let axes: [Int]
  private let keepsAxes: Bool

  init(from options: inout Options) {
    options.suggest("by", for: "mode", "op", "operation", "reduction")
    options.suggest("axes", for: "dim", "axis", "dims")
    options.suggest("keep_axes", for: "keepdim", "keepdims", "keep_dims")
    rule = options.choice("by", default: Rule.mean, "what is computed")
    axes = options.ints(
      "axes", default: [], in: 0..<Shape.maximumRank, count: 0...Shape.maximumRank,
      "the axes to combine; an empty list means all")
    keepsAxes = options.bool("keep_axes", default: false, "keep the axes with the extent 1")
    if Set(axes).count != axes.count {
      options.reject("axes", "axes must have each number once, found \(axes)")
    }
  }

  /// The shape with an extent of 1 for each combined axis.
  private func kept(_ shape: Shape) -> Shape {
    Shape((0..<shape.rank).map { axes.isEmpty || axes.contains($0) ? 1 : shape[$0] })
  }

  /// Scratch memory: the sums; for the maximum, whether its entry was found.
  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    if let axis = axes.first(where: { $0 >= shape.rank }) {
      throw Diagnostic("the input \(shape) has no axis \(axis)")
    }
    guard rule != .mean || shape.count > 0 else {
      throw Diagnostic("the input \(shape) has no numbers")
    }
    guard !shape.hasTooManyAxes else { return Plan(output: shape) }
    let left = (0..<shape.rank).filter { !axes.isEmpty && !axes.contains($0) }.map { shape[$0] }
    let output = keepsAxes ? kept(shape) : Shape(left.isEmpty ? [1] : left)
    var plan = Plan(
      output: output, scratch: rule == .max ? [.perSample(output.count)] : [], work: shape.count)
    plan.canStoreInputGradient = rule != .max
    plan.acceptsEmptyInputs = rule != .mean
    return rule == .sum ? plan : plan.with(.ofInput)
  }

  func equations(for inputs: [Port]) -> Equations {
    let shape = inputs[0].shape
    let n = shape.count / max(1, kept(shape).count)
    switch rule {
    case .sum:
      return Equations(
        #"\Sigma"#, output: #"y_j = \sum_i x_{i,j}"#,
        inputs: [.init(derivative: "", delta: #"\delta_{x_{i,j}} = \delta_{y_j}"#)],
        remark: "i runs over the combined axes, j over the others.", work: work(for: shape))
    case .mean:
      return Equations(
        "m", output: #"y_j = \frac{1}{\#(n)} \sum_i x_{i,j}"#,
        inputs: [
          .init(derivative: "", delta: #"\delta_{x_{i,j}} = \frac{1}{\#(n)} \delta_{y_j}"#)
        ], remark: "i runs over the combined axes, j over the others.", work: work(for: shape))
    case .max:
      return Equations(
        #"\max"#, output: #"y_j = \max_i x_{i,j}"#,
        inputs: [
          .init(
            derivative: "",
            delta: #"\delta_{x_{i,j}} = \delta_{y_j} [i = \operatorname*{argmax}_k x_{k,j}]"#)
        ],
        remark: "i runs over the combined axes, j over the others. […] is 1 if the condition is "
          + "true, otherwise 0.", work: work(for: shape))
    }
  }

  private func work(for input: Shape) -> Equations.Work? {
    guard let output = try? plan(for: [Port(input)]).output else { return nil }
    var windows = Array(repeating: [Int](), count: output.count)
    let lines = lines(input)
    lines.forEachLine { from, to in
      for i in 0..<lines.length { windows[to + i * lines.step].append(from + i) }
    }
    let entries = PoolingEntries(
      windows: windows, sizes: windows.map { rule == .sum ? 1 : $0.count }, input: input,
      output: output, normalizes: false)
    return rule == .max ? entries.maximum : entries.mean
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let rank = node.inputPorts[0].shape.rank
    let all = axes.isEmpty ? Array(0..<rank) : axes
    let type = ["sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax"][rule.rawValue] ?? ""
    let y = graph.add(type, node.inputs[0], graph.integers(all.map { $0 + 1 }))
    return [graph.reshape(y, to: node.outputPorts[0].shape)]
  }

  /// The places of the outputs in the input, without making a list of axes.
  private func lines(_ shape: Shape) -> BroadcastAxes {
    var extents = SIMD4<Int>(repeating: 1)
    for k in 0..<shape.rank where !axes.isEmpty && !axes.contains(k) { extents[k] = shape[k] }
    return BroadcastAxes(Shape(extents: extents, rank: shape.rank), over: shape)
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (inputs, outputs) = (pass.x.shape.count, pass.y.shape.count)
    let lines = lines(pass.x.shape)
    let n = rule == .mean ? S(inputs / outputs) : 1
    for s in 0..<pass.samples {
      let (x, y) = (pass.x.start + s &* inputs, pass.y.start + s &* outputs)
      y.update(repeating: rule == .max ? -.infinity : 0, count: outputs)
      lines.forEachLine { from, to in
        if rule == .max {
          for i in 0..<lines.length {
            let j = to &+ i &* lines.step
            // NaN is larger than any number.
            if !(x[from &+ i] <= y[j]) && !y[j].isNaN { y[j] = x[from &+ i] }
          }
        } else if lines.step == 0 {
          y[to] += interleavedSum(lines.length) { x[from &+ $0] }
        } else {
          for i in 0..<lines.length { y[to &+ i] += x[from &+ i] }
        }
      }
      if rule == .mean { for j in 0..<outputs { y[j] /= n } }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (inputs, outputs) = (pass.x.shape.count, pass.y.shape.count)
    let lines = lines(pass.x.shape)
    let n = rule == .mean ? S(inputs / outputs) : 1
    for s in 0..<pass.samples {
      let (x, y) = (pass.x.start + s &* inputs, pass.y.start + s &* outputs)
      let (dx, dy) = (pass.dx.start + s &* inputs, pass.dy.start + s &* outputs)
      guard rule == .max else {
        lines.forEachLine { from, to in
          if lines.step == 0 {
            let slope = dy[to] / n
            if pass.storesInputGradient {
              (dx + from).update(repeating: slope, count: lines.length)
            } else {
              for i in 0..<lines.length { dx[from &+ i] += slope }
            }
          } else if pass.storesInputGradient {
            for i in 0..<lines.length { dx[from &+ i] = dy[to &+ i] / n }
          } else {
            for i in 0..<lines.length { dx[from &+ i] += dy[to &+ i] / n }
          }
        }
        continue
      }
      let isFound = pass.scratch[0].start + s &* outputs
      isFound.update(repeating: 0, count: outputs)
      lines.forEachLine { from, to in
        for i in 0..<lines.length {
          let j = to &+ i &* lines.step
          let isLargest = x[from &+ i] == y[j] || (x[from &+ i].isNaN && y[j].isNaN)
          if isLargest && isFound[j] == 0 {
            dx[from &+ i] += dy[j]
            isFound[j] = 1
          }
        }
      }
    }
  }
}
