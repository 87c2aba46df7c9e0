import NNExp

/// Group normalization: the channels of a sample are divided into groups, each normalized to mean 0
/// and variance 1 over its channels and positions; then every channel is scaled and shifted.
///
/// The equations are those of ``SetNormalization``.
///
/// - Shape: `[channels, …]` → the same; w and b `[channels]`
/// - Source: Wu, He 2018
struct GroupNormalization: SetNormalizationLayer {
  static let typeName = "group_normalization"
  static let foreignNames = ["group_norm"]
  static let documentation = Documentation(
    "groups of channels normalized to mean 0 and variance 1, then each channel scaled and shifted",
    equation: """
      y = w·x̂ + b, x̂ = (x − μ)/√(σ² + epsilon), μ and σ² over a group's channels and positions;
      ∂x += (g − mean g − x̂ · mean(g·x̂))/√(σ² + epsilon), g = w·∂y;  ∂w += Σ∂y·x̂,  ∂b += Σ∂y
      """,
    shapes: "[channels, …] → the same shape;  weight [channels], bias [channels]",
    example: "- {type: group_normalization, groups: 4}",
    source: "Wu, He 2018, \"Group normalization\"")

  static let examples = [
    Example(["groups": 2], inputs: [4, 2, 3]), Example(["groups": 2], inputs: [6]),
  ]

  private let groups: Int
  private let epsilon: Double
  private let isAffine: Bool

  init(from options: inout Options) {
    options.suggest("groups", for: "num_groups")
    groups = options.int("groups", in: 1...65_536, "number of groups of channels")
    epsilon = options.epsilon(addedTo: "variance")
    isAffine = options.affine(learning: "a weight and a bias per channel")
  }

  /// The sample as `[groups, channels of a group, positions]`.
  func sets(_ shape: Shape) -> SetNormalization {
    let perGroup = shape[0] / groups
    return SetNormalization(
      shape: Shape(
        extents: SIMD4(groups, perGroup, shape.count / max(1, shape[0]), 1), rank: 3),
      normalized: 0b110,
      weighted: 0b011, isCentered: true, epsilon: epsilon, hasWeight: isAffine, hasBias: isAffine)
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard shape.count > 0 else { throw Diagnostic("the input \(shape) has no numbers") }
    guard shape.rank > 0, shape[0] % groups == 0 else {
      throw Diagnostic("groups \(groups) does not divide the channels of the input \(shape)")
    }
    return Plan(
      output: shape, parameters: isAffine ? .scaleAndShift([shape[0]]) : [],
      scratch: sets(shape).scratch)
  }

  func equations(for inputs: [Port]) -> Equations {
    let shape = inputs[0].shape
    return sets(shape).equations(
      for: shape, weight: [shape[0]], set: "the channels of a group and all positions")
  }
}

/// Instance normalization: every channel of a sample is normalized to mean 0 and variance 1 over its
/// positions, then scaled and shifted.
///
/// The equations are those of ``SetNormalization``. Unlike PyTorch's, it has no running statistics.
///
/// - Shape: `[channels, …]` → the same; w and b `[channels]`
/// - Source: Ulyanov, Vedaldi, Lempitsky 2016
struct InstanceNormalization: SetNormalizationLayer {
  static let typeName = "instance_normalization"
  static let foreignNames = [
    "instance_norm", "instance_norm1d", "instance_norm2d", "instance_norm3d",
  ]
  static let documentation = Documentation(
    "every channel of a sample normalized to mean 0 and variance 1, then scaled and shifted",
    equation: """
      y = w·x̂ + b, x̂ = (x − μ)/√(σ² + epsilon), μ and σ² over a channel's positions;
      ∂x += (g − mean g − x̂ · mean(g·x̂))/√(σ² + epsilon), g = w·∂y;  ∂w += Σ∂y·x̂,  ∂b += Σ∂y
      """,
    shapes: "[channels, …] → the same shape;  weight [channels], bias [channels]",
    example: "- instance_normalization",
    source: "Ulyanov, Vedaldi, Lempitsky 2016, \"Instance normalization: the missing ingredient "
      + "for fast stylization\"")

  static let examples = [Example(inputs: [2, 3, 2]), Example(inputs: [2, 5])]

  private let epsilon: Double
  private let isAffine: Bool

  init(from options: inout Options) {
    epsilon = options.epsilon(addedTo: "variance")
    isAffine = options.affine(learning: "a weight and a bias per channel")
  }

  /// The sample as `[channels, positions]`.
  func sets(_ shape: Shape) -> SetNormalization {
    SetNormalization(
      shape: Shape(extents: SIMD4(shape[0], shape.count / max(1, shape[0]), 1, 1), rank: 2),
      normalized: 0b10, weighted: 0b01,
      isCentered: true, epsilon: epsilon, hasWeight: isAffine, hasBias: isAffine)
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard shape.count > 0 else { throw Diagnostic("the input \(shape) has no numbers") }
    guard shape.rank > 1 else {
      throw Diagnostic(
        "expected [channels, …] with one to three axes after the channels, found \(shape)")
    }
    return Plan(
      output: shape, parameters: isAffine ? .scaleAndShift([shape[0]]) : [],
      scratch: sets(shape).scratch)
  }

  func equations(for inputs: [Port]) -> Equations {
    let shape = inputs[0].shape
    return sets(shape).equations(
      for: shape, weight: [shape[0]], set: "the positions of a channel")
  }
}

/// RMS normalization: numbers are divided by the root of their mean square, then scaled.
///
///     x̂    = x / √(mean x² + ε)
///     y    = w ⊗ x̂
///     ∂w  += ∂y ⊗ x̂
///     ∂x  += (g − x̂·mean(g ⊗ x̂)) / √(mean x² + ε),  g = w ⊗ ∂y
///
/// - Shape: any → the same; w has the shape of the normalized axes
/// - Source: Zhang, Sennrich 2019
struct RMSNormalization: SetNormalizationLayer {
  static let typeName = "rms_normalization"
  static let foreignNames = ["rms_norm"]
  static let documentation = Documentation(
    "numbers divided by the root of their mean square, then scaled entry by entry",
    equation: """
      y = w ⊗ x̂, x̂ = x/√(mean x² + epsilon), the mean over the axes;
      ∂x += (g − x̂ · mean(g ⊗ x̂))/√(mean x² + epsilon), g = w ⊗ ∂y;  ∂w += ∂y ⊗ x̂
      """,
    shapes: "any shape → the same shape;  weight of the normalized axes",
    example: "- rms_normalization",
    source: "Zhang, Sennrich 2019, \"Root mean square layer normalization\"")

  static let examples = [Example(inputs: [5]), Example(["axes": [0]], inputs: [3, 2, 2])]

  private let axes: NormalizedAxes
  private let epsilon: Double
  private let isAffine: Bool

  init(from options: inout Options) {
    axes = NormalizedAxes(from: &options)
    epsilon = options.epsilon(addedTo: "mean square")
    isAffine = options.affine(learning: "a weight per entry")
  }

  func sets(_ shape: Shape) -> SetNormalization {
    SetNormalization(
      shape: shape, normalized: axes.mask(shape), weighted: axes.mask(shape), isCentered: false,
      epsilon: epsilon, hasWeight: isAffine, hasBias: false)
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    try axes.check(shape)
    return Plan(
      output: shape,
      parameters: isAffine
        ? [.init("weight", axes.weightShape(shape), initial: .constant(1))] : [],
      scratch: sets(shape).scratch)
  }

  func equations(for inputs: [Port]) -> Equations {
    let shape = inputs[0].shape
    return sets(shape).equations(
      for: shape, weight: axes.weightShape(shape), set: "the normalized axes")
  }
}

extension [Plan.Parameter] {
  /// A weight of ones and a bias of zeros.
  static func scaleAndShift(_ shape: Shape) -> [Plan.Parameter] {
    [.init("weight", shape, initial: .constant(1)), .init("bias", shape, initial: .zeros)]
  }
}

/// A layer that is one normalization of sets of numbers.
protocol SetNormalizationLayer: Layer, Component {
  func sets(_ shape: Shape) -> SetNormalization
}

extension SetNormalizationLayer {
  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    sets(node.inputPorts[0].shape).export(node, to: &graph)
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) { sets(pass.x.shape).forward(pass) }
  func backward<S: Scalar>(_ pass: BackwardPass<S>) { sets(pass.x.shape).backward(pass) }
}
