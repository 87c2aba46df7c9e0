import NNExp

/// The input in parts along one axis.
///
///     yᵏ[…, i, …] = x[…, i + the extents of the parts before, …]
///     ∂x += ∂yᵏ in each part
///
/// An edge `node.part_1` carries the first part, `node.part_2` the second, and so on.
///
/// - Shape: any shape → for each part, the extent of `axis` becomes its size
struct Split: Layer, Component {
  static let typeName = "split"
  static let foreignNames = ["chunk", "unstack", "unbind"]
  static let documentation = Documentation(
    "the input in parts along one axis: the outputs part_1, part_2, …",
    equation: "yᵏ[…, i, …] = x[…, i + the parts before, …];  ∂x += ∂yᵏ there",
    shapes: "any shape → for each part, the extent of the axis becomes its size",
    example: "- {type: split, sizes: [2, 3]}",
    source: "ONNX's operator Split")

  static let examples = [
    Example(["sizes": [1, 3]], inputs: [4]),
    Example(["sizes": [2, 1], "axis": 1], inputs: [2, 3]),
  ]

  private let axis: Int
  private let sizes: [Int]

  init(from options: inout Options) {
    options.suggest("axis", for: "dim")
    options.suggest(
      "sizes", for: "split_size", "split", "chunks", "num_outputs", "num_or_size_splits")
    sizes = options.ints("sizes", in: 0..., count: 2...64, "the extents of the parts")
    axis = options.int("axis", default: 0, in: 0..<Shape.maximumRank, "the axis that is divided")
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard axis < shape.rank else { throw Diagnostic("the input \(shape) has no axis \(axis)") }
    let sum = sizes.reduce(0) { min($0, .max / 2) + min($1, .max / 2) }
    guard sum == shape[axis] else {
      throw Diagnostic(
        "the sizes of the parts must add up to the extent \(shape[axis]) of axis \(axis), found "
          + "\(sum)")
    }
    var plan = Plan(
      outputs: sizes.enumerated().map { k, size in
        var axes = shape.axes
        axes[axis] = size
        return Port("part_\(k + 1)", Shape(axes))
      }, work: 0)
    plan.acceptsEmptyInputs = true
    return plan
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      "s", output: #"y_i = x_i"#,
      inputs: [.init(derivative: "", delta: #"\delta_{x_i} = \delta_{y_i}"#)],
      remark: "$y$ is the first part, of extent \(sizes[0]) along axis \(axis).")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    var first = 0
    return sizes.map { size in
      defer { first += size }
      return graph.add(
        "Slice", node.inputs[0], graph.integers([first]), graph.integers([first + size]),
        graph.integers([axis + 1]))
    }
  }

  /// Calls `body` for each run of numbers that belong to one part: its offset in the part, in the
  /// sample, and its length.
  @inline(__always)
  private func forEachRun(
    of shape: Shape, part: Int, _ body: (_ inPart: Int, _ inSample: Int, _ count: Int) -> Void
  ) {
    var (outer, inner, before) = (1, 1, 0)
    for k in 0..<axis { outer &*= shape[k] }
    for k in (axis + 1)..<max(axis + 1, shape.rank) { inner &*= shape[k] }
    for k in 0..<part { before &+= sizes[k] }
    let count = sizes[part] &* inner
    for i in 0..<outer {
      body(i &* count, (i &* shape[axis] &+ before) &* inner, count)
    }
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let x = pass.x
    for part in sizes.indices {
      let y = pass.outputs[part]
      for s in 0..<pass.samples {
        let (from, to) = (x.start + s &* x.shape.count, y.start + s &* y.shape.count)
        forEachRun(of: x.shape, part: part) { inPart, inSample, count in
          (to + inPart).update(from: from + inSample, count: count)
        }
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let dx = pass.dx
    for part in sizes.indices {
      let dy = pass.dOutputs[part]
      for s in 0..<pass.samples {
        let (to, from) = (dx.start + s &* dx.shape.count, dy.start + s &* dy.shape.count)
        forEachRun(of: dx.shape, part: part) { inPart, inSample, count in
          for i in 0..<count { to[inSample &+ i] += from[inPart &+ i] }
        }
      }
    }
  }
}
