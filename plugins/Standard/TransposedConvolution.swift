import NNExp

/// The adjoint of a convolution, which makes an image larger: its forward pass is the input
/// gradient of ``Convolution``.
///
///     y[o, m, n]     = b[o] + Σ w[i, o, u, v] · x[i, r, c]   over m = r·stride + u·dilation − padding, …
///     ∂w[i, o, u, v] += Σ x[i, r, c] · ∂y[o, r·stride + u·dilation − padding, …]
///     ∂x[i, r, c]   += Σ w[i, o, u, v] · ∂y[o, r·stride + u·dilation − padding, …]
///     ∂b[o]         += Σ ∂y[o, m, n]
///
/// - Shape: `[channels, …]` → `[channels', …']`, along an axis of n entries
///   n' = (n − 1)·stride + dilation·(window − 1) + 1 − the padding + output_padding;
///   w `[channels, channels'/groups, window rows, window columns]`, b `[channels']`
/// - Source: Zeiler, Krishnan, Taylor, Fergus 2010; Dumoulin, Visin 2016
struct TransposedConvolution: Layer, Component {
  static let typeName = "transposed_convolution"
  static let foreignNames = [
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "conv1d_transpose",
    "conv2d_transpose", "conv3d_transpose", "deconvolution", "conv_transpose",
    "convolution_transpose",
  ]
  static let documentation = Documentation(
    "the adjoint of a convolution, which makes an image larger",
    equation: """
      y[o, m, n] = b[o] + Σ w[i, o, u, v] · x[i, r, c] over m = r·stride + u·dilation − padding, …;
      ∂w[i, o, u, v] += Σ x[i, r, c] · ∂y[o, …],  ∂x[i, r, c] += Σ w[i, o, u, v] · ∂y[o, …],  \
      ∂b[o] += Σ ∂y[o, m, n]
      """,
    shapes:
      "[channels, …] → [channels', …] with one to three axes after the channels (for one, the "
      + "window is a list: [3]), "
      + "n' = (n − 1)·stride + dilation·(window − 1) + 1 − the padding + output_padding; n·stride "
      + "with same;  weight [channels, channels'/groups, window rows, window columns], "
      + "bias [channels']",
    example: "- {type: transposed_convolution, channels: 8, window: 2, stride: 2}",
    source: "Zeiler, Krishnan, Taylor, Fergus 2010, \"Deconvolutional networks\"")

  static let examples = [
    Example(["channels": 3, "window": 2, "stride": 2], inputs: [2, 3, 2]),
    Example(["channels": 2, "window": [3], "stride": 2, "padding": "same"], inputs: [2, 4]),
    Example(["channels": 2, "window": 3, "padding": 1, "groups": 2], inputs: [2, 2, 3, 3]),
  ]

  private let channels: Int
  private let groups: Int
  private let windows: WindowOptions
  private let outputPadding: [Int]
  private let hasBias: Bool

  init(from options: inout Options) {
    channels = options.outputChannels()
    windows = WindowOptions(
      from: &options, padding: "positions at the ends of each axis that are left out of the output")
    outputPadding = options.extents(
      "output_padding", default: [0], in: Window.paddingRange,
      "positions added after each axis of the output; less than the stride")
    groups = options.int(
      "groups", default: 1, in: Window.range, "number of groups that the channels are divided into")
    hasBias = options.bias(of: "channel")
    if channels % groups != 0 {
      options.reject("groups", "groups \(groups) does not divide the \(channels) output channels")
    }
  }

  /// The convolution from the output to the input, of which this is the adjoint.
  private func core(_ input: Shape) -> ConvolutionCore {
    ConvolutionCore(channels: .fixed(input[0], groups: groups), windows: windows, hasBias: false)
  }

  /// Scratch memory: ∂x, and that of the convolution.
  func plan(for inputs: [Port]) throws -> Plan {
    let input = inputs[0].shape
    guard Volume(input) != nil else {
      throw Diagnostic("\(ConvolutionCore.expected), found \(input)")
    }
    guard input.count > 0 else { throw Diagnostic("the input \(input) has no numbers") }
    let axes = input.rank - 1
    try windows.check(input, axes: axes)
    guard outputPadding.count == 1 || outputPadding.count == axes else {
      throw Diagnostic(
        "the input \(input) has \(axes) image axes, but output_padding has "
          + "\(outputPadding.count) numbers")
    }
    guard input[0] % groups == 0 else {
      throw Diagnostic("groups \(groups) does not divide the \(input[0]) input channels")
    }
    var output = [channels]
    for k in 0..<axes { output.append(try extent(k, over: input[k + 1])) }
    let image = Shape(output)
    guard image.count < .max else { return Plan(output: image, work: .max) }
    let adjoint = try core(input).plan(for: image)
    var plan = Plan(
      output: image, parameters: adjoint.parameters,
      scratch: [.perSample(input.count)] + adjoint.scratch, work: adjoint.work)
    plan.canStoreInputGradient = true
    if hasBias { plan.parameters.append(.init("bias", [channels], initial: .zeros)) }
    return plan
  }

  /// The extent of the output along axis `k` of the image.
  private func extent(_ k: Int, over length: Int) throws -> Int {
    let window = windows.window(k, over: 1)
    let extra = outputPadding.count == 1 ? outputPadding[0] : outputPadding[k]
    if windows.isSame {
      guard extra == 0 else {
        throw Diagnostic("output_padding has no effect if padding is same; remove one of them")
      }
      return length.times(window.stride)
    }
    guard extra < window.stride || extra == 0 else {
      throw Diagnostic("output_padding \(extra) must be less than the stride \(window.stride)")
    }
    let whole = (length - 1).times(window.stride)
    let (sum, overflow) = whole.addingReportingOverflow(window.extent + extra)
    let count = overflow ? .max : sum - window.padding - window.paddingAfter
    guard count > 0 else {
      throw Diagnostic("nothing of axis \(k + 1) is left without the padding")
    }
    return count
  }

  func equations(for inputs: [Port]) -> Equations {
    let letters = Array(zip(["d", "r", "c"], ["t", "u", "v"]).suffix(inputs[0].shape.rank - 1))
    let output = (try? plan(for: inputs))?.output ?? inputs[0].shape
    // The position that the weight at u, v of the number at r, c reaches.
    let position = letters.enumerated().map { k, letter in
      windows.window(k, over: output[k + 1]).formula(letter.0, letter.1)
    }.joined(separator: ", ")
    let place = letters.map(\.0).joined(separator: ",")
    let entry = letters.map(\.1).joined(separator: ",")
    let target = ["l", "m", "n"].suffix(letters.count).joined(separator: ", ")
    return Equations(
      hasBias ? #"\rho_\star^T[W, b]"# : #"\rho_\star^T[W]"#,
      output: #"y_{o,\#(target)} = \#(hasBias ? "b_o + " : "")"#
        + #"\sum_{i, (\#(position)) = (\#(target))} W_{i,o,\#(entry)} x_{i,\#(place)}"#,
      inputs: [
        .init(
          derivative: "",
          delta: #"\delta_{x_{i,\#(place)}} = \sum_{o,\#(entry)} W_{i,o,\#(entry)} "#
            + #"\delta_{y_{o, \#(position)}}"#)
      ],
      parameters: [
        .init(
          "weight", symbol: "W",
          gradient: #"\frac{\partial L}{\partial W_{i,o,\#(entry)}} = \sum_{\#(place)} "#
            + #"x_{i,\#(place)} \delta_{y_{o, \#(position)}}"#),
        .init(
          "bias", symbol: "b",
          gradient: #"\frac{\partial L}{\partial b_o} = \sum \delta_{y_o}"#),
      ],
      remark: "Input channel i, output channel o; all indices count from 0"
        + (groups > 1
          ? ". Each of the \(groups) groups of channels sees only its own inputs." : "."),
      work: work(for: inputs))
  }

  private func work(for inputs: [Port]) -> Equations.Work? {
    guard let plan = try? plan(for: inputs), !plan.parameters.isEmpty else { return nil }
    let entries = ConvolutionEntries(
      windows: Windows(windows, over: plan.output), groups: groups, hasBias: hasBias,
      input: inputs[0].shape, output: plan.output, weight: plan.parameters[0].shape,
      isTransposed: true
    )
    return { entries.entry($0, $1, $2) }
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let (input, output) = (node.inputPorts[0].shape, node.outputPorts[0].shape)
    let axes = input.rank - 1
    let extras = (0..<axes).map { k in
      // With `same`, the padding is that of the adjoint over the output.
      let window = windows.window(k, over: output[k + 1])
      return output[k + 1]
        - ((input[k + 1] - 1) * window.stride + window.extent - window.padding
          - window.paddingAfter)
    }
    return [
      core(input).export(
        node.inputs[0], as: "ConvTranspose", from: input, image: output, node.parameters,
        to: &graph,
        attributes: [("output_padding", .integers(extras))])
    ]
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    if hasBias {
      let bias = pass.parameters[1]
      let positions = y.shape.count / channels
      for s in 0..<pass.samples {
        for o in 0..<channels {
          (y.start + (s &* channels &+ o) &* positions).update(
            repeating: bias[o], count: positions)
        }
      }
    } else {
      y.fill(0)
    }
    // y += the adjoint of w on x; the first argument is not read.
    volume(x.shape, y.shape).backward(
      y.start, x.start, weight: pass.parameters[0].start, to: nil, bias: nil, dx: y.start,
      samples: pass.samples, scratch: pass.scratch.dropFirst(1))
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    let (x, dx, dy) = (pass.x, pass.dx, pass.dy)
    let volume = volume(x.shape, dy.shape)
    let scratch = pass.scratch.dropFirst(1)
    volume.backward(
      dy.start, x.start, weight: pass.parameters[0].start, to: pass.gradients[0].start, bias: nil,
      dx: nil, samples: pass.samples, scratch: scratch)
    if hasBias {
      let positions = dy.shape.count / channels
      S.addRowSums(
        dy.start, rows: channels, columns: positions, step: dy.shape.count,
        samples: pass.samples, to: pass.gradients[1].start)
    }
    guard pass.needsInputGradient else { return }
    let sum = pass.storesInputGradient ? dx : pass.scratch[0]
    volume.forward(
      dy.start, weight: pass.parameters[0].start, bias: nil, into: sum.start,
      samples: pass.samples, scratch: scratch)
    guard !pass.storesInputGradient else { return }
    for i in dx.indices { dx[i] += sum[i] }
  }

  private func volume(_ input: Shape, _ output: Shape) -> VolumeConvolution {
    core(input).volume(output, input)
  }
}
