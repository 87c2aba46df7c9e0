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
    try pooling.plan(for: inputs[0].shape).with(.ofInput)
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

  func forward<S: Scalar>(_ pass: ForwardPass<S>) { pooling.forward(pass, by: Maximum()) }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    var rule = Maximum<S>()
    pooling.backward(pass, by: &rule)
  }

  private struct Maximum<S: Scalar>: PoolingRule {
    func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S {
      var y = -S.infinity
      var nans = 0
      // Selections instead of branches, because it cannot be predicted which entry is larger.
      for i in patch {
        y = x[i] > y ? x[i] : y
        nans &+= x[i].isNaN ? 1 : 0
      }
      return nans == 0 ? y : .nan
    }

    mutating func addGradient(
      of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>
    ) {
      for i in patch where x[i] == y || x[i].isNaN {
        dx[i] += dy
        return
      }
    }
  }
}
