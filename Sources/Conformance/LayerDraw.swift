import NNExp

/// The circumstances of one trial: everything that the outcome of a claim may depend on.
struct LayerDraw {
  /// Counted from 0.
  var number: Int
  var seed: Int
  var samples: Int
  var inputs: Sampler
  var parameters: Sampler
  var cotangents: Sampler
  var isTraining: Bool

  /// True if the state is not the planned one, but that which a training pass left.
  var hasMovedState: Bool

  /// True for the first three, with which the dearer claims are tried.
  var isFirst: Bool

  var random: RandomStream {
    RandomStream(seed: UInt64(bitPattern: Int64(seed)), purpose: "conformance of a layer").stream(
      number)
  }

  /// The draw by which a message can be repeated.
  var circumstance: String {
    "draw \(number) of seed \(seed): \(samples) sample\(samples == 1 ? "" : "s"), "
      + "x \(inputs.name), dy \(cotangents.name), \(isTraining ? "training" : "evaluation")"
  }

  /// A draw of every batch size, every kind of inputs, parameters and cotangents in turn. Their
  /// numbers have no common factor: in as many draws as their product, each meets each.
  static func all(_ settings: ConformanceSettings, isTraining: Bool) -> [LayerDraw] {
    (settings.firstDraw..<settings.firstDraw + max(1, settings.draws)).map { k in
      LayerDraw(
        number: k, seed: settings.seed, samples: settings.batches[k % settings.batches.count],
        inputs: settings.inputs[k % settings.inputs.count],
        parameters: settings.parameters[k % settings.parameters.count],
        cotangents: settings.cotangents[k % settings.cotangents.count], isTraining: isTraining,
        hasMovedState: !isTraining || k % 2 == 1, isFirst: k - settings.firstDraw < 3)
    }
  }
}
