import NNExp

/// Layer normalization: every sample is normalized to mean 0 and variance 1 over all its
/// numbers, or over some axes, then scaled and shifted entry by entry.
///
///     x̂    = (x − μ) / √(σ² + ε)      (μ, σ² over the sample)
///     y    = w ⊗ x̂ + b
///     ∂b  += ∂y,  ∂w += ∂y ⊗ x̂      (sums over the batch)
///     ∂x  += (g − mean g − x̂·mean(g ⊗ x̂)) / √(σ² + ε),  g = w ⊗ ∂y
///
/// - Shape: any → the same; w and b have the shape of the normalized axes
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
    shapes: "any shape → the same shape;  weight and bias of the normalized axes",
    example: "- layer_normalization",
    source: "Ba, Kiros, Hinton 2016, \"Layer normalization\"")

  static let examples = [Example(inputs: [4]), Example(["axes": [0]], inputs: [3, 2, 2])]

  private let axes: NormalizedAxes
  private let epsilon: Double
  private let isAffine: Bool

  init(from options: inout Options) {
    axes = NormalizedAxes(from: &options)
    epsilon = options.epsilon(addedTo: "variance")
    isAffine = options.affine(learning: "a weight and a bias per entry")
  }

  /// The sets of numbers if only some axes are normalized. All numbers of a sample have faster
  /// kernels.
  private func sets(_ shape: Shape) -> SetNormalization {
    SetNormalization(
      shape: shape, normalized: axes.mask(shape), weighted: axes.mask(shape), isCentered: true,
      epsilon: epsilon, hasWeight: isAffine, hasBias: isAffine)
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    try axes.check(shape)
    guard axes.isAll else {
      return Plan(
        output: shape, parameters: isAffine ? .scaleAndShift(axes.weightShape(shape)) : [],
        scratch: sets(shape).scratch)
    }
    return Plan(
      output: shape,
      parameters: isAffine
        ? [.init("weight", shape, initial: .constant(1)), .init("bias", shape, initial: .zeros)]
        : [],
      scratch: Array(repeating: .perSample(1), count: isAffine ? 2 : 4))
  }

  func equations(for inputs: [Port]) -> Equations {
    let shape = inputs[0].shape
    let weight = axes.weightShape(shape)
    guard axes.isAll else {
      return sets(shape).equations(for: shape, weight: weight, set: "the normalized axes")
    }
    return Equations(
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
      ], work: sets(shape).work(for: shape, weight: weight))
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    guard axes.isAll else { return sets(node.inputPorts[0].shape).export(node, to: &graph) }
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

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    guard axes.isAll else { return sets(pass.x.shape).forward(pass) }
    let (x, y, layout) = (pass.x, pass.y, layout(pass.x, samples: pass.samples))
    let (mean, inverse) = (pass.scratch[0], pass.scratch[1])
    S.normMoments(x.start, of: layout, mean: mean.start, variance: inverse.start)
    for s in 0..<pass.samples { inverse[s] = 1 / (inverse[s] + S(epsilon)).squareRoot() }
    if isAffine {
      S.entryNormApply(
        x.start, samples: pass.samples, count: layout.positions, mean: mean.start,
        inverse: inverse.start, weight: pass.parameters[0].start, bias: pass.parameters[1].start,
        into: y.start)
    } else {
      let shift = pass.scratch[2]
      shift.fill(0)
      S.normApply(
        x.start, of: layout, mean: mean.start, scale: inverse.start, shift: shift.start,
        into: y.start, rectified: false)
    }
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    guard axes.isAll else { return sets(pass.x.shape).backward(pass) }
    let (x, dx, dy) = (pass.x, pass.dx, pass.dy)
    let layout = layout(x, samples: pass.samples)
    let (mean, inverse) = (pass.scratch[0], pass.scratch[1])
    guard !isAffine else {
      return S.addEntryNormVJP(
        x.start, dy.start, samples: pass.samples, count: layout.positions, mean: mean.start,
        inverse: inverse.start, weight: pass.parameters[0].start, to: pass.gradients[0].start,
        pass.gradients[1].start, dx.start)
    }
    // Σ∂y and Σ∂y·x̂, then their means.
    let (sum, product) = (pass.scratch[2], pass.scratch[3])
    S.normSums(
      x.start, rectified: nil, dy.start, of: layout, mean: mean.start, inverse: inverse.start,
      weight: inverse.start, sum: sum.start, product: product.start)
    for s in 0..<pass.samples {
      sum[s] /= S(layout.positions)
      product[s] /= S(layout.positions)
    }
    S.addNormVJP(
      x.start, rectified: nil, dy.start, of: layout, mean: mean.start, inverse: inverse.start,
      weight: inverse.start, a: sum.start, b: product.start, to: dx.start,
      adds: true)
  }

  /// The samples as the channels of one.
  private func layout<S: Scalar>(_ x: Tensor<S>, samples: Int) -> NormLayout {
    NormLayout(samples: 1, channels: samples, positions: x.shape.count)
  }
}
