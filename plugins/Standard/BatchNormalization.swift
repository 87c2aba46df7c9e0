import NNExp

/// Batch normalization: every channel (axis 0) of a batch is normalized to mean 0 and variance
/// 1, then scaled and shifted.
///
///     μ, σ² = mean and variance of a channel over the batch and all positions
///     x̂    = (x − μ) / √(σ² + ε)
///     y    = w·x̂ + b
///     ∂b  += Σ∂y,  ∂w += Σ∂y·x̂
///     ∂x  += w/√(σ² + ε) · (∂y − (1/n)Σ∂y − x̂·(1/n)Σ∂y·x̂)
///
/// An evaluation uses the running mean and variance, and ∂x += w/√(σ² + ε) · ∂y. A training
/// step moves them towards the batch's mean and variance by the fraction `momentum`. As in
/// PyTorch, the variance is the unbiased one, n/(n − 1) times σ² (for n = 1, σ² = 0); with
/// `unbiased: false` it is σ², as in ONNX.
///
/// - Shape: `[features]` or `[channels, …]` → the same; w, b and the state
///   `[channels]`
/// - Source: Ioffe, Szegedy 2015
struct BatchNormalization: FusibleLayer, Component {
  static let typeName = "batch_normalization"
  static let foreignNames = [
    "batch_norm", "batch_norm1d", "batch_norm2d", "batch_norm3d", "sync_batch_norm", "bn",
  ]
  static let documentation = Documentation(
    "every channel of a batch normalized to mean 0 and variance 1, then scaled and shifted",
    equation: """
      y = w·x̂ + b, x̂ = (x − μ)/√(σ² + epsilon), μ and σ² of a channel over the batch;
      ∂x += w/√(σ² + epsilon) · (∂y − mean ∂y − x̂ · mean(∂y·x̂)),  ∂w += Σ∂y·x̂,  ∂b += Σ∂y
      in an evaluation μ and σ² are the running ones: running += momentum · (batch's − running)
      """,
    shapes: "[features] or [channels, …] → the same shape;  weight [channels], bias [channels]",
    example: "- {type: batch_normalization, momentum: 0.1}",
    source: "Ioffe, Szegedy 2015, \"Batch normalization\"")

  private let epsilon: Double
  private let momentum: Double
  private let isAffine: Bool
  private let isUnbiased: Bool
  /// True if the outputs are rectified: y = max(w·x̂ + b, 0).
  private var isRectified = false

  init(from options: inout Options) {
    epsilon = options.epsilon(addedTo: "variance")
    momentum = options.double(
      "momentum", default: 0.1, in: .unit,
      "the fraction by which a batch updates the running mean and variance")
    isAffine = options.affine(learning: "a weight and a bias per channel")
    isUnbiased = options.bool(
      "unbiased", default: true, "the running variance is that of n/(n − 1) times σ²")
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard shape.count > 0 else { throw Diagnostic("the input \(shape) has no numbers") }
    let channels: Shape = [shape[0]]
    var plan = Plan(
      output: shape,
      parameters: isAffine
        ? [
          .init("weight", channels, initial: .constant(1)),
          .init("bias", channels, initial: .zeros),
        ] : [],
      state: [
        .init("running_mean", channels, value: 0), .init("running_variance", channels, value: 1),
      ],
      scratch: Array(repeating: .fixed(channels.count), count: 6), couplesSamples: true)
    plan.canStoreInputGradient = true
    plan.backwardReads = .inputs
    plan.isFusible = true
    return plan
  }

  /// The channels as sets, for explanations.
  private func sets(_ shape: Shape) -> SetNormalization {
    SetNormalization(
      shape: Shape(extents: SIMD4(shape[0], shape.count / max(1, shape[0]), 1, 1), rank: 2),
      normalized: 0b10, weighted: 0b01, isCentered: true, epsilon: epsilon, hasWeight: isAffine,
      hasBias: isAffine)
  }

  func equations(for inputs: [Port]) -> Equations {
    let shape = inputs[0].shape
    return Equations(
      isAffine ? #"\nu[w, b]"# : #"\nu"#,
      output: isAffine ? #"w \otimes \hat{x} + b"# : #"\hat{x}"#,
      where: [
        #"\hat{x} = \frac{x - \mu}{s}"#, #"s = \sqrt{\sigma^2 + \epsilon}"#,
        #"\epsilon = \#(Equations.number(epsilon))"#,
      ],
      inputs: [
        .init(
          derivative: "",
          delta: (isAffine ? #"\frac{w}{s}"# : #"\frac{1}{s}"#) + #" \otimes \delta_y"#)
      ],
      parameters: [
        .init(
          "weight", symbol: "w",
          gradient: #"\frac{\partial L}{\partial w} = \sum \delta_y \otimes \hat{x}"#),
        .init("bias", symbol: "b", gradient: #"\frac{\partial L}{\partial b} = \sum \delta_y"#),
      ],
      remark: "Channel by channel; sums are over a channel's positions. μ and σ² are the running "
        + "ones here, so that each sample is by itself. In training they are the batch's and "
        + "depend on all its samples, which adds two means to the derivative, as in layer "
        + "normalization.", work: sets(shape).work(for: shape, weight: [shape[0]], isRunning: true))
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    // ONNX has ε in float32: it is added to the variance instead.
    let variance = node.state[1].numbers.map { $0 + epsilon }
    let shape = node.state[0].shape.axes
    let ones = Array(repeating: 1.0, count: variance.count)
    let zeros = Array(repeating: 0.0, count: variance.count)
    let w =
      isAffine ? graph.constant(node.parameters[0]) : graph.constant(ones, shape)
    let b =
      isAffine ? graph.constant(node.parameters[1]) : graph.constant(zeros, shape)
    return [
      graph.add(
        "BatchNormalization", node.inputs[0], w, b, graph.constant(node.state[0]),
        graph.constant(variance, shape), attributes: [("epsilon", .number(0))])
    ]
  }

  func fused(with next: any Layer) -> (any Layer)? {
    guard next is Relu else { return nil }
    var fused = self
    fused.isRectified = true
    return fused
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    ChannelLoop(self, layout(pass.x, samples: pass.samples), pass).run(forwardBlock)
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    ChannelLoop(self, layout(pass.x, samples: pass.samples), pass).run(backwardBlock)
  }

  fileprivate func forward<S: KernelScalar>(
    _ pass: ForwardPass<S>, _ layout: NormLayout, _ channels: Range<Int>
  ) {
    let first = channels.lowerBound
    let part = layout.part(channels)
    let x = pass.x.start + first &* layout.positions
    let (mean, inverse) = (pass.scratch[0], pass.scratch[1])
    let (scale, shift) = (pass.scratch[2], pass.scratch[3])
    if pass.isTraining {
      S.normMoments(x, of: part, mean: mean.start + first, variance: inverse.start + first)
      let n = S(layout.samples * layout.positions)
      remember(mean, in: pass.state[0], channels, scale: 1)
      remember(inverse, in: pass.state[1], channels, scale: isUnbiased && n > 1 ? n / (n - 1) : 1)
    } else {
      for c in channels {
        mean[c] = pass.state[0][c]
        inverse[c] = pass.state[1][c]
      }
    }
    for c in channels {
      inverse[c] = 1 / (inverse[c] + S(epsilon)).squareRoot()
      scale[c] = isAffine ? pass.parameters[0][c] * inverse[c] : inverse[c]
      shift[c] = isAffine ? pass.parameters[1][c] : 0
    }
    S.normApply(
      x, of: part, mean: mean.start + first, scale: scale.start + first,
      shift: shift.start + first, into: pass.y.start + first &* layout.positions,
      rectified: isRectified)
  }

  fileprivate func backward<S: KernelScalar>(
    _ pass: BackwardPass<S>, _ layout: NormLayout, _ channels: Range<Int>
  ) {
    let first = channels.lowerBound
    let part = layout.part(channels)
    let offset = first &* layout.positions
    let (x, dy) = (pass.x.start + offset, pass.dy.start + offset)
    let (mean, inverse) = (pass.scratch[0], pass.scratch[1])
    // Σ∂y and Σ∂y·x̂, then their means.
    let (sum, product) = (pass.scratch[2], pass.scratch[3])
    let (weight, shift) = (pass.scratch[4], pass.scratch[5])
    for c in channels {
      weight[c] = isAffine ? pass.parameters[0][c] * inverse[c] : inverse[c]
      shift[c] = isAffine ? pass.parameters[1][c] : 0
    }
    let rectified = isRectified ? UnsafePointer(shift.start + first) : nil
    S.normSums(
      x, rectified: rectified, dy, of: part, mean: mean.start + first,
      inverse: inverse.start + first, weight: weight.start + first, sum: sum.start + first,
      product: product.start + first)
    if isAffine {
      let (dw, db) = (pass.gradients[0], pass.gradients[1])
      for c in channels {
        dw[c] += product[c]
        db[c] += sum[c]
      }
    }
    let n = S(layout.samples * layout.positions)
    for c in channels {
      // In an evaluation, μ and σ² do not depend on x.
      sum[c] = pass.isTraining ? sum[c] / n : 0
      product[c] = pass.isTraining ? product[c] / n : 0
    }
    S.addNormVJP(
      x, rectified: rectified, dy, of: part, mean: mean.start + first,
      inverse: inverse.start + first, weight: weight.start + first, a: sum.start + first,
      b: product.start + first,
      to: pass.dx.start + offset, adds: !pass.storesInputGradient)
  }

  private func layout<S: Scalar>(_ x: Tensor<S>, samples: Int) -> NormLayout {
    let channels = x.shape[0]
    return NormLayout(samples: samples, channels: channels, positions: x.shape.count / channels)
  }

  private func remember<S: Scalar>(
    _ statistic: Tensor<S>, in running: Tensor<S>, _ channels: Range<Int>, scale: S
  ) {
    let momentum = S(momentum)
    for c in channels {
      running[c] = (1 - momentum) * running[c] + momentum * (scale * statistic[c])
    }
  }
}

/// A pass over blocks of channels, which the cores share. It has no type parameter, so that a C
/// function can run a block.
private struct ChannelLoop {
  let layer: BatchNormalization
  let layout: NormLayout
  unowned(unsafe) let pass: AnyObject

  init(_ layer: BatchNormalization, _ layout: NormLayout, _ pass: AnyObject) {
    (self.layer, self.layout, self.pass) = (layer, layout, pass)
  }

  func run(_ block: Workers.Part) {
    var loop = self
    withUnsafeMutablePointer(to: &loop) { Workers.perform(layout.blocks, $0, block) }
  }
}

private func forwardBlock(_ loop: UnsafeMutableRawPointer, _ block: Int) {
  let loop = loop.assumingMemoryBound(to: ChannelLoop.self).pointee
  if let pass = loop.pass as? ForwardPass<Float> {
    loop.layer.forward(pass, loop.layout, loop.layout.block(block))
  } else if let pass = loop.pass as? ForwardPass<Double> {
    loop.layer.forward(pass, loop.layout, loop.layout.block(block))
  }
}

private func backwardBlock(_ loop: UnsafeMutableRawPointer, _ block: Int) {
  let loop = loop.assumingMemoryBound(to: ChannelLoop.self).pointee
  if let pass = loop.pass as? BackwardPass<Float> {
    loop.layer.backward(pass, loop.layout, loop.layout.block(block))
  } else if let pass = loop.pass as? BackwardPass<Double> {
    loop.layer.backward(pass, loop.layout, loop.layout.block(block))
  }
}
