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
    let lines = Lines(x.shape, axis: axis)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      let m = x[lines.largest(x, from: first)]
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        y[i] = x[i] - m
      }
    }
    map(.exp, y, into: y)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      let m = x[lines.largest(x, from: first)]
      var sum: S = 0
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        y[i] = corrected(y[i], x[i], m)
        sum += y[i]
      }
      for k in 0..<lines.length { y[first &+ k &* lines.step] /= sum }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (y, dx, dy) = (pass.y, pass.dx, pass.dy)
    let lines = Lines(y.shape, axis: axis)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      let origin = dy[lines.largest(y, from: first)]
      var dot: S = 0
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        dot += y[i] * (dy[i] - origin)
      }
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        dx[i] += y[i] * ((dy[i] - origin) - dot)
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
    let lines = Lines(x.shape, axis: axis)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      let m = x[lines.largest(x, from: first)]
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        y[i] = x[i] - m
      }
    }
    map(.exp, y, into: y)
    inBlocks(of: lines.count(samples: pass.samples)) { (block, logarithm: Tensor<S>) in
      for line in block {
        let first = lines.first(line)
        let top = lines.largest(x, from: first)
        var rest: S = 0
        for k in 0..<lines.length {
          let i = first &+ k &* lines.step
          rest += i == top ? 0 : corrected(y[i], x[i], x[top])
        }
        logarithm[line &- block.lowerBound] = rest
      }
      map(.log1p, logarithm, into: logarithm)
      for line in block {
        let first = lines.first(line)
        let m = x[lines.largest(x, from: first)]
        for k in 0..<lines.length {
          let i = first &+ k &* lines.step
          y[i] = x[i] - m - logarithm[line &- block.lowerBound]
        }
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    let lines = Lines(y.shape, axis: axis)
    inBlocks(of: lines.count(samples: pass.samples), numbersEach: 2) {
      (block, room: Tensor<S>) in
      // e^(y_w) and e^(y_w) − 1 of the largest of each line.
      let share = room.slice(0..<block.count)
      let less = room.slice(block.count..<2 &* block.count)
      for line in block {
        share[line &- block.lowerBound] = y[lines.largest(x, from: lines.first(line))]
      }
      map(.expm1, share, into: less)
      map(.exp, share, into: share)
      for line in block {
        let k = line &- block.lowerBound
        addGradient(pass, of: line, lines, share: share[k], less: less[k])
      }
    }
  }

  /// Adds the gradient of one line, whose largest entry has the share e^(y_w), and `less` is
  /// e^(y_w) − 1.
  private func addGradient<S: Scalar>(
    _ pass: BackwardPass<S>, of line: Int, _ lines: Lines, share: S, less: S
  ) {
    let (x, dx, dy) = (pass.x, pass.dx, pass.dy)
    let first = lines.first(line)
    let top = lines.largest(x, from: first)
    let m = x[top]
    var others: S = 0
    for k in 0..<lines.length {
      let i = first &+ k &* lines.step
      others += i == top ? 0 : dy[i]
    }
    let sum = dy[top] + others
    inBlocks(of: lines.length) { block, e in
      for k in block { e[k &- block.lowerBound] = x[first &+ k &* lines.step] - m }
      map(.exp, e, into: e)
      for k in block {
        let i = first &+ k &* lines.step
        if i == top {
          dx[i] += -less * dy[i] - share * others
        } else {
          let power = corrected(e[k &- block.lowerBound], x[i], m)
          dx[i] += dy[i] - power * share * sum
        }
      }
    }
  }
}

/// e^(x − m), from `power`, that of the rounded difference: wrong by up to |x − m|/2 units in the
/// last place.
@inline(__always)
private func corrected<S: Scalar>(_ power: S, _ x: S, _ m: S) -> S {
  let difference = x - m
  let part = x - difference
  let lost = (x - (difference + part)) + (part - m)
  return power > 0 ? power + power * lost : power
}

extension Options {
  fileprivate mutating func softmaxAxis() -> Int {
    suggest("axis", for: "dim")
    return int(
      "axis", default: 0, in: 0..<Shape.maximumRank, "the axis along which the numbers add up to 1")
  }
}

/// A batch as lines along one axis: one line per position and sample.
private struct Lines {
  /// The number of entries in a line, and the distance between them in elements.
  let length: Int
  let step: Int
  /// The lines of a sample.
  private let perSample: Int

  /// Throws if the shape does not have the axis.
  static func check(_ shape: Shape, axis: Int) throws {
    guard axis < max(1, shape.rank) else {
      throw Diagnostic("the input \(shape) has no axis \(axis)")
    }
  }

  static func remark(_ shape: Shape, axis: Int) -> String {
    if shape.rank <= 1 { return "" }
    return axis == 0
      ? "The sums run over the channels, separately for each position."
      : "The sums run over axis \(axis), separately for each position of the others."
  }

  init(_ shape: Shape, axis: Int) {
    length = shape[axis]
    var step = 1
    for k in (axis + 1)..<max(axis + 1, shape.rank) { step &*= shape[k] }
    self.step = step
    perSample = shape.count / max(1, length)
  }

  func count(samples: Int) -> Int { samples * perSample }

  /// The index of the first element of a line.
  func first(_ line: Int) -> Int { line / step * (length * step) + line % step }

  /// The position of the largest entry, the first of equal ones; of a NaN if there is one.
  func largest<S: Scalar>(_ x: Tensor<S>, from first: Int) -> Int {
    var top = first
    for k in 1..<max(1, length) {
      let i = first &+ k &* step
      if !(x[i] <= x[top]) && !x[top].isNaN { top = i }
    }
    return top
  }
}
