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
  static let foreignNames = ["max_pool", "max_pool2d", "max_pooling2d"]
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
    plan.canStoreInputGradient = true
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

extension Pooling {
  /// The positions of the largest entries, and two rows.
  func maximaScratch(from input: Shape, to output: Shape) throws -> [Plan.Scratch] {
    let geometry = geometry(from: input, to: output)
    // A position is stored in the bits of a float32.
    guard Shape([geometry.rows, geometry.columns]).count <= Int(Int32.max) else {
      throw Diagnostic("the input \(input) has more than \(Int32.max) numbers in a channel")
    }
    return [.perSample(output.count), .temporary(2 * geometry.rowRoom)]
  }

  func forwardMaxima<S: KernelScalar>(_ pass: ForwardPass<S>, isAbsolute: Bool) {
    let geometry = geometry(from: pass.x.shape, to: pass.y.shape)
    S.windowMaxima(
      pass.x.start, isAbsolute: isAbsolute, of: geometry, into: pass.y.start,
      positions: pass.scratch[0].start, planes: pass.y.count / geometry.windows,
      row: pass.scratch[1].start)
  }

  func backwardMaxima<S: KernelScalar>(_ pass: BackwardPass<S>, isAbsolute: Bool) {
    let geometry = geometry(from: pass.x.shape, to: pass.y.shape)
    let planes = pass.y.count / geometry.windows / pass.samples
    for s in 0..<pass.samples {
      let (x, y) = (s &* pass.x.shape.count, s &* pass.y.shape.count)
      if pass.storesInputGradient {
        (pass.dx.start + x).update(repeating: 0, count: pass.x.shape.count)
      }
      S.addWindowMaximaVJP(
        pass.x.start + x, isAbsolute: isAbsolute, of: geometry,
        positions: pass.scratch[0].start + y, pass.dy.start + y, to: pass.dx.start + x,
        planes: planes)
    }
  }
}
