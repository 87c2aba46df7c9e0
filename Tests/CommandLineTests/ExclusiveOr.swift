/// A small problem that trains in a few milliseconds.
let exclusiveOr = """
  name: xor
  seed: 4
  data:
    inline:
      inputs: [[0, 0], [0, 1], [1, 0], [1, 1]]
      targets: [[0], [1], [1], [0]]
  model:
    - {type: dense, units: 2, name: hidden}
    - sigmoid
    - {type: dense, units: 1, name: output}
    - sigmoid
  loss: squared_error
  train:
    optimizer: {type: sgd, learning_rate: 2}
    epochs: 20

  """

/// The same problem in fewer lines, for sweeps.
///
/// - Parameters:
///   - train: more options of `train`, each after a comma.
///   - more: more sections, one per line.
func compactExclusiveOr(
  seed: Int? = nil, epochs: Int = 20, train: String = "", more: String...
) -> String {
  let lines =
    ["name: xor"] + (seed.map { ["seed: \($0)"] } ?? []) + [
      "data:",
      "  inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}",
      "model: [{type: dense, units: 2, name: hidden}, sigmoid, {type: dense, units: 1}]",
      "loss: squared_error",
      "train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: \(epochs), batch_size: full\(train)}",
    ] + more
  return lines.joined(separator: "\n") + "\n"
}
