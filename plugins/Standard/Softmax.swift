import NNExp

/// The softmax along axis 0: over the features of `[features]`, or over the channels at each
/// position of `[channels, rows, columns]`.
///
///     yᵢ   = e^(xᵢ − m) / Σⱼ e^(xⱼ − m),  m = max x
///     ∂xᵢ += yᵢ (∂yᵢ − Σⱼ yⱼ ∂yⱼ)
struct Softmax: Layer, Component {
  static let typeName = "softmax"
  static let documentation = Documentation(
    "probabilities that sum to 1 over the features, or over the channels at every position",
    equation: "yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ);  ∂xᵢ += yᵢ (∂yᵢ − Σⱼ yⱼ ∂yⱼ)",
    shapes: "any shape → the same shape; the sum runs over axis 0",
    example: "- softmax",
    source: "Bridle 1990, \"Probabilistic interpretation of feedforward classification outputs\"")

  init(from options: inout Options) {}

  func plan(for inputs: [Port]) -> Plan { Plan(output: inputs[0].shape).with(.within(0...1)) }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\operatorname{softmax}"#, output: #"\operatorname{softmax}(x)"#,
      where: [#"\operatorname{softmax}(u)_i = \frac{e^{u_i}}{\sum_j e^{u_j}}"#],
      inputs: [
        .init(
          derivative: #"\operatorname{diag}(y) - y y^T"#,
          delta: #"y \otimes \delta_y - y (y^T \delta_y)"#)
      ],
      remark: inputs[0].shape.rank > 1
        ? "The sums run over the channels, separately for each position." : "")
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    let lines = Lines(x.shape)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      let m = lines.maximum(x, from: first)
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        y[i] = x[i] - m
      }
    }
    map(.exp, y, into: y)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      var sum: S = 0
      for k in 0..<lines.length { sum += y[first &+ k &* lines.step] }
      for k in 0..<lines.length { y[first &+ k &* lines.step] /= sum }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (y, dx, dy) = (pass.y, pass.dx, pass.dy)
    let lines = Lines(y.shape)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      var dot: S = 0
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        dot += y[i] * dy[i]
      }
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        dx[i] += y[i] * (dy[i] - dot)
      }
    }
  }
}

/// The logarithm of the softmax along axis 0. It is exact even if the softmax underflows.
///
///     yᵢ   = xᵢ − m − ln Σⱼ e^(xⱼ − m),  m = max x
///     ∂xᵢ += ∂yᵢ − e^(yᵢ) Σⱼ ∂yⱼ
struct LogSoftmax: Layer, Component {
  static let typeName = "log_softmax"
  static let documentation = Documentation(
    "the logarithm of the softmax, exact where the softmax underflows",
    equation: "yᵢ = xᵢ − ln Σⱼ e^(xⱼ);  ∂xᵢ += ∂yᵢ − e^(yᵢ) Σⱼ ∂yⱼ",
    shapes: "any shape → the same shape; the sum runs over axis 0",
    example: "- log_softmax",
    source: "Bridle 1990, \"Probabilistic interpretation of feedforward classification outputs\"")

  init(from options: inout Options) {}

  func plan(for inputs: [Port]) -> Plan {
    Plan(output: inputs[0].shape).with(.within(-.infinity...0))
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\ln \circ \operatorname{softmax}"#, output: #"y_i = x_i - \ln \sum_j e^{x_j}"#,
      inputs: [
        .init(
          derivative: #"\frac{\partial y_i}{\partial x_j} = [i = j] - e^{y_j}"#,
          delta: #"\delta_{x_i} = \delta_{y_i} - e^{y_i} \sum_j \delta_{y_j}"#)
      ],
      remark: inputs[0].shape.rank > 1
        ? "The sums run over the channels, separately for each position." : "")
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    let lines = Lines(x.shape)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      let m = lines.maximum(x, from: first)
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        y[i] = x[i] - m
      }
    }
    map(.exp, y, into: y)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      let m = lines.maximum(x, from: first)
      var sum: S = 0
      for k in 0..<lines.length { sum += y[first &+ k &* lines.step] }
      let logarithm = S.log(sum)
      for k in 0..<lines.length {
        let i = first &+ k &* lines.step
        y[i] = x[i] - m - logarithm
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (y, dx, dy) = (pass.y, pass.dx, pass.dy)
    let lines = Lines(y.shape)
    for line in 0..<lines.count(samples: pass.samples) {
      let first = lines.first(line)
      var sum: S = 0
      for k in 0..<lines.length { sum += dy[first &+ k &* lines.step] }
      inBlocks(of: lines.length) { block, e in
        for k in block { e[k &- block.lowerBound] = y[first &+ k &* lines.step] }
        map(.exp, e, into: e)
        for k in block {
          let i = first &+ k &* lines.step
          dx[i] += dy[i] - e[k &- block.lowerBound] * sum
        }
      }
    }
  }
}

/// A batch as lines along axis 0: one line per position and sample.
private struct Lines {
  /// The number of entries in a line, and the distance between them in elements.
  let length: Int
  let step: Int

  init(_ shape: Shape) {
    length = shape[0]
    step = shape.count / max(1, shape[0])
  }

  func count(samples: Int) -> Int { samples * step }

  /// The index of the first element of a line.
  func first(_ line: Int) -> Int { line / step * (length * step) + line % step }

  /// The largest entry of a line; NaN if there is one.
  func maximum<S: Scalar>(_ x: Tensor<S>, from first: Int) -> S {
    var m = -S.infinity
    for k in 0..<length {
      let value = x[first &+ k &* step]
      if value > m || value.isNaN { m = value }
    }
    return m
  }
}
