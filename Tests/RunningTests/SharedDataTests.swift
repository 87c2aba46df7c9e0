import Engine
import ExperimentFile
import NNExp
import Running
import TestSupport
import Testing
import YAMLTree

/// Experiments that share a memo train as without it.
@Suite struct SharedDataTests {
  private static let text = Array(
    """
    name: shared
    seed: 3
    data:
      generated: {type: spirals, samples: 12}
      split: {validation: 0.25}
    model: [{type: dense, units: 3, name: hidden}, tanh, {type: dense, units: 1}]
    loss: binary_cross_entropy
    gradient_check: false
    train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 3}

    """.utf8)

  private static let overrides: [[String]] = [
    [], ["seed=9"], ["train.optimizer.learning_rate=0.2"], ["model.hidden.units=4"],
    ["+model.hidden.bias=false"], ["model.1=sigmoid"], ["+train.l2=0.1"], ["+train.l1=0.01"],
    ["data.generated.samples=16"], ["data.generated.samples=12"], ["data.split.validation=0.5"],
    ["data={inline: {inputs: [[0, 1, 1], [1, 0, 0]], targets: [[0], [1]]}}"],
    ["loss=squared_error"], ["+train.batch_size=4"],
  ]

  private static let root = try! parseYAML(text, name: "shared.yaml")

  private func prepared(_ overrides: [String], memo: Memo? = nil) throws -> PreparedExperiment<
    Float
  > {
    try PreparedExperiment(
      Experiment(
        SharedDataTests.root, text: SharedDataTests.text, path: "shared.yaml",
        overrides: overrides, registry: registry, memo: memo), memo: memo)
  }

  /// All parameters after the training, as bits.
  private func learned(_ prepared: PreparedExperiment<Float>) throws -> [UInt32] {
    _ = try prepared.trainer.run()
    let w = prepared.trainer.network.parameters
    return (0..<w.count).map { w[$0].bitPattern }
  }

  @Test(arguments: overrides)
  func sharedDataDoNotChangeTheTraining(overrides: [String]) throws {
    let alone = try learned(prepared(overrides))
    for others in SharedDataTests.overrides {
      let memo = Memo()
      _ = try prepared(others, memo: memo)
      #expect(try learned(prepared(overrides, memo: memo)) == alone, "\(overrides) after \(others)")
    }
  }
}
