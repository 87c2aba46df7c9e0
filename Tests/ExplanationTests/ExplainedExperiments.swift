import Datasets
import Engine
import ExperimentFile
import NNExp
import TestSupport

@testable import Explanation

/// The explanation of an experiment in the test's source, with the letters that it names.
///
/// - Parameter state: the state of the network; its initial values if it is empty.
func explanation(
  _ yaml: String, path: String = "test.yaml", name: String? = nil, sample: Int = 0,
  samples: [Int]? = nil, notation: NotationName? = nil,
  full: [String] = [], layers: [any Component<any Layer>.Type] = [], state: [Double] = []
) throws -> Explanation {
  var registry = registry
  for layer in layers { registry.register(layer) }
  let experiment = try Experiment(Array(yaml.utf8), path: path, registry: registry)
  let data = try experiment.data.load(as: Double.self, seed: experiment.seed)
  let graph = try Graph(
    experiment.model, ports: data.inputs, heads: experiment.objective.heads,
    l1: experiment.training.l1,
    l2: experiment.training.l2, registry: registry)
  let heads = try experiment.objective.bound(
    to: graph, targets: data.targets, registry: registry)
  let network = try Network<Double>(
    graph, heads: heads, capacity: 1, seed: experiment.seed)
  for (i, number) in state.enumerated() { network.state[i] = number }
  return try Explanation(
    of: network, name: name ?? experiment.name, data: data, samples: samples ?? [sample],
    seed: experiment.seed, notation: notation ?? experiment.notation, full: full)
}

/// An experiment with these layers on these data.
func experiment(
  name: String = "test", _ model: String, inputs: String = "[[0.5, -1]]",
  targets: String = "[[1]]", loss: String = "{type: squared_error}", shape: String? = nil
) -> String {
  """
  name: \(name)
  seed: 1
  dtype: float64
  data:
    inline: {inputs: \(inputs), targets: \(targets)}
    \(shape.map { "shape: \($0)" } ?? "")
  model: \(model)
  loss: \(loss)
  train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 1}
  """
}

/// S0: y = σ(XW + b), two inputs.
let oneLayer = experiment(
  name: "one_layer",
  """

    - {type: dense, units: 1, name: output,
       initial: {weight: {values: [[2, -1]]}, bias: {constant: 0.25}}}
    - sigmoid
  """, inputs: "[[0.5, 0.25], [1, 2]]", targets: "[[1], [0]]")

/// S2: z = σ ∘ ρ[W⁽²⁾] ∘ σ ∘ ρ[W⁽¹⁾] ∘ x, with biases.
let twoLayers = experiment(
  name: "two_layers",
  """

    - {type: dense, units: 2, name: hidden,
       initial: {weight: {values: [[1, -1], [0.5, 2]]}, bias: {values: [0.5, -0.5]}}}
    - {type: sigmoid, name: bend}
    - {type: dense, units: 1, name: output,
       initial: {weight: {values: [[1.5, -2]]}, bias: {constant: 0.25}}}
    - sigmoid
  """, inputs: "[[1, 0], [0, 1]]", targets: "[[1], [0]]")

extension Explanation {
  var text: String { formatted(as: .text) }

  /// The derivations with a left-hand side, in order.
  func derivations(of left: String) -> [Document.Derivation] {
    document.blocks.compactMap { block in
      if case .derivation(let derivation) = block, derivation.left.text == left {
        derivation
      } else {
        nil
      }
    }
  }
}
