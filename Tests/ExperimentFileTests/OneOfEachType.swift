import NNExp
import TestSupport
import Testing

/// A declaration that runs, for one type of the registry.
struct OneOfEachType: Sendable, CustomTestStringConvertible {
  /// The path to the type.
  let location: String
  let text: String

  /// The type in the notation `.loss {type: huber}`.
  let testDescription: String

  static let declarations: [OneOfEachType] =
    of(registry.optimizers.names, at: ".train.optimizer") { "train: {epochs: 2, optimizer: \($0)}" }
    + of(registry.schedules.names, at: ".train.schedule") { "train: {epochs: 2, schedule: \($0)}" }
    + of(registry.losses.names, at: ".loss") {
      if $0.contains("gaussian_nll") { return "loss: \($0)\nmodel: [{type: dense, units: 2}]" }
      return $0.contains("cross_entropy") && !$0.contains("binary") || $0.contains("kullback")
        || $0.contains("{type: focal")
        ? "loss: \($0)\ndata: {inline: {inputs: [[0, 1], [1, 0]], targets: [a, b]}}\n"
          + "model: [{type: dense, units: 2}]"
        : "loss: \($0)"
    }
    + of(registry.metrics.names, at: ".metrics") { "metrics: \($0)" }
    + of(registry.initializers.names.filter { $0 != "file" }, at: ".model.0.initial") {
      "model: [{type: dense, units: 1, initial: {weight: \($0)}}]"
    }
    + of(registry.generators.names, at: ".data") { type in
      let units = type.contains("gaussians") ? 3 : 1
      return "data: {generated: \(type)}\nmodel: [{type: dense, units: \(units)}]"
    }
    + of(registry.layers.names, at: ".model.2") { layerText($0) }

  /// The required options of types.
  private static let options = [
    "step": "every: 2", "exponential": "factor: 0.9", "inverse_time": "decay: 0.1",
    "linear_warmup": "epochs: 1", "multi_step": "epochs: [1]", "cyclic": "up: 3",
    "cosine_restarts": "period: 1", "slice": "axis: 1, start: 1", "transpose": "axes: [0, 2, 1]",
    "pad": "padding: 1", "crop": "cropping: 1", "upsample": "factor: 2",
    "resize": "size: [3, 2], mode: linear",
    "constant_initializer": "value: 1",
    "values": "values: [[1, 2]]",
    "dense": "units: 2", "maxout": "units: 2", "embedding": "size: 2", "dropout": "rate: 0.5",
    "reshape": "shape: [1, 4, 4]", "split": "axis: 1, sizes: [1, 3]",
    "adaptive_pooling": "output: [3, 2]",
    "group_normalization": "groups: 1", "local_response_normalization": "size: 3",
    "depthwise_convolution": "window: 2", "separable_convolution": "channels: 2, window: 2",
    "transposed_convolution": "channels: 2, window: 2, stride: 2",
    "convolution": "channels: 2, window: [3, 2], padding: 1", "max_pooling": "window: 2, stride: 1",
    "average_pooling": "window: [2, 1], padding: 0", "lp_pooling": "window: 2, p: 2.5",
    "layer formula": "y: \"x·σ(x)\"", "loss formula": "value: \"(z − t)²\"",
    "metric formula": "value: \"|z − t|\"",
  ]

  private static func of(
    _ names: [String], at location: String, _ text: (String) -> String
  ) -> [OneOfEachType] {
    return names.map { name in
      let key =
        switch (name, location) {
        case ("constant", ".model.0.initial"): "constant_initializer"
        case ("formula", ".loss"): "loss formula"
        case ("formula", ".metrics"): "metric formula"
        case ("formula", _): "layer formula"
        default: name
        }
      let declared = "{type: \(name)" + (options[key].map { ", " + $0 } ?? "") + "}"
      return OneOfEachType(
        location: location, text: text(declared), testDescription: "\(location) \(declared)")
    }
  }

  /// A layer between two trainable layers, over an image of 4 × 4.
  private static func layerText(_ declared: String) -> String {
    if declared.contains("{type: embedding") { return embeddingText(declared) }
    let merges = [
      "add", "multiply", "concatenate", "subtract", "divide", "maximum", "minimum",
      "matrix_product",
    ].contains { declared.contains("{type: \($0)") }
    let layer = merges ? String(declared.dropLast()) + ", inputs: [image, image]}" : declared
    // Half of the channels are gates.
    let image = declared.contains("{type: glu") ? "[2, 2, 4]" : "[1, 4, 4]"
    let flatten =
      declared.contains("{type: split") ? "{type: flatten, inputs: split.part_1}" : "flatten"
    return """
      data: {inline: {inputs: [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]], targets: [1]}}
      model:
        - {type: dense, units: 16, name: first, initial: {weight: orthogonal}}
        - {type: reshape, shape: \(image), name: image}
        - \(layer)
        - \(flatten)
        - {type: dense, units: 1, frozen: [bias], l1: 0.1, initial: {bias: {constant: 1}}}
      train: {epochs: 2, clip: {norm: 1}, early_stopping: {patience: 2, monitor: train_loss}}
      gradient_check: {at: [start, end], entries: 3}
      """
  }

  /// An embedding as the third layer, which reads indices.
  private static func embeddingText(_ declared: String) -> String {
    """
    data:
      inline: {inputs: {numbers: [[0, 1], [1, 0]], word: [[2], [0]]}, targets: [1, 2]}
      indices: {word: 3}
    model:
      - {type: dense, units: 2, name: first, inputs: numbers}
      - {type: sigmoid, name: bent}
      - \(declared.dropLast()), inputs: word, name: vector}
      - {type: concatenate, inputs: [bent, vector], name: both}
      - {type: dense, units: 1}
    train: {epochs: 2}
    gradient_check: {at: [start, end], entries: 3}
    """
  }
}
