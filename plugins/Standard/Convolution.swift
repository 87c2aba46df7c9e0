import NNExp

/// Convolution without flipping the window: a cross-correlation in one to three dimensions.
///
///     y[o, r, c]     = b[o] + Σ w[o, i, u, v] · x[i, r·stride + u·dilation − padding, …]
///     ∂w[o, i, u, v] += Σ ∂y[o, r, c] · x[i, r·stride + u·dilation − padding, …]
///     ∂x[i, …]      += Σ w[o, i, u, v] · ∂y[o, r, c]
///     ∂b[o]         += Σ ∂y[o, r, c]
///
/// The padding contains zeros. With groups, input and output channels are divided into groups,
/// and each output channel reads only the inputs of its group.
///
/// - Shape: `[channels, …]` → `[channels', …']` with one to three axes after the channels; for one,
///   the window is a list, `[3]`;
///   w `[channels', channels/groups, window rows, window columns]`, b `[channels']`. In three
///   dimensions w is `[channels', channels/groups · window slices, window rows, window columns]`,
///   because a shape has at most four axes.
/// - Source: LeCun, Bottou, Bengio, Haffner 1998
struct Convolution: ConvolutionLayer {
  static let typeName = "convolution"
  static let foreignNames = [
    "conv", "conv1d", "conv2d", "conv3d", "convolution1d", "convolution2d", "convolution3d",
  ]
  static let documentation = Documentation(
    "every output channel a weighted sum over a window of all input channels",
    equation: """
      y[o, r, c] = b[o] + Σ w[o, i, u, v] · x[i, r·stride + u·dilation − padding, …];
      ∂w[o, i, u, v] += Σ ∂y[o, r, c] · x[i, …],  ∂x[i, …] += Σ w[o, i, u, v] · ∂y[o, r, c],  \
      ∂b[o] += Σ ∂y[o, r, c]
      """,
    shapes: ConvolutionCore.shapes
      + "weight [channels', channels/groups, window rows, window columns], bias [channels']",
    example: "- {type: convolution, channels: 8, window: 5, padding: same}",
    source: "LeCun, Bottou, Bengio, Haffner 1998, \"Gradient-based learning applied to document "
      + "recognition\"")

  static let examples = [
    Example(["channels": 3, "window": 3, "padding": 1], inputs: [2, 4, 5]),
    Example(["channels": 2, "window": [3], "stride": 2, "padding": "same"], inputs: [2, 7]),
    Example(["channels": 2, "window": 2], inputs: [1, 3, 3, 2]),
  ]

  let core: ConvolutionCore

  init(from options: inout Options) {
    let channels = options.outputChannels()
    let windows = WindowOptions(from: &options, padding: "zeros at the ends of each axis")
    let groups = options.int(
      "groups", default: 1, in: Window.range, "number of groups that the channels are divided into")
    if channels % groups != 0 {
      options.reject("groups", "groups \(groups) does not divide the \(channels) output channels")
    }
    core = ConvolutionCore(
      channels: .fixed(channels, groups: groups), windows: windows,
      hasBias: options.bias(of: "channel"))
  }
}

/// Convolution of every input channel by itself.
///
///     y[i·m + j, r, c] = b[i·m + j] + Σ w[i·m + j, 0, u, v] · x[i, r·stride + u·dilation − padding, …]
///
/// with m = `multiplier` and j from 0 to m − 1. The gradients are those of ``Convolution`` with as
/// many groups as input channels.
///
/// - Shape: `[channels, …]` → `[m·channels, …']`; w `[m·channels, 1, window rows, window columns]`,
///   b `[m·channels]`
/// - Source: Sifre 2014; Chollet 2017
struct DepthwiseConvolution: ConvolutionLayer {
  static let typeName = "depthwise_convolution"
  static let foreignNames = [
    "depthwise_conv", "depthwise_conv1d", "depthwise_conv2d", "depthwise_conv3d",
  ]
  static let documentation = Documentation(
    "every input channel convolved by itself",
    equation: """
      y[i·m + j, r, c] = b[i·m + j] + Σ w[i·m + j, 0, u, v] · x[i, r·stride + u·dilation − padding, …], \
      m = multiplier;
      ∂w += Σ ∂y · x,  ∂x[i, …] += Σ w · ∂y,  ∂b += Σ ∂y, each over its channel
      """,
    shapes: ConvolutionCore.shapes
      + "channels' = multiplier·channels;  weight [channels', 1, window rows, window columns], "
      + "bias [channels']",
    example: "- {type: depthwise_convolution, window: 3, padding: same}",
    source: "Sifre 2014, \"Rigid-motion scattering for image classification\"")

  static let examples = [
    Example(["window": 3, "padding": 1, "multiplier": 2], inputs: [2, 4, 3])
  ]

  let core: ConvolutionCore

  init(from options: inout Options) {
    options.suggest("multiplier", for: "depth_multiplier")
    let windows = WindowOptions(from: &options, padding: "zeros at the ends of each axis")
    let multiplier = options.int(
      "multiplier", default: 1, in: Window.range, "m: the output channels of each input channel")
    core = ConvolutionCore(
      channels: .perInput(multiplier), windows: windows,
      hasBias: options.bias(of: "channel"))
  }
}

/// A layer that is one convolution.
protocol ConvolutionLayer: Layer, Component {
  var core: ConvolutionCore { get }
}

extension ConvolutionLayer {
  func plan(for inputs: [Port]) throws -> Plan { try core.plan(for: inputs[0].shape) }

  func equations(for inputs: [Port]) -> Equations { core.equations(for: inputs[0].shape) }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let shape = node.inputPorts[0].shape
    return [core.export(node.inputs[0], from: shape, image: shape, node.parameters, to: &graph)]
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) { core.forward(pass) }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) { core.backward(pass) }
}
