import NNExp

/// Options that several optimizers have in common.
extension Options {
  mutating func learningRate(default fallback: Double) -> Double {
    suggest("learning_rate", for: "lr", "eta", "step_size")
    return double(
      "learning_rate", default: fallback, in: .nonnegative, "η, before any schedule")
  }

  /// λ of a gradient g + λw, which corresponds to a loss term ½λ‖w‖².
  mutating func weightDecay(default fallback: Double) -> Double {
    suggest("weight_decay", for: "wd", "l2")
    return double("weight_decay", default: fallback, in: .nonnegative, "λ: weight decay")
  }

  mutating func epsilon(default fallback: Double) -> Double {
    suggest("epsilon", for: "eps")
    return double("epsilon", default: fallback, in: .nonnegative, "ε: added to the root")
  }
}
