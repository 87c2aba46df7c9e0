import NNExp

/// Two-dimensional convolution without flipping the window: a cross-correlation.
///
///     y[o, r, c]     = b[o] + Σ w[o, i, u, v] · x[i, r·stride + u·dilation − padding, …]
///     ∂w[o, i, u, v] += Σ ∂y[o, r, c] · x[i, r·stride + u·dilation − padding, …]
///     ∂x[i, …]      += Σ w[o, i, u, v] · ∂y[o, r, c]
///     ∂b[o]         += Σ ∂y[o, r, c]
///
/// The padding contains zeros. With groups, input and output channels are divided into groups,
/// and each output channel reads only the inputs of its group.
///
/// - Shape: `[channels, rows, columns]` → `[channels', rows', columns']`;
///   w `[channels', channels/groups, window rows, window columns]`, b `[channels']`
/// - Source: LeCun, Bottou, Bengio, Haffner 1998
struct Convolution: Layer, Component {
  static let typeName = "convolution"
  static let foreignNames = ["conv", "conv1d", "conv2d", "convolution2d"]
  static let documentation = Documentation(
    "every output channel a weighted sum over a window of all input channels",
    equation: """
      y[o, r, c] = b[o] + Σ w[o, i, u, v] · x[i, r·stride + u·dilation − padding, …];
      ∂w[o, i, u, v] += Σ ∂y[o, r, c] · x[i, …],  ∂x[i, …] += Σ w[o, i, u, v] · ∂y[o, r, c],  \
      ∂b[o] += Σ ∂y[o, r, c]
      """,
    shapes: "[channels, rows, columns] → [channels', rows', columns'], "
      + "n' = ⌊(n + 2·padding − dilation·(window − 1) − 1) / stride⌋ + 1;  "
      + "weight [channels', channels/groups, window rows, window columns], bias [channels']",
    example: "- {type: convolution, channels: 8, window: 5, padding: 2}",
    source: "LeCun, Bottou, Bengio, Haffner 1998, \"Gradient-based learning applied to document "
      + "recognition\"")

  private let channels: Int
  private let groups: Int
  private let rows: Window
  private let columns: Window
  private let hasBias: Bool

  init(from options: inout Options) {
    channels = options.int("channels", in: Window.range, "number of output channels")
    let window = options.pair("window", in: Window.range, "extent of the window")
    options.suggest("channels", for: "filters", "out_channels")
    options.suggest("window", for: "kernel_size", "kernel", "filter_size")
    let stride = options.pair(
      "stride", default: (1, 1), in: Window.range, "distance from one window to the next")
    let padding = options.pair(
      "padding", default: (0, 0), in: Window.paddingRange, "zeros at both ends")
    let dilation = options.pair(
      "dilation", default: (1, 1), in: Window.range,
      "distance from one entry of a window to the next")
    groups = options.int(
      "groups", default: 1, in: Window.range, "number of groups that the channels are divided into")
    hasBias = options.bool("bias", default: true, "add a learned offset to every channel")
    rows = Window(size: window.0, stride: stride.0, padding: padding.0, dilation: dilation.0)
    columns = Window(size: window.1, stride: stride.1, padding: padding.1, dilation: dilation.1)
    if channels % groups != 0 {
      options.reject("groups", "groups \(groups) does not divide the \(channels) output channels")
    }
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let input = inputs[0].shape
    guard input.rank == 3, let x = Planes(input) else {
      throw Diagnostic(
        "expected [channels, rows, columns], found \(input)"
          + Planes.remedy(for: input))
    }
    guard input.count > 0 else { throw Diagnostic("the input \(input) has no numbers") }
    guard x.channels % groups == 0 else {
      throw Diagnostic("groups \(groups) does not divide the \(x.channels) input channels")
    }
    let output: Shape = [
      channels, try rows.count(over: x.rows, named: "rows"),
      try columns.count(over: x.columns, named: "columns"),
    ]
    let weight: Shape = [channels, x.channels / groups, rows.size, columns.size]
    let sizes = sizes(input, output)
    var plan = Plan(
      output: output, parameters: [.init("weight", weight, initial: .glorotUniform)],
      scratch: sizes.scratch, work: output.count.times(sizes.depth))
    plan.canStoreInputGradient = sizes.canStoreInputGradient
    if hasBias { plan.parameters.append(.init("bias", [channels], initial: .zeros)) }
    return plan
  }

  private func sizes(_ input: Shape, _ output: Shape) -> ConvolutionSizes {
    ConvolutionSizes(rows: rows, columns: columns, groups: groups, input: input, output: output)
  }

  func equations(for inputs: [Port]) -> Equations {
    // The position that the weight at u, v of the window at r, c reads.
    let position = "\(rows.formula("r", "u")), \(columns.formula("c", "v"))"
    let y = hasBias ? "b_o + " : ""
    return Equations(
      hasBias ? #"\rho_\star[W, b]"# : #"\rho_\star[W]"#,
      output: #"y_{o,r,c} = \#(y)\sum_{i,u,v} W_{o,i,u,v} x_{i, \#(position)}"#,
      inputs: [
        .init(
          derivative: "",
          delta: #"\delta_{x_{i, m, n}} = \sum_{(m, n) = (\#(position))} W_{o,i,u,v} "#
            + #"\delta_{y_{o,r,c}}"#)
      ],
      parameters: [
        .init(
          "weight", symbol: "W",
          gradient: #"\frac{\partial L}{\partial W_{o,i,u,v}} = \sum_{r,c} \delta_{y_{o,r,c}} "#
            + #"x_{i, \#(position)}"#),
        .init(
          "bias", symbol: "b",
          gradient: #"\frac{\partial L}{\partial b_o} = \sum_{r,c} \delta_{y_{o,r,c}}"#),
      ],
      remark: "Output channel o, input channel i, output position r, c, window position u, v; all "
        + "indices count from 0, and $x$ is 0 outside"
        + (groups > 1
          ? ". Each of the \(groups) groups of channels sees only its own inputs." : "."),
      work: work(for: inputs[0].shape))
  }

  private func work(for input: Shape) -> Equations.Work? {
    guard let plan = try? plan(for: [Port(input)]) else { return nil }
    let entries = ConvolutionEntries(
      rows: rows, columns: columns, groups: groups, hasBias: hasBias, input: input,
      output: plan.output)
    return { entries.entry($0, $1, $2) }
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let tensors = node.parameters.map { graph.constant($0) }
    return [
      graph.add(
        "Conv", node.inputs + tensors,
        attributes: [
          ("dilations", .integers([rows.dilation, columns.dilation])),
          ("group", .integer(groups)), ("kernel_shape", .integers([rows.size, columns.size])),
          ("pads", .integers([rows.padding, columns.padding, rows.padding, columns.padding])),
          ("strides", .integers([rows.stride, columns.stride])),
        ])
    ]
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    // y[o] = b[o] + Σ w[o, i, u, v] · x[i, …]
    sizes(pass.x.shape, pass.y.shape).forward(pass, hasBias: hasBias)
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    // ∂w[o, i, u, v] += Σ ∂y[o] · x[i, …],  ∂x[i, …] += Σ w[o, i, u, v] · ∂y[o],  ∂b[o] += Σ ∂y[o]
    sizes(pass.x.shape, pass.y.shape).backward(pass, hasBias: hasBias)
  }
}
