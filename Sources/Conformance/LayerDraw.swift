import NNExp

/// The parameters of one trial, which determine the outcome of each claim.
struct LayerDraw {
  /// The number of the draw, from 0.
  var number: Int
  var seed: Int
  var samples: Int
  var inputs: Sampler
  var parameters: Sampler
  var cotangents: Sampler
  var isTraining: Bool

  /// Whether the state is the result of a training pass, not the planned initial state.
  var hasMovedState: Bool

  /// Whether this is one of the first three draws, in which the expensive claims are tried.
  var isFirst: Bool

  var random: RandomStream {
    RandomStream(seed: UInt64(bitPattern: Int64(seed)), purpose: "conformance of a layer").stream(
      number)
  }

  /// A description with which a trial can be repeated.
  var circumstance: String {
    "draw \(number) of seed \(seed): \(samples) sample\(samples == 1 ? "" : "s"), "
      + "x \(inputs.name), dy \(cotangents.name), \(isTraining ? "training" : "evaluation")"
  }

  /// Draws that cycle through the batch sizes and the distributions of inputs, parameters and
  /// cotangents. The lengths of these lists have no common factor, so that all combinations
  /// occur.
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
