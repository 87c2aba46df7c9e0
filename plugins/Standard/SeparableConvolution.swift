import NNExp

/// A convolution of every channel by itself, then a sum over the channels at every position.
///
///     z = w₁ ∗ x for each channel,  y[o] = b[o] + Σ w₂[o, i] · z[i]
///     ∂w₂ += Σ ∂y·z,  ∂z = w₂ᵀ ∂y,  then the gradients of w₁ and x as in ``DepthwiseConvolution``
///
/// - Shape: `[channels, …]` → `[channels', …']`; w₁ `[m·channels, 1, window rows, window columns]`,
///   w₂ `[channels', m·channels, 1, 1]`, b `[channels']`
/// - Source: Chollet 2017
struct SeparableConvolution: Layer, Component {
  static let typeName = "separable_convolution"
  static let foreignNames = [
    "separable_conv", "separable_conv1d", "separable_conv2d", "separable_conv3d",
  ]
  static let documentation = Documentation(
    "every channel convolved by itself, then a sum over the channels at every position",
    equation: """
      z[i·m + j] = w₁[i·m + j] ∗ x[i], m = multiplier;  y[o] = b[o] + Σ w₂[o, i] · z[i];
      ∂w₂ += Σ ∂y·z,  ∂b += Σ ∂y,  ∂z = w₂ᵀ ∂y,  ∂w₁ += Σ ∂z·x,  ∂x += Σ w₁·∂z
      """,
    shapes: ConvolutionCore.shapes
      + "depthwise_weight [m·channels, 1, window rows, window columns], "
      + "pointwise_weight [channels', m·channels, 1, 1], bias [channels']",
    example: "- {type: separable_convolution, channels: 16, window: 3, padding: same}",
    source: "Chollet 2017, \"Xception: deep learning with depthwise separable convolutions\"")

  static let examples = [
    Example(["channels": 3, "window": 3, "padding": 1], inputs: [2, 4, 3]),
    Example(["channels": 2, "window": [2], "multiplier": 2, "stride": 2], inputs: [2, 5]),
  ]

  private let multiplier: Int
  private let depthwise: ConvolutionCore
  private let pointwise: ConvolutionCore

  init(from options: inout Options) {
    let channels = options.outputChannels()
    options.suggest("multiplier", for: "depth_multiplier")
    let windows = WindowOptions(from: &options, padding: "zeros at the ends of each axis")
    multiplier = options.int(
      "multiplier", default: 1, in: Window.range,
      "m: the channels of z for each input channel")
    depthwise = ConvolutionCore(channels: .perInput(multiplier), windows: windows, hasBias: false)
    pointwise = ConvolutionCore(
      channels: .fixed(channels, groups: 1), windows: WindowOptions(),
      hasBias: options.bias(of: "channel"))
  }

  private var hasBias: Bool { pointwise.hasBias }

  /// Scratch memory: z, ∂z, and that of both convolutions.
  func plan(for inputs: [Port]) throws -> Plan {
    let first = try depthwise.plan(for: inputs[0].shape, names: ("depthwise_weight", ""))
    guard !first.output.hasTooManyAxes else { return first }
    let second = try pointwise.plan(for: first.output, names: ("pointwise_weight", "bias"))
    let middle = first.output.count
    return Plan(
      output: second.output, parameters: first.parameters + second.parameters,
      scratch: [.perSample(middle), .perSample(middle)] + first.scratch + second.scratch,
      work: min(first.work, .max / 2) + min(second.work, .max / 2))
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      hasBias ? #"\rho_\star[V, W, b]"# : #"\rho_\star[V, W]"#,
      output: (hasBias ? "b_o + " : "") + #"\sum_i W_{o,i} z_i"#,
      where: [#"z_i = V_i \star x_{i / m}"#, "m = \(multiplier)"],
      inputs: [
        .init(
          derivative: "", delta: #"\delta_{x_i} = \sum_j V_{i m + j}^T \delta_{z_{i m + j}}"#)
      ],
      parameters: [
        .init(
          "depthwise_weight", symbol: "V",
          gradient: #"\frac{\partial L}{\partial V_i} = \delta_{z_i} \star x_{i / m}"#),
        .init(
          "pointwise_weight", symbol: "W",
          gradient: #"\frac{\partial L}{\partial W_{o,i}} = \sum \delta_{y_o} z_i"#),
        .init(
          "bias", symbol: "b",
          gradient: #"\frac{\partial L}{\partial b_o} = \sum \delta_{y_o}"#),
      ],
      remark: "Output channel o; the sums of the gradients are over positions. The star is the "
        + "convolution of one channel, and i/m is rounded down.", work: work(for: inputs[0].shape))
  }

  private func work(for input: Shape) -> Equations.Work? {
    guard let first = try? depthwise.plan(for: input),
      let second = try? pointwise.plan(for: first.output)
    else { return nil }
    let entries = SeparableConvolutionEntries(
      depthwise: depthwise.entries(
        for: input, output: first.output, weight: first.parameters[0].shape, w: "V", y: "z"),
      output: second.output, hasBias: hasBias)
    return { entries.entry($0, $1, $2) }
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let image = node.inputPorts[0].shape
    let z = depthwise.export(
      node.inputs[0], from: image, image: image, [node.parameters[0]], to: &graph)
    let middle = middle(image, node.outputPorts[0].shape)
    return [
      pointwise.export(
        z, from: middle, image: middle, Array(node.parameters.dropFirst()), to: &graph)
    ]
  }

  /// The shape of z.
  private func middle(_ input: Shape, _ output: Shape) -> Shape {
    var extents = SIMD4<Int>(repeating: 1)
    extents[0] = depthwise.outputChannels(for: input)
    for k in 1..<output.rank { extents[k] = output[k] }
    return Shape(extents: extents, rank: output.rank)
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    let middle = middle(pass.x.shape, pass.y.shape)
    let first = depthwise.volume(pass.x.shape, middle)
    let z = pass.scratch[0].start
    let scratch = pass.scratch.dropFirst(2)
    first.forward(
      pass.x.start, weight: pass.parameters[0].start, bias: nil, into: z, samples: pass.samples,
      scratch: scratch)
    pointwise.volume(middle, pass.y.shape).forward(
      z, weight: pass.parameters[1].start,
      bias: hasBias ? pass.parameters[2].start : nil, into: pass.y.start,
      samples: pass.samples, scratch: scratch.dropFirst(first.scratchCount))
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    let middle = middle(pass.x.shape, pass.y.shape)
    let first = depthwise.volume(pass.x.shape, middle)
    let (z, dz) = (pass.scratch[0].start, pass.scratch[1].start)
    let scratch = pass.scratch.dropFirst(2)
    dz.update(repeating: 0, count: pass.samples &* middle.count)
    pointwise.volume(middle, pass.y.shape).backward(
      z, pass.dy.start, weight: pass.parameters[1].start, to: pass.gradients[1].start,
      bias: hasBias ? pass.gradients[2].start : nil, dx: dz, samples: pass.samples,
      scratch: scratch.dropFirst(first.scratchCount))
    first.backward(
      pass.x.start, dz, weight: pass.parameters[0].start, to: pass.gradients[0].start, bias: nil,
      dx: pass.needsInputGradient ? pass.dx.start : nil, samples: pass.samples, scratch: scratch)
  }
}
