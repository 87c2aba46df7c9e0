import NNExp

/// The softmax along one axis: by default axis 0, over the features of `[features]`, or over the
/// channels at each position of `[channels, rows, columns]`.
///
///     yᵢ   = e^(xᵢ − m) / Σⱼ e^(xⱼ − m),  m = max x
///     ∂xᵢ += yᵢ (∂yᵢ − Σⱼ yⱼ ∂yⱼ)
///
/// A constant added to ∂y changes nothing: it is taken relative to that of the
/// largest y, whose own gradient would cancel as y approaches 1.
struct Softmax: Layer, Component {
  static let typeName = "softmax"
  static let documentation = Documentation(
    "probabilities that sum to 1 over the features, or over the channels at every position",
    equation: "yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ);  ∂xᵢ += yᵢ (∂yᵢ − Σⱼ yⱼ ∂yⱼ)",
    shapes: "any shape → the same shape; the sum runs over the axis",
    example: "- softmax",
    source: "Bridle 1990, \"Probabilistic interpretation of feedforward classification outputs\"")

  static let examples = [Example(inputs: [4]), Example(["axis": 1], inputs: [2, 3, 2])]

  private let axis: Int

  init(from options: inout Options) { axis = options.softmaxAxis() }

  func plan(for inputs: [Port]) throws -> Plan {
    try Lines.check(inputs[0].shape, axis: axis)
    return Plan(output: inputs[0].shape).with(.within(0...1))
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\operatorname{softmax}"#, output: #"\operatorname{softmax}(x)"#,
      where: [#"\operatorname{softmax}(u)_i = \frac{e^{u_i}}{\sum_j e^{u_j}}"#],
      inputs: [
        .init(
          derivative: #"\operatorname{diag}(y) - y y^T"#,
          delta: #"y \otimes \delta_y - y (y^T \delta_y)"#)
      ],
      remark: Lines.remark(inputs[0].shape, axis: axis))
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [graph.add("Softmax", node.inputs[0], attributes: [("axis", .integer(axis + 1))])]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    Lines(x.shape, axis: axis).forEachBundle(samples: pass.samples) { bundle in
      let m = bundle.largest(x)
      var sum = SIMD8<S>()
      bundle.forEachPower(of: x, less: m) { k, power in
        sum += power
        bundle.store(power, at: k, of: y)
      }
      for k in 0..<bundle.length { bundle.store(bundle.load(y, at: k) / sum, at: k, of: y) }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (y, dx, dy) = (pass.y, pass.dx, pass.dy)
    Lines(y.shape, axis: axis).forEachBundle(samples: pass.samples) { bundle in
      let origin = bundle.value(of: dy, atLargest: y)
      var dot = SIMD8<S>()
      for k in 0..<bundle.length {
        dot += bundle.load(y, at: k) * (bundle.load(dy, at: k) - origin)
      }
      for k in 0..<bundle.length {
        let slope = bundle.load(y, at: k) * ((bundle.load(dy, at: k) - origin) - dot)
        bundle.store(bundle.load(dx, at: k) + slope, at: k, of: dx)
      }
    }
  }
}

/// The logarithm of the softmax along one axis, by default axis 0. It is exact even if the softmax underflows.
///
///     yᵢ   = xᵢ − m − ln Σⱼ e^(xⱼ − m),  m = max x
///     ∂xᵢ += ∂yᵢ − e^(yᵢ) Σⱼ ∂yⱼ
///
/// For the largest, x_w = m, the sum is 1 + rest, and
///
///     y_w   = −ln(1 + rest)
///     ∂x_w += (1 − e^(y_w)) ∂y_w − e^(y_w) Σⱼ≠w ∂yⱼ
///
/// which stays exact as e^(y_w) approaches 1.
struct LogSoftmax: Layer, Component {
  static let typeName = "log_softmax"
  static let documentation = Documentation(
    "the logarithm of the softmax, exact where the softmax underflows",
    equation: "yᵢ = xᵢ − ln Σⱼ e^(xⱼ);  ∂xᵢ += ∂yᵢ − e^(yᵢ) Σⱼ ∂yⱼ",
    shapes: "any shape → the same shape; the sum runs over the axis",
    example: "- log_softmax",
    source: "Bridle 1990, \"Probabilistic interpretation of feedforward classification outputs\"")

  static let examples = [Example(inputs: [4]), Example(["axis": 1], inputs: [2, 3, 2])]

  private let axis: Int

  init(from options: inout Options) { axis = options.softmaxAxis() }

  func plan(for inputs: [Port]) throws -> Plan {
    try Lines.check(inputs[0].shape, axis: axis)
    return Plan(output: inputs[0].shape).with(.within(-.infinity...0))
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\ln \circ \operatorname{softmax}"#, output: #"y_i = x_i - \ln \sum_j e^{x_j}"#,
      inputs: [
        .init(
          derivative: #"\frac{\partial y_i}{\partial x_j} = [i = j] - e^{y_j}"#,
          delta: #"\delta_{x_i} = \delta_{y_i} - e^{y_i} \sum_j \delta_{y_j}"#)
      ],
      remark: Lines.remark(inputs[0].shape, axis: axis))
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [graph.add("LogSoftmax", node.inputs[0], attributes: [("axis", .integer(axis + 1))])]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    Lines(x.shape, axis: axis).forEachBundle(samples: pass.samples) { bundle in
      let m = bundle.largest(x)
      var rest = SIMD8<S>()
      var top = bundle.top(m)
      bundle.forEachPower(of: x, less: m) { k, power in
        rest += power.replacing(with: 0, where: top.isNext(bundle.load(x, at: k)))
      }
      let logarithm = eight(.log1p, rest)
      for k in 0..<bundle.length {
        bundle.store(bundle.load(x, at: k) - m - logarithm, at: k, of: y)
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, y, dx, dy) = (pass.x, pass.y, pass.dx, pass.dy)
    Lines(y.shape, axis: axis).forEachBundle(samples: pass.samples) { bundle in
      let m = bundle.largest(x)
      // e^(y_w) and e^(y_w) − 1 of the largest of each line.
      let largest = bundle.value(of: y, atLargest: x)
      let share = eight(.exp, largest)
      let less = eight(.expm1, largest)
      let slopeOfTop = bundle.value(of: dy, atLargest: x)
      var others = SIMD8<S>()
      var top = bundle.top(m)
      for k in 0..<bundle.length {
        let slope = bundle.load(dy, at: k)
        others += slope.replacing(with: 0, where: top.isNext(bundle.load(x, at: k)))
      }
      let sum = slopeOfTop + others
      top = bundle.top(m)
      bundle.forEachPower(of: x, less: m) { k, power in
        let slope = bundle.load(dy, at: k)
        let part = (slope - power * share * sum).replacing(
          with: -less * slope - share * others, where: top.isNext(bundle.load(x, at: k)))
        bundle.store(bundle.load(dx, at: k) + part, at: k, of: dx)
      }
    }
  }
}

extension Options {
  fileprivate mutating func softmaxAxis() -> Int {
    suggest("axis", for: "dim")
    return int(
      "axis", default: 0, in: 0..<Shape.maximumRank, "the axis along which the numbers add up to 1")
  }
}
