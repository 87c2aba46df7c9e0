import Datasets
import NNExp
import TestSupport
import Testing

@testable import Engine

/// Stores every row.
private final class Rows: TrainingObserver {
  var rows: [[Double]] = []

  func rowRecorded(_ row: MetricRow) { rows.append(row.values) }
}

/// Four samples of exclusive or.
private func exclusiveOr<S: Scalar>(_ type: S.Type = S.self) -> RunDatasets<S> {
  RunDatasets(
    inputShape: [2], target: .values([1]),
    train: Dataset(inputs: [0, 0, 0, 1, 1, 0, 1, 1], targets: [0, 1, 1, 0], count: 4))
}

private func trainer<S: Scalar>(
  _ text: String, _ data: RunDatasets<S>, seed: UInt64 = 4
) throws -> Trainer<S> {
  let declared = try Declared(text)
  let graph = try Graph(
    declared.model, inputShape: data.inputShape, l1: declared.training.l1,
    l2: declared.training.l2, registry: registry)
  return try Trainer(
    graph, heads: declared.heads(graph, data.target), training: declared.training,
    data: data, seed: seed)
}

private let network = """
  model:
    - {type: dense, units: 2, name: hidden}
    - sigmoid
    - {type: dense, units: 1, name: output}
    - sigmoid
  loss: squared_error

  """

@Suite struct TrainerTests {
  @Test func exclusiveOrIsLearned() throws {
    let trainer = try trainer(
      network + "train: {optimizer: {type: sgd, learning_rate: 2}, epochs: 5000}",
      exclusiveOr(Float.self))
    let rows = Rows()
    guard case .completed = try trainer.run([rows]) else {
      Issue.record("training did not complete")
      return
    }
    #expect(rows.rows.count == 5000)
    #expect(rows.rows.last![3] < 0.01)
    #expect(
      trainer.columns == [
        .epoch, .step, .learningRate, .loss(.train), .loss(.validation),
      ])
  }

  @Test func theSameSeedGivesTheSameBits() throws {
    let text = network + "train: {optimizer: adam, epochs: 50, batch_size: 3}"
    let first = try trainer(text, exclusiveOr(Float.self))
    let second = try trainer(text, exclusiveOr(Float.self))
    let other = try trainer(text, exclusiveOr(Float.self), seed: 5)
    let rows = [Rows(), Rows(), Rows()]
    for (trainer, rows) in zip([first, second, other], rows) { _ = try trainer.run([rows]) }
    #expect(rows[0].rows.map { $0.map(\.bitPattern) } == rows[1].rows.map { $0.map(\.bitPattern) })
    #expect(rows[0].rows.last![3] != rows[2].rows.last![3])
  }

  @Test func trainLossIsTheSampleWeightedMeanOfTheSteps() throws {
    // With η = 0 the weights do not change, so that the mean over the steps is the loss.
    let whole = try trainer(
      network + "train: {optimizer: {type: sgd, learning_rate: 0}, epochs: 1}",
      exclusiveOr(Double.self))
    let split = try trainer(
      network + "train: {optimizer: {type: sgd, learning_rate: 0}, epochs: 1, batch_size: 3}",
      exclusiveOr(Double.self))
    let rows = [Rows(), Rows()]
    _ = try whole.run([rows[0]])
    _ = try split.run([rows[1]])
    #expect(abs(rows[0].rows[0][3] - rows[1].rows[0][3]) < 1e-15)
    #expect(rows[1].rows[0][1] == 2)
  }

  @Test func anInterruptionEndsAfterTheStep() throws {
    let trainer = try trainer(network + "train: {epochs: 100}", exclusiveOr(Float.self))
    let rows = Rows()
    let token = CancellationToken { rows.rows.count >= 5 ? 2 : nil }
    guard case .interrupted = try trainer.run([rows], cancellation: token) else {
      Issue.record("training was not interrupted")
      return
    }
    #expect(rows.rows.count == 5)
    #expect(trainer.step == 5)
  }

  @Test func divergenceNamesStepAndNode() throws {
    let trainer = try trainer(
      """
      model:
        - {type: dense, units: 1, name: output}
      loss: squared_error
      train: {optimizer: {type: sgd, learning_rate: 1e30}, epochs: 100}
      """, exclusiveOr(Float.self))
    guard case .diverged(let diagnostic) = try trainer.run() else {
      Issue.record("training did not diverge")
      return
    }
    #expect(diagnostic.failure == .shortfall)
    #expect(
      diagnostic.message
        == "training diverged at step 2 (epoch 2): weight of 'output' is no longer finite")
    trainer.restore(.last)
    for i in trainer.network.parameters.indices {
      #expect(trainer.network.parameters[i].isFinite)
    }
  }

  @Test func earlyStoppingWaitsItsPatience() throws {
    let trainer = try trainer(
      network + """
        train:
          optimizer: {type: sgd, learning_rate: 0}
          epochs: 100
          early_stopping: {patience: 7}
        """, exclusiveOr(Float.self))
    let rows = Rows()
    guard case .stoppedEarly = try trainer.run([rows]) else {
      Issue.record("training did not stop early")
      return
    }
    #expect(rows.rows.count == 8)
    #expect(trainer.best!.epoch == 1)
  }

  @Test func frozenParametersDoNotChange() throws {
    let trainer = try trainer(
      """
      model:
        - {type: dense, units: 2, name: hidden, frozen: true}
        - sigmoid
        - {type: dense, units: 1, name: output, frozen: [bias]}
      loss: squared_error
      train: {optimizer: {type: adamw, weight_decay: 0.1}, epochs: 10}
      """, exclusiveOr(Float.self))
    func values(_ index: Int) -> [Float] {
      let tensor = trainer.network.learned[index].tensor
      return tensor.indices.map { tensor[$0] }
    }
    let before = (0..<4).map(values)
    _ = try trainer.run()
    let after = (0..<4).map(values)
    #expect(after[0] == before[0])
    #expect(after[1] == before[1])
    #expect(after[2] != before[2])
    #expect(after[3] == before[3])
  }

  @Test func aMonitorMustBeMeasured() throws {
    var message = ""
    do {
      _ = try trainer(
        network + """
          train:
            epochs: 1
            early_stopping: {monitor: validation_los}
          """, exclusiveOr(Float.self))
    } catch { message = "\(error)" }
    #expect(
      message == """
        test.yaml:9:29: error: unknown column 'validation_los'
            early_stopping: {monitor: validation_los}
                                      ^
        note: the columns are: train_loss
        """)
  }
}
