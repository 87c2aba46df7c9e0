import Datasets
import NNExp
import TestSupport
import Testing

@testable import Engine

/// `record_every` decides which rows are written. It never changes training.
@Suite struct RecordEveryTests {
  private static let data = RunDatasets<Double>(
    inputShape: [2], target: .values([1]),
    train: Dataset(
      inputs: [0, 0, 0, 1, 1, 0, 1, 1, 0.5, 0.2, 0.3, 0.9], targets: [0, 1, 1, 0, 0.4, 0.7],
      count: 6),
    validation: Dataset(inputs: [0.1, 0.9, 0.8, 0.7], targets: [1, 0.2], count: 2))

  private static let withoutValidation = RunDatasets<Double>(
    inputShape: [2], target: .values([1]), train: data.train)

  private final class Rows: TrainingObserver {
    var rows: [MetricRow] = []
    func rowRecorded(_ row: MetricRow) { rows.append(row) }
  }

  private struct Course {
    let weights: [Double]
    let best: [Double]
    let bestEpoch: Int?
    let epochs: Int
    let rows: [MetricRow]
  }

  private func course(
    _ train: String, recordEvery: Int, _ data: RunDatasets<Double> = data
  ) throws -> Course {
    let declared = try Declared(
      """
      model: [{type: dense, units: 4}, tanh, {type: dense, units: 1}]
      loss: squared_error
      metrics: [{type: r2, name: fit}, {type: mean_absolute_error, name: bad_fit}]
      train:
        epochs: 60
        batch_size: 4
        record_every: \(recordEvery)
        \(train)
      """)
    let graph = try Graph(declared.model, inputShape: data.inputShape, registry: registry)
    let trainer = try Trainer(
      graph, heads: declared.heads(graph, data.target),
      training: declared.training, data: data, seed: 7)
    let rows = Rows()
    _ = try trainer.run([rows])
    func weights(_ which: Trainer<Double>.Weights) -> [Double] {
      trainer.restore(which)
      let w = trainer.network.parameters
      return w.indices.map { w[$0] }
    }
    return Course(
      weights: weights(.last), best: weights(.best), bestEpoch: trainer.best?.epoch,
      epochs: trainer.epoch, rows: rows.rows)
  }

  @Test(
    arguments: [
      "schedule: {type: plateau, factor: 0.5, patience: 1}",
      "schedule: {type: plateau, factor: 0.5, patience: 1, warmup: {epochs: 2}}",
      "early_stopping: {patience: 3, minimum_change: 1e-3}",
      "early_stopping: {patience: 3, monitor: validation_bad_fit}",
      "early_stopping: {patience: 2, monitor: train_fit, minimum_change: 1e-2}",
    ], [data, withoutValidation])
  func recordEveryNeverChangesTraining(_ train: String, _ data: RunDatasets<Double>) throws {
    if data.validation == nil, train.contains("validation_") { return }
    let text = "optimizer: {type: sgd, learning_rate: 0.3}\n  " + train
    let whole = try course(text, recordEvery: 1, data)
    #expect(whole.rows.map(\.epoch) == Array(1...whole.epochs))
    for recordEvery in [2, 5, 7, 1000] {
      let sparse = try course(text, recordEvery: recordEvery, data)
      #expect(sparse.epochs == whole.epochs, "every \(recordEvery)")
      #expect(sparse.weights == whole.weights, "every \(recordEvery)")
      if data.validation != nil || train.contains("early_stopping") {
        #expect(sparse.bestEpoch == whole.bestEpoch, "every \(recordEvery)")
        #expect(sparse.best == whole.best, "every \(recordEvery)")
      }
      // Its rows are those of the whole, the last one among them, and the best one if its
      // weights are delivered.
      #expect(sparse.rows.last?.epoch == whole.epochs)
      #expect(sparse.rows.map(\.epoch) == sparse.rows.map(\.epoch).sorted())
      #expect(data.validation == nil || sparse.rows.contains { $0.epoch == sparse.bestEpoch })
      for row in sparse.rows {
        #expect(row.epoch % recordEvery == 0 || row.epoch == whole.epochs || row.isLate)
        let other = whole.rows[row.epoch - 1]
        #expect(row.values.map(\.bitPattern) == other.values.map(\.bitPattern))
      }
    }
  }

  /// Data that no decision depends on are measured only for the rows.
  @Test func metricsThatNothingWatchesAreMeasuredOnlyForRows() throws {
    let trained = try course("sampling: sequential", recordEvery: 20)
    #expect(trained.rows.map(\.epoch) == [20, 40, 60])
    #expect([20, 40, 60].contains(trained.bestEpoch))
  }

  /// A schedule gets the loss only if it declares that it watches it. Otherwise the loss would
  /// depend on which epochs are recorded.
  @Test func schedulesThatDoNotWatchTheLossDoNotSeeIt() throws {
    struct Curious: Schedule, Component {
      static let typeName = "curious"
      init(from options: inout Options) {}
      func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
        progress.loss.isNaN ? 1 : 0
      }
    }
    var more = registry
    more.register(Curious.self)
    var options = Options(
      .map([("train", .map([("epochs", 3), ("schedule", "curious")]))]))
    let declared = try Declared(
      "model: [{type: dense, units: 1}]\nloss: squared_error\ntrain: {epochs: 1}")
    let training = try #require(TrainingDeclaration(from: &options, registry: more))
    let graph = try Graph(declared.model, inputShape: [2], registry: more)
    let rows = Rows()
    _ = try Trainer(
      graph, heads: declared.heads(graph, RecordEveryTests.data.target), training: training,
      data: RecordEveryTests.data, seed: 1
    ).run([rows])
    let rate = training.optimizer.learningRate
    #expect(rows.rows.map { $0.values[2] } == [rate, rate, rate])
  }
}
