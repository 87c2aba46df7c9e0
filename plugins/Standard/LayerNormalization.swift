import NNExp

/// Layer normalization: every sample is normalized to mean 0 and variance 1 over all its
/// numbers, then scaled and shifted entry by entry.
///
///     x̂    = (x − μ) / √(σ² + ε)      (μ, σ² over the sample)
///     y    = w ⊗ x̂ + b
///     ∂b  += ∂y,  ∂w += ∂y ⊗ x̂      (sums over the batch)
///     ∂x  += (g − mean g − x̂·mean(g ⊗ x̂)) / √(σ² + ε),  g = w ⊗ ∂y
///
/// - Shape: any → the same; w and b have the shape of a sample
/// - Source: Ba, Kiros, Hinton 2016
struct LayerNormalization: Layer, Component {
  static let typeName = "layer_normalization"
  static let foreignNames = ["layer_norm"]
  static let documentation = Documentation(
    "every sample normalized to mean 0 and variance 1, then scaled and shifted entry by entry",
    equation: """
      y = w ⊗ x̂ + b, x̂ = (x − μ)/√(σ² + epsilon), μ and σ² over the sample;
      ∂x += (g − mean g − x̂ · mean(g ⊗ x̂))/√(σ² + epsilon), g = w ⊗ ∂y;  \
      ∂w += ∂y ⊗ x̂,  ∂b += ∂y
      """,
    shapes: "any shape → the same shape;  weight and bias of that shape",
    example: "- layer_normalization",
    source: "Ba, Kiros, Hinton 2016, \"Layer normalization\"")

  private let epsilon: Double
  private let isAffine: Bool

  init(from options: inout Options) {
    options.suggest("epsilon", for: "eps")
    epsilon = options.double("epsilon", default: 1e-5, in: .positive, "added to the variance")
    isAffine = options.bool("affine", default: true, "learn a weight and a bias per entry")
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard shape.count > 0 else { throw Diagnostic("the input \(shape) has no numbers") }
    return Plan(
      output: shape,
      parameters: isAffine
        ? [.init("weight", shape, initial: .constant(1)), .init("bias", shape, initial: .zeros)]
        : [],
      scratch: [.perSample(1), .perSample(1)])
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      isAffine ? #"\nu[w, b]"# : #"\nu"#,
      output: isAffine ? #"w \otimes \hat{x} + b"# : #"\hat{x}"#,
      where: [
        #"\hat{x} = \frac{x - \mu}{s}"#, #"\mu = \frac{1}{n} \sum_i x_i"#,
        #"s = \sqrt{\frac{1}{n} \sum_i (x_i - \mu)^2 + \epsilon}"#,
        #"\epsilon = \#(Equations.number(epsilon))"#,
        isAffine ? #"g = w \otimes \delta_y"# : #"g = \delta_y"#,
      ],
      inputs: [
        .init(
          derivative: "",
          delta: #"\frac{1}{s} (g - \frac{1}{n} \sum_i g_i "#
            + #"- \hat{x} \cdot \frac{1}{n} \sum_i g_i \hat{x}_i)"#)
      ],
      parameters: [
        .init("weight", symbol: "w", gradient: #"\delta_y \otimes \hat{x}"#),
        .init("bias", symbol: "b", gradient: #"\delta_y"#),
      ])
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    // ONNX's LayerNormalization has ε in float32.
    let x = node.inputs[0]
    let axes = graph.integers(Array(1...max(1, node.inputPorts[0].shape.rank)))
    let centered = graph.add("Sub", x, graph.add("ReduceMean", x, axes))
    let variance = graph.add("ReduceMean", graph.add("Mul", centered, centered), axes)
    let s = graph.add("Sqrt", graph.add("Add", variance, graph.constant(epsilon)))
    var y = graph.add("Div", centered, s)
    if isAffine {
      y = graph.add("Mul", y, graph.constant(node.parameters[0]))
      y = graph.add("Add", y, graph.constant(node.parameters[1]))
    }
    return [y]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    let (mean, inverse) = (pass.scratch[0], pass.scratch[1])
    let count = x.shape.count
    for s in 0..<pass.samples {
      let sample = (s &* count)..<(s &* count &+ count)
      var sum: S = 0
      for i in sample { sum += x[i] }
      let m = sum / S(count)
      var squares: S = 0
      for i in sample { squares += (x[i] - m) * (x[i] - m) }
      let scale = 1 / (squares / S(count) + S(epsilon)).squareRoot()
      mean[s] = m
      inverse[s] = scale
      for i in sample { y[i] = (x[i] - m) * scale }
      guard isAffine else { continue }
      let (w, b) = (pass.parameters[0], pass.parameters[1])
      for i in w.indices {
        let k = sample.lowerBound &+ i
        y[k] = y[k] * w[i] + b[i]
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, dx, dy) = (pass.x, pass.dx, pass.dy)
    let (mean, inverse) = (pass.scratch[0], pass.scratch[1])
    let count = x.shape.count
    for s in 0..<pass.samples {
      let first = s &* count
      let (m, scale) = (mean[s], inverse[s])
      var (sum, product) = (S(0), S(0))  // Σg and Σg·x̂
      for i in 0..<count {
        let g = weight(pass, i) * dy[first &+ i]
        sum += g
        product += g * ((x[first &+ i] - m) * scale)
      }
      let (a, b) = (sum / S(count), product / S(count))
      for i in 0..<count {
        let k = first &+ i
        dx[k] += scale * (weight(pass, i) * dy[k] - a - (x[k] - m) * scale * b)
      }
      guard isAffine else { continue }
      let (dw, db) = (pass.gradients[0], pass.gradients[1])
      for i in dw.indices {
        let k = first &+ i
        dw[i] += dy[k] * ((x[k] - m) * scale)
        db[i] += dy[k]
      }
    }
  }

  @inline(__always)
  private func weight<S: Scalar>(_ pass: BackwardPass<S>, _ i: Int) -> S {
    isAffine ? pass.parameters[0][i] : 1
  }
}
