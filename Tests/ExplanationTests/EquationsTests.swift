import Engine
import ExperimentFile
import NNExp
import TestSupport
import Testing

@testable import Explanation

/// Every shipped layer and loss can be explained.
@Suite struct EquationsTests {
  /// The declaration of each layer, and its input shapes.
  static let layers: [(String, [Shape])] = [
    ("{type: formula, y: \"x·σ(x)\"}", [[3]]),
    ("{type: formula, y: \"sum(x^2)^(1/2)\"}", [[3]]),
    ("{type: dense, units: 2}", [[3]]), ("{type: dense, units: 2, bias: false}", [[3]]),
    ("{type: convolution, channels: 2, window: 2}", [[1, 3, 3]]),
    (
      "{type: convolution, channels: 4, groups: 2, window: [1, 2], stride: 2, padding: 1, dilation: 2}",
      [[2, 5, 5]]
    ),
    ("{type: convolution, channels: 2, window: [2], padding: [[0, 1]]}", [[2, 5]]),
    ("{type: convolution, channels: 2, window: 2}", [[1, 2, 3, 2]]),
    ("{type: depthwise_convolution, window: 2}", [[2, 3, 3]]),
    ("{type: separable_convolution, channels: 2, window: 2}", [[2, 3, 3]]),
    ("{type: transposed_convolution, channels: 2, window: 2, stride: 2}", [[1, 3, 3]]),
    ("{type: lp_pooling, window: 2}", [[4]]),
    ("{type: lp_pooling, window: 2, p: 1.5}", [[1, 2, 2]]),
    ("{type: lp_pooling, window: 2, p: .inf}", [[4]]),
    ("{type: lp_pooling, window: 2, p: 3, normalize: true, learned: true}", [[4]]),
    ("{type: max_pooling, window: 2}", [[4]]), ("{type: average_pooling, window: 2}", [[4]]),
    ("{type: average_pooling, window: 2, padding: 1, count_padding: true}", [[4]]),
    ("sigmoid", [[3]]), ("tanh", [[3]]), ("relu", [[3]]), ("leaky_relu", [[3]]),
    ("{type: leaky_relu, slope: -1e-7}", [[3]]), ("{type: elu, alpha: 0.5}", [[3]]),
    ("gelu", [[3]]), ("{type: gelu, approximation: tanh}", [[3]]),
    ("{type: softplus, beta: 2}", [[3]]), ("softmax", [[3]]), ("softmax", [[2, 2, 2]]),
    ("log_softmax", [[3]]), ("log_softmax", [[2, 2, 2]]),
    ("silu", [[3]]), ("mish", [[3]]), ("log_sigmoid", [[3]]), ("softsign", [[3]]),
    ("selu", [[3]]), ("hard_sigmoid", [[3]]), ("hard_swish", [[3]]), ("hard_tanh", [[3]]),
    ("relu6", [[3]]), ("prelu", [[3]]), ("{type: prelu, slopes: channels}", [[2, 2, 2]]),
    ("batch_normalization", [[3]]), ("{type: batch_normalization, affine: false}", [[3]]),
    ("layer_normalization", [[3]]), ("{type: layer_normalization, affine: false}", [[3]]),
    ("{type: layer_normalization, axes: [1]}", [[2, 3]]),
    ("{type: group_normalization, groups: 2}", [[4, 2]]), ("instance_normalization", [[2, 3]]),
    ("rms_normalization", [[3]]), ("{type: rms_normalization, affine: false}", [[3]]),
    ("{type: local_response_normalization, size: 3}", [[4]]),
    ("{type: softmax, axis: 1}", [[2, 3]]), ("{type: log_softmax, axis: 1}", [[2, 3]]),
    ("{type: dropout, rate: 0.25}", [[3]]), ("{type: dropout, rate: 0}", [[3]]),
    ("flatten", [[1, 2, 2]]), ("{type: reshape, shape: [2, 2]}", [[4]]),
    ("add", [[3], [3], [3]]), ("multiply", [[3], [3]]), ("multiply", [[3], [3], [3]]),
    ("subtract", [[3], [3]]), ("divide", [[3], [3]]), ("maximum", [[3], [3]]),
    ("minimum", [[3], [3]]), ("{type: slice, start: 1}", [[4]]),
    ("{type: transpose, axes: [1, 0]}", [[2, 3]]), ("{type: pad, padding: 1}", [[3]]),
    ("add", [[2, 3], [2, 1]]), ("multiply", [[2, 3], [3]]),
    ("matrix_product", [[2, 3], [3, 2]]),
    ("{type: matrix_product, transpose: both}", [[2, 3], [4, 2]]),
    ("{type: reduce, by: sum}", [[3]]), ("{type: reduce, axes: [1]}", [[2, 3]]),
    ("{type: reduce, by: max, axes: [0]}", [[2, 3]]), ("glu", [[4]]),
    ("{type: maxout, units: 2}", [[3]]),
    ("{type: split, sizes: [1, 2]}", [[3]]), ("{type: spatial_dropout, rate: 0.25}", [[3]]),
    ("gaussian_noise", [[3]]), ("{type: upsample, factor: 2, mode: bilinear}", [[3]]),
    ("{type: adaptive_pooling, output: 2}", [[1, 3, 3]]),
    ("{type: adaptive_pooling, output: [2], by: max}", [[1, 4]]),
    ("{type: crop, cropping: 1}", [[3]]), ("{type: upsample, factor: 2}", [[3]]),
    ("{type: resize, size: 5, mode: cubic}", [[3]]),
    ("{type: resize, factor: 0.7}", [[2, 3, 3]]),
    ("concatenate", [[3], [2]]), ("concatenate", [[1, 2, 2], [2, 2, 2]]),
  ]

  static let losses = [
    "squared_error", "absolute_error", "{type: huber, delta: 0.5}",
    "binary_cross_entropy", "{type: binary_cross_entropy, class_weights: [1, 2]}",
    "{type: binary_cross_entropy, from: probabilities}",
    "{type: binary_cross_entropy, from: probabilities, class_weights: [1, 2]}",
    "cross_entropy", "{type: cross_entropy, class_weights: [1, 2, 0.5]}",
    "{type: cross_entropy, from: probabilities}", "hinge", "{type: quantile, quantile: 0.9}",
    "poisson", "log_cosh", "cosine", "contrastive", "kullback_leibler",
    "{type: kullback_leibler, from: log_probabilities}", "focal",
    "{type: focal, class_weights: [1, 2, 0.5]}", "binary_focal", "gaussian_nll",
    "{type: gaussian_nll, from: variance}",
  ]

  /// `type` of `{type: dense, units: 2}` or of `sigmoid`.
  private static func typeName(_ declaration: String) -> String {
    declaration.hasPrefix("{type: ")
      ? String(declaration.dropFirst(7).prefix { $0 != "," && $0 != "}" }) : declaration
  }

  @Test func everyLayerAndLossIsChecked() {
    // The input of an embedding has no derivative; the formula of a loss is its own text.
    #expect(
      Set(EquationsTests.layers.map { EquationsTests.typeName($0.0) }).union(["embedding"])
        == Set(registry.layers.names))
    #expect(
      Set(EquationsTests.losses.map(EquationsTests.typeName)).union(["formula"])
        == Set(registry.losses.names))
  }

  @Test(arguments: layers) func everyLayerHasReadableEquations(
    _ declaration: String, _ shapes: [Shape]
  ) throws {
    let sources = shapes.indices.map { "{type: flatten, name: in\($0)}" }.joined(separator: ", ")
    let names = shapes.indices.map { "in\($0)" }.joined(separator: ", ")
    let body =
      declaration.hasPrefix("{")
      ? String(declaration.dropFirst().dropLast()) : "type: \(declaration)"
    let read = try Experiment(
      Array(
        experiment("[\(sources), {\(body), inputs: [\(names)], name: it}]").utf8),
      path: "test.yaml", registry: registry)
    let layer = try #require(read.model.nodes.last).layer
    let ports = shapes.map { Port($0) }
    let plan = try layer.plan(for: ports)
    let equations = layer.equations(for: ports)
    #expect(equations.inputs.count == shapes.count)
    #expect(equations.inputs.allSatisfy { !$0.delta.isEmpty })
    #expect(!equations.function.isEmpty || declaration == "concatenate")
    for parameter in plan.parameters {
      #expect(equations.parameters.contains { $0.name == parameter.name })
    }
    try expectReadable(equations)
  }

  @Test(arguments: losses) func everyLossHasReadableEquations(_ loss: String) throws {
    let read = try Experiment(
      Array(experiment("[{type: dense, units: 3}]", loss: loss).utf8), path: "test.yaml",
      registry: registry)
    for shape in [[3], [1]] as [Shape] {
      let loss = try #require(read.objective.losses.first)
      let equations = loss.equations(output: shape, target: .values(shape))
      #expect(equations.inputs.count == 1)
      #expect(equations.inputs.allSatisfy { !$0.derivative.isEmpty })
      try expectReadable(equations)
    }
  }

  /// Expects that every formula can be parsed and written.
  private func expectReadable(_ equations: Equations) throws {
    var sources = [equations.function, equations.output] + equations.definitions
    sources += equations.inputs.flatMap { [$0.derivative, $0.delta] }
    sources += equations.parameters.flatMap { [$0.symbol, $0.gradient] }
    for source in sources {
      let formula = try Formula(parsing: source)
      #expect(isWellFormed("<math>\(formula.mathML)</math>"), "\(source)")
      #expect(try Formula(parsing: formula.latex) == formula, "\(source)")
    }
    for definition in equations.definitions {
      #expect(try Formula(parsing: definition).sides != nil, "\(definition)")
    }
    for parameter in equations.parameters {
      guard case .letter = try Formula(parsing: parameter.symbol) else {
        Issue.record("\(parameter.symbol) is no letter")
        continue
      }
    }
  }
}
