import Engine
import ExperimentFile
import NNExp
import Running
import TestSupport
import Testing
import YAMLTree

/// A session that takes data and a graph over from another learns what it would have
/// learned alone.
@Suite struct SessionPartsTests {
  private static let text = Array(
    """
    name: parts
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

  private static let root = try! parseYAML(text, name: "parts.yaml")

  private func session(
    _ overrides: [String], like sibling: SessionParts<Float>? = nil
  ) throws -> Session<Float> {
    try Session(
      Experiment(
        SessionPartsTests.root, text: SessionPartsTests.text, path: "parts.yaml",
        overrides: overrides, registry: registry), like: sibling)
  }

  /// All parameters after the training, to the bit.
  private func learned(_ session: Session<Float>) throws -> [UInt32] {
    _ = try session.trainer.run()
    let w = session.trainer.network.parameters
    return (0..<w.count).map { w[$0].bitPattern }
  }

  @Test(arguments: overrides)
  func sharedPartsDoNotChangeTheTraining(overrides: [String]) throws {
    let alone = try learned(session(overrides))
    for others in SessionPartsTests.overrides {
      let parts = SessionParts(of: try session(others))
      #expect(try learned(session(overrides, like: parts)) == alone, "\(overrides) after \(others)")
    }
  }
}
