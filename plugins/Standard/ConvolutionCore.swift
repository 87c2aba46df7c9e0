import NNExp

/// The options and passes of a convolution in one, two or three dimensions.
struct ConvolutionCore: Sendable {
  /// The number of output channels.
  enum Channels: Sendable {
    case fixed(Int, groups: Int)
    /// Each input channel has `multiplier` output channels, which read only this channel.
    case perInput(Int)
  }

  let channels: Channels
  let windows: WindowOptions
  let hasBias: Bool

  static let expected =
    "expected [channels, positions], [channels, rows, columns] or [channels, slices, rows, columns]"

  static let shapes =
    "[channels, …] → [channels', …] with one to three axes after the channels (for one, the window "
    + "is a list: [3]), "
    + "n' = ⌊(n + the padding − dilation·(window − 1) − 1) / stride⌋ + 1;  "

  func groups(for input: Shape) -> Int {
    switch channels {
    case .fixed(_, let groups): groups
    case .perInput: input[0]
    }
  }

  func outputChannels(for input: Shape) -> Int {
    switch channels {
    case .fixed(let channels, _): channels
    case .perInput(let multiplier): input[0].times(multiplier)
    }
  }

  /// - Parameter names: the names of the weight and the bias.
  func plan(
    for input: Shape, names: (weight: String, bias: String) = ("weight", "bias")
  ) throws -> Plan {
    guard let x = Volume(input) else {
      throw Diagnostic("\(ConvolutionCore.expected), found \(input)")
    }
    guard input.count > 0 else { throw Diagnostic("the input \(input) has no numbers") }
    try windows.check(input, axes: input.rank - 1)
    let groups = groups(for: input)
    guard x.channels % groups == 0 else {
      throw Diagnostic("groups \(groups) does not divide the \(x.channels) input channels")
    }
    let windows = Windows(windows, over: input)
    let channels = outputChannels(for: input)
    let counts = [
      try windows.depth.count(over: x.slices, named: "slices"),
      try windows.rows.count(over: x.rows, named: "rows"),
      try windows.columns.count(over: x.columns, named: input.rank == 2 ? "positions" : "columns"),
    ].suffix(input.rank - 1)
    let sizes = [windows.depth, windows.rows, windows.columns].suffix(input.rank - 1).map(\.size)
    let output = Shape([channels] + counts)
    // The kernel's shape in PyTorch has five axes for three dimensions; a shape has four: the
    // channels of a group are joined with the slices of the window.
    let perGroup = x.channels / groups
    let weight =
      input.rank == 4
      ? Shape([channels, perGroup.times(sizes[0]), sizes[1], sizes[2]])
      : Shape([channels, perGroup] + sizes)
    let volume = volume(input, output)
    var plan = Plan(
      output: output, parameters: [.init(names.weight, weight, initial: .glorotUniform)],
      scratch: volume.scratch, work: output.count.times(volume.depth))
    plan.canStoreInputGradient = volume.canStoreInputGradient
    plan.backwardReads = .inputs
    if hasBias { plan.parameters.append(.init(names.bias, [channels], initial: .zeros)) }
    return plan
  }

  func volume(_ input: Shape, _ output: Shape) -> VolumeConvolution {
    VolumeConvolution(
      Windows(windows, over: input), groups: groups(for: input), input: input, output: output)
  }

  func equations(for input: Shape) -> Equations {
    let windows = Windows(windows, over: input)
    let letters = Array(zip(["d", "r", "c"], ["t", "u", "v"]).suffix(input.rank - 1))
    let axes = [windows.depth, windows.rows, windows.columns].suffix(input.rank - 1)
    // The position that the weight at u, v of the window at r, c reads.
    let position = zip(axes, letters).map { $0.formula($1.0, $1.1) }.joined(separator: ", ")
    let place = letters.map(\.0).joined(separator: ",")
    let entry = letters.map(\.1).joined(separator: ",")
    let source = ["l", "m", "n"].suffix(input.rank - 1).joined(separator: ", ")
    let groups = groups(for: input)
    return Equations(
      hasBias ? #"\rho_\star[W, b]"# : #"\rho_\star[W]"#,
      output: #"y_{o,\#(place)} = \#(hasBias ? "b_o + " : "")\sum_{i,\#(entry)} "#
        + #"W_{o,i,\#(entry)} x_{i, \#(position)}"#,
      inputs: [
        .init(
          derivative: "",
          delta: #"\delta_{x_{i, \#(source)}} = \sum_{(\#(source)) = (\#(position))} "#
            + #"W_{o,i,\#(entry)} \delta_{y_{o,\#(place)}}"#)
      ],
      parameters: [
        .init(
          "weight", symbol: "W",
          gradient: #"\frac{\partial L}{\partial W_{o,i,\#(entry)}} = \sum_{\#(place)} "#
            + #"\delta_{y_{o,\#(place)}} x_{i, \#(position)}"#),
        .init(
          "bias", symbol: "b",
          gradient: #"\frac{\partial L}{\partial b_o} = \sum_{\#(place)} \delta_{y_{o,\#(place)}}"#),
      ],
      remark: "Output channel o, input channel i, "
        + "output position \(letters.map(\.0).joined(separator: ", ")), "
        + "window position \(letters.map(\.1).joined(separator: ", ")); all indices count from 0, "
        + "and $x$ is 0 outside"
        + (groups > 1
          ? ". Each of the \(groups) groups of channels sees only its own inputs." : "."),
      work: work(for: input))
  }

  private func work(for input: Shape) -> Equations.Work? {
    guard let plan = try? plan(for: input) else { return nil }
    let entries = entries(for: input, output: plan.output, weight: plan.parameters[0].shape)
    return { entries.entry($0, $1, $2) }
  }

  /// The single entries for explanations.
  ///
  /// - Parameters:
  ///   - w: the letter of the weight.
  ///   - y: the letter of the output.
  func entries(
    for input: Shape, output: Shape, weight: Shape, w: String = "W", y: String = "y"
  ) -> ConvolutionEntries {
    ConvolutionEntries(
      windows: Windows(windows, over: input), groups: groups(for: input), hasBias: hasBias,
      input: input, output: output, weight: weight, w: w, y: y)
  }

  /// Adds ONNX's convolution of this type with `weight` and perhaps a bias.
  func export(
    _ x: OperatorGraph.Value, as type: String = "Conv", from input: Shape, image: Shape,
    _ tensors: [ExportedNode.Tensor], to graph: inout OperatorGraph,
    attributes: [(String, OperatorGraph.Attribute)] = []
  ) -> OperatorGraph.Value {
    let windows = Windows(windows, over: image)
    let axes = [windows.depth, windows.rows, windows.columns].suffix(input.rank - 1)
    var values = tensors.map { graph.constant($0) }
    if input.rank == 4 {
      // [channels', channels · slices, rows, columns] has one axis less than ONNX's.
      let shape = tensors[0].shape
      let whole = [
        shape[0], shape[1] / windows.depth.size, windows.depth.size, shape[2], shape[3],
      ]
      values[0] = graph.add("Reshape", values[0], graph.integers(whole))
    }
    return graph.add(
      type, [x] + values,
      attributes: [
        ("dilations", .integers(axes.map(\.dilation))),
        ("group", .integer(groups(for: image))), ("kernel_shape", .integers(axes.map(\.size))),
        ("pads", .integers(axes.map(\.padding) + axes.map(\.paddingAfter))),
        ("strides", .integers(axes.map(\.stride))),
      ] + attributes)
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    volume(pass.x.shape, pass.y.shape).forward(
      pass.x.start, weight: pass.parameters[0].start,
      bias: hasBias ? pass.parameters[1].start : nil, into: pass.y.start, samples: pass.samples,
      scratch: pass.scratch)
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    volume(pass.x.shape, pass.y.shape).backward(
      pass.x.start, pass.dy.start, weight: pass.parameters[0].start,
      to: pass.gradients[0].start, bias: hasBias ? pass.gradients[1].start : nil,
      dx: pass.needsInputGradient ? pass.dx.start : nil, stores: pass.storesInputGradient,
      samples: pass.samples, scratch: pass.scratch)
  }
}

extension Options {
  /// The number of output channels.
  mutating func outputChannels() -> Int {
    suggest("channels", for: "filters", "out_channels", "num_filters")
    return int("channels", in: Window.range, "number of output channels")
  }

  /// True if every channel, or every unit, has a bias.
  mutating func bias(of part: String) -> Bool {
    suggest("bias", for: "use_bias")
    return bool("bias", default: true, "add a learned offset to every \(part)")
  }
}
