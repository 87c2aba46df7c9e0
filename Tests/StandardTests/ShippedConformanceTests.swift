import Conformance
import GradientCheck
import NNExp
import TestSupport
import Testing

/// Every shipped type is tested by the routine for plugins.
@Suite struct ShippedConformanceTests {
  /// A type with options and input shapes.
  struct Case: Sendable, CustomTestStringConvertible {
    let type: String
    let options: String
    let inputs: [Port]
    let node: ConfigValue

    var testDescription: String { "\(type) \(options) \(inputs)" }

    init(_ type: String, _ options: [(String, ConfigValue)] = [], on inputs: Port...) {
      self.type = type
      node = ConfigValue.map(options)
      self.options = node.flow
      self.inputs = inputs
    }
  }

  static let layers: [Case] = [
    Case("formula", [("y", "x · σ(β·x)"), ("parameters", .map([("β", 1.5)]))], on: [5]),
    Case("formula", [("y", "(Σᵢ |xᵢ|^2.5)^0.4"), ("window", 2)], on: [2, 4, 4]),
    Case("formula", [("y", "max(xᵢ) − mean(xᵢ²)"), ("window", 2)], on: [1, 2, 2, 4]),
    Case("formula", [("y", "exp(xᵢ) / Σⱼ exp(xⱼ)")], on: [6]),
    Case("dense", [("units", 3)], on: [4]),
    Case("dense", [("units", 2), ("bias", false)], on: [2, 3, 2]),
    Case("dense", [("units", 20)], on: [17]),
    Case("convolution", [("channels", 3), ("window", 3)], on: [2, 5, 4]),
    Case(
      "convolution",
      [
        ("channels", 4), ("window", [2, 3]), ("stride", [2, 1]), ("padding", 1),
        ("dilation", [1, 2]), ("groups", 2), ("bias", false),
      ], on: [2, 5, 6]),
    Case("convolution", [("channels", 2), ("window", 1)], on: [3, 2, 2]),
    Case("convolution", [("channels", 2), ("window", [3]), ("padding", "same")], on: [2, 5]),
    Case(
      "convolution", [("channels", 2), ("window", 2), ("padding", [[0, 1], [0, 0], [1, 0]])],
      on: [1, 3, 2, 2]),
    Case("depthwise_convolution", [("window", 2), ("multiplier", 2)], on: [2, 3, 3]),
    Case("separable_convolution", [("channels", 2), ("window", 2)], on: [2, 3, 3]),
    Case(
      "transposed_convolution", [("channels", 2), ("window", 2), ("stride", 2)], on: [2, 2, 3]),
    Case("transposed_convolution", [("channels", 2), ("window", 2)], on: [1, 2, 2, 2]),
    Case("lp_pooling", [("window", 2), ("p", 1)], on: [2, 4, 4]),
    Case("lp_pooling", [("window", 2), ("p", 2)], on: [2, 4, 4]),
    Case("lp_pooling", [("window", 3), ("stride", 1), ("p", 3), ("padding", 1)], on: [1, 4, 5]),
    Case("lp_pooling", [("window", 2), ("p", 2.5), ("normalize", true)], on: [6]),
    Case("lp_pooling", [("window", 2), ("p", 4)], on: [1, 4, 4]),
    Case("lp_pooling", [("window", 2), ("p", ConfigValue(.double(.infinity)))], on: [2, 4, 4]),
    Case("lp_pooling", [("global", true), ("p", 2)], on: [3, 3, 2]),
    Case("lp_pooling", [("window", 2), ("p", 2), ("learned", true)], on: [1, 4, 4]),
    Case("max_pooling", [("window", 2)], on: [2, 4, 4]),
    Case("max_pooling", [("window", 2), ("padding", "same")], on: [1, 3, 2, 3]),
    Case("average_pooling", [("window", 2), ("padding", "same")], on: [1, 3, 2, 3]),
    Case(
      "average_pooling", [("window", 2), ("padding", 1), ("count_padding", true)], on: [1, 4, 4]),
    Case("sigmoid", on: [5]), Case("tanh", on: [5]), Case("relu", on: [5]),
    Case("leaky_relu", [("slope", 0.1)], on: [5]), Case("elu", on: [5]),
    Case("gelu", on: [5]), Case("gelu", [("approximation", "tanh")], on: [5]),
    Case("softplus", [("beta", 2)], on: [5]),
    Case("silu", on: [5]), Case("mish", on: [5]), Case("log_sigmoid", on: [5]),
    Case("softsign", on: [5]), Case("selu", on: [5]), Case("hard_sigmoid", on: [5]),
    Case("hard_swish", on: [5]), Case("hard_tanh", [("maximum", 0.5)], on: [5]),
    Case("relu6", on: [5]), Case("prelu", on: [5]),
    Case("prelu", [("slopes", "channels")], on: [2, 3, 2]),
    Case("softmax", on: [4]), Case("softmax", on: [3, 2, 2]),
    Case("log_softmax", on: [4]), Case("log_softmax", on: [3, 2, 2]),
    Case("flatten", on: [2, 3, 2]), Case("reshape", [("shape", [3, 2])], on: [6]),
    Case("dropout", [("rate", 0.4)], on: [12]),
    Case("batch_normalization", on: [3]), Case("batch_normalization", on: [2, 3, 2]),
    Case("layer_normalization", on: [4]),
    Case("layer_normalization", [("axes", [0])], on: [3, 2]),
    Case("group_normalization", [("groups", 2)], on: [4, 2]),
    Case("instance_normalization", on: [2, 4]), Case("rms_normalization", on: [4]),
    Case("rms_normalization", [("axes", [1])], on: [2, 3]),
    Case("local_response_normalization", [("size", 3), ("alpha", 0.5)], on: [4, 2]),
    Case("softmax", [("axis", 1)], on: [2, 3]), Case("log_softmax", [("axis", 1)], on: [2, 3]),
    Case("add", on: [4], [4], [4]), Case("multiply", on: [4], [4]),
    Case("concatenate", on: [2, 2], [3, 2]),
    Case("subtract", on: [3], [3]), Case("subtract", on: [2, 3], [3]),
    Case("subtract", on: [2, 3], [2, 1]), Case("divide", on: [2, 1], [1, 3]),
    Case("divide", on: [3], [3]), Case("maximum", on: [3], [3]), Case("minimum", on: [3], [3]),
    Case("slice", [("start", 1), ("end", -1), ("step", 2)], on: [6]),
    Case("transpose", [("axes", [1, 0])], on: [2, 3]),
    Case("pad", [("padding", [1, 2]), ("mode", "reflect")], on: [2, 3, 4]),
    Case("pad", [("padding", 1), ("value", 2)], on: [3]),
    Case("adaptive_pooling", [("output", 2)], on: [1, 3, 4]),
    Case("adaptive_pooling", [("output", [2]), ("by", "max")], on: [2, 5]),
    Case("crop", [("cropping", 1)], on: [2, 3, 4]),
    Case("split", [("sizes", [1, 2]), ("axis", 1)], on: [2, 3]),
    Case("add", on: [2, 3], [2, 1]), Case("multiply", on: [3], [2, 3], [2, 1]),
    Case("matrix_product", on: [2, 3], [3, 2]),
    Case("matrix_product", [("transpose", "second")], on: [2, 2, 3], [2, 2, 3]),
    Case("reduce", [("axes", [1])], on: [2, 3, 2]), Case("reduce", [("by", "max")], on: [4]),
    Case("reduce", [("by", "sum"), ("axes", [0]), ("keep_axes", true)], on: [3, 2]),
    Case("upsample", [("factor", 2), ("mode", "bilinear")], on: [1, 2, 3]),
    Case("resize", [("size", [3, 2]), ("mode", "linear"), ("antialias", true)], on: [1, 7, 4]),
    Case("resize", [("size", [5]), ("mode", "cubic"), ("exclude_outside", true)], on: [2, 3]),
    Case("resize", [("factor", 1.5), ("coordinates", "align_corners")], on: [1, 2, 3, 2]),
    Case(
      "resize",
      [
        ("size", 4), ("mode", "linear"), ("coordinates", "tf_crop_and_resize"),
        ("region", [[0.2, 1.3]]), ("extrapolation", 2),
      ], on: [5]),
    Case("slice", [("axis", 1), ("step", -2)], on: [2, 5]),
    Case("pad", [("padding", [[3, 1]]), ("mode", "wrap")], on: [2, 2]),
    Case("maxout", [("units", 3)], on: [4]),
    Case("maxout", [("units", 2), ("pieces", 5)], on: [2, 3]),
    Case("lp_pooling", [("window", 2), ("p", 2)], on: [2, 2, 4, 3]),
    Case(
      "lp_pooling",
      [("window", [2, 1, 3]), ("padding", [1, 0, 1]), ("p", 3), ("normalize", true)],
      on: [1, 3, 2, 3]),
    Case("lp_pooling", [("window", 2), ("stride", 1), ("learned", true)], on: [1, 2, 3, 2]),
    Case("glu", on: [4]), Case("spatial_dropout", [("rate", 0.4)], on: [6, 2]),
    Case("gaussian_noise", on: [8]),
    Case("upsample", [("factor", 2)], on: [2, 2, 2]),
    Case("embedding", [("size", 3)], on: .indices(below: 5, [1])),
    Case("embedding", [("size", 2)], on: .indices(below: 4, [6])),
    Case("embedding", [("size", 2), ("padding", 0)], on: .indices(below: 3, [4])),
  ]

  @Test(arguments: layers)
  func everyLayerConforms(_ layer: Case) throws {
    let type = try #require(standardRegistry.layers[layer.type])
    var settings = ConformanceSettings()
    settings.draws = 14
    settings.triesLargeBatch = false
    let table = try Conformance.of(
      type, options: layer.node, inputs: layer.inputs, settings: settings)
    #expect(table.holds, "\(table)")
  }

  @Test(arguments: layers)
  func `a layer that accepts inputs without numbers computes with them`(layer: Case) throws {
    let made = try #require(standardRegistry.layers[layer.type]).value(layer.node)
    for (k, input) in layer.inputs.enumerated() {
      for axis in 0..<input.shape.rank {
        var axes = input.shape.axes
        axes[axis] = 0
        var inputs = layer.inputs
        inputs[k] = Port(input.name, Shape(axes), kind: input.kind)
        guard let bench = try? LayerBench<Double>(made, inputs: inputs, samples: 2),
          bench.plan.acceptsEmptyInputs
        else { continue }
        bench.runForward()
        bench.runBackward()
        #expect(bench.damaged.isEmpty, "\(inputs): \(bench.damaged)")
        #expect(bench.y.values.allSatisfy { !$0.isNaN }, "\(inputs)")
        _ = made.equations(for: inputs)
      }
    }
  }

  /// A loss with options, output, targets, and the range of its inputs.
  struct LossCase: Sendable, CustomTestStringConvertible {
    let type: String
    let node: ConfigValue
    let output: Shape
    let target: Target
    let hasProbabilities: Bool

    var testDescription: String { "\(type) \(node.flow) \(output) \(target)" }

    init(
      _ type: String, _ options: [(String, ConfigValue)] = [], _ output: Shape, _ target: Target,
      probabilities: Bool = false
    ) {
      self.type = type
      node = ConfigValue.map(options)
      self.output = output
      self.target = target
      hasProbabilities = probabilities
    }
  }

  static let losses: [LossCase] = [
    LossCase("squared_error", [], [3], .values([3])),
    LossCase("squared_error", [], [1], .classes(2)),
    LossCase("absolute_error", [], [3], .values([3])),
    LossCase("huber", [("delta", 0.7)], [3], .values([3])),
    LossCase("binary_cross_entropy", [], [1], .classes(2)),
    LossCase(
      "binary_cross_entropy", [("from", "probabilities")], [1], .classes(2), probabilities: true),
    LossCase("cross_entropy", [], [4], .classes(4)),
    LossCase("cross_entropy", [("class_weights", [1, 2, 0.5])], [3], .classes(3)),
    LossCase("cross_entropy", [("from", "probabilities")], [4], .classes(4), probabilities: true),
    LossCase("hinge", [], [1], .classes(2)), LossCase("hinge", [], [4], .classes(4)),
    LossCase("quantile", [("quantile", 0.8)], [3], .values([3])),
    LossCase("poisson", [], [3], .values([3]), probabilities: true),
    LossCase("log_cosh", [], [3], .values([3])), LossCase("cosine", [], [3], .values([3])),
    LossCase("contrastive", [], [3], .values([3])),
    LossCase("kullback_leibler", [], [4], .classes(4)),
    LossCase("kullback_leibler", [("from", "log_probabilities")], [4], .classes(4)),
    LossCase("focal", [], [4], .classes(4)),
    LossCase("focal", [("gamma", 0.5), ("class_weights", [0.5, 2])], [2], .classes(2)),
    LossCase("binary_focal", [], [1], .classes(2)),
    LossCase("binary_focal", [("class_weights", [0.75, 0.25])], [3], .classes(3)),
    LossCase("gaussian_nll", [], [2], .values([1])),
    LossCase("gaussian_nll", [], [4, 2], .values([2, 2])),
    LossCase("gaussian_nll", [("from", "variance")], [4], .values([2]), probabilities: true),
    LossCase("formula", [("value", "|z − t|^1.5")], [3], .values([3])),
    LossCase("formula", [("value", "log(Σⱼ exp(zⱼ)) − Σⱼ tⱼ·zⱼ")], [4], .classes(4)),
  ]

  @Test(arguments: losses)
  func everyLossConforms(_ loss: LossCase) throws {
    let type = try #require(standardRegistry.losses[loss.type])
    var settings = ConformanceSettings()
    settings.draws = 14
    if loss.hasProbabilities { settings.inputs = Sampler.inputs(in: 0.05...0.95) }
    let table = try Conformance.of(
      type, options: loss.node, output: loss.output, target: loss.target, settings: settings)
    #expect(table.holds, "\(table)")
  }

  @Test func everyLayerAndLossIsChecked() {
    #expect(
      Set(standardRegistry.layers.names) == Set(ShippedConformanceTests.layers.map(\.type)))
    #expect(
      Set(standardRegistry.losses.names) == Set(ShippedConformanceTests.losses.map(\.type)))
  }
}
