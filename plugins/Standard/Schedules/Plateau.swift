import NNExp

/// A learning rate that drops when the loss has not improved for some epochs.
///
/// After each epoch, a loss below best·(1 − threshold) is the new best. If more than `patience`
/// consecutive epochs bring none, the factor is multiplied by γ, but not below the minimum, and
/// counting pauses for `cooldown` epochs. The loss is the validation loss if there are
/// validation data, otherwise the training loss.
///
/// - Source: PyTorch's ReduceLROnPlateau.
struct PlateauSchedule: Schedule, Component {
  static let typeName = "plateau"
  static let foreignNames = ["reduce_lr_on_plateau", "reduce_on_plateau"]
  static let documentation = Documentation(
    "the learning rate drops whenever the loss has not improved for a while",
    equation: """
      loss < best·(1 − threshold) is an improvement;
      factor ← max(γ·factor, minimum) after more than `patience` epochs without
      """,
    example: "schedule: {type: plateau, factor: 0.5, patience: 5}",
    source: "PyTorch's ReduceLROnPlateau")

  let factor: Double
  let patience: Int
  let threshold: Double
  let cooldown: Int
  let minimum: Double

  init(from options: inout Options) {
    factor = options.double("factor", default: 0.1, in: .fraction, "γ: the factor of each drop")
    patience = options.int(
      "patience", default: 10, in: 0..., "epochs without an improvement before a drop")
    threshold = options.double(
      "threshold", default: 1e-4, in: .unit, "the relative improvement that counts")
    cooldown = options.int("cooldown", default: 0, in: 0..., "epochs to wait after a drop")
    minimum = options.minimumFactor("the smallest factor")
  }

  /// The memory: [has begun, factor, best, epochs without improvement, remaining epochs of
  /// cooldown].
  var memory: Int { 5 }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    if memory[0] == 0 {
      memory[0] = 1
      memory[1] = 1
      memory[2] = .infinity
    }
    if progress.isEpochStart && progress.epoch > 0 { watch(progress.loss, memory) }
    return memory[1]
  }

  private func watch(_ loss: Double, _ memory: Tensor<Double>) {
    if loss < memory[2] * (1 - threshold) {
      memory[2] = loss
      memory[3] = 0
    } else {
      memory[3] += 1
    }
    if memory[4] > 0 {
      memory[4] -= 1
      memory[3] = 0
    }
    if memory[3] > Double(patience) {
      memory[1] = max(memory[1] * factor, minimum)
      memory[3] = 0
      memory[4] = Double(cooldown)
    }
  }
}
