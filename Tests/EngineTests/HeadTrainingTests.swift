import Datasets
import NNExp
import Standard
import TestSupport
import Testing

@testable import Engine

/// Trainings with several losses, some of whose targets are missing.
@Suite struct HeadTrainingTests {
  private static let text = """
    model:
      - {type: dense, units: 4, name: hidden, inputs: x}
      - {type: tanh, name: bent}
      - {type: dropout, rate: 0.2, name: drop}
      - {type: dense, units: 1, name: price}
      - {type: dense, units: 3, name: sold, inputs: drop}
    loss:
      price: {type: squared_error, missing_target: skip}
      sold: {type: cross_entropy, weight: 0.5, missing_target: skip}
    metrics: {price: [mean_absolute_error], sold: [accuracy]}
    """

  private static let targets = [
    TargetPort(name: "price", target: .values([1])), TargetPort(name: "sold", target: .classes(3)),
  ]

  /// Samples of which every third has no price and every fourth no class.
  private static func samples(_ count: Int, _ seed: UInt64) -> Dataset<Double> {
    let random = RandomStream(seed: seed, purpose: "test")
    var targets: [Double] = []
    for i in 0..<count {
      targets.append(i % 3 == 1 ? .nan : random.stream(1).normal(at: i))
      targets.append(i % 4 == 2 ? .nan : Double(random.stream(2).integer(below: 3, at: i)))
    }
    return Dataset(
      inputs: (0..<count * 2).map { random.normal(at: $0) }, targets: targets, count: count)
  }

  private static let data = RunDatasets(
    inputs: [Port("x", [2])], targets: targets, train: samples(22, 1), validation: samples(13, 2))

  private func trainer(
    _ train: String = "{epochs: 6, batch_size: 5}", data: RunDatasets<Double> = data
  ) throws -> Trainer<Double> {
    let declared = try Declared(HeadTrainingTests.text + "\ntrain: \(train)")
    let graph = try Graph(
      declared.model, ports: data.inputs, heads: declared.objective.heads,
      registry: standardRegistry)
    let heads = try declared.objective.bound(
      to: graph, targets: data.targets, registry: standardRegistry)
    return try Trainer(graph, heads: heads, training: declared.training, data: data, seed: 7)
  }

  private final class Rows: TrainingObserver {
    var rows: [[Double]] = []
    func rowRecorded(_ row: MetricRow) { rows.append(row.values) }
  }

  @Test func `columns are named after their heads`() throws {
    #expect(
      try trainer().columns.map(\.name) == [
        "epoch", "step", "learning_rate", "train_loss", "validation_loss",
        "train_price_loss", "validation_price_loss", "train_price_mean_absolute_error",
        "validation_price_mean_absolute_error", "train_sold_loss", "validation_sold_loss",
        "train_sold_accuracy", "validation_sold_accuracy",
      ])
    let heads = try trainer().columns.map(\.head)
    #expect(heads[5..<9].allSatisfy { $0 == "price" } && heads[9...].allSatisfy { $0 == "sold" })
  }

  @Test func `a monitored column can be one of a head`() throws {
    let trainer = try trainer(
      "{epochs: 2, early_stopping: {monitor: validation_sold_accuracy}}")
    #expect(trainer.monitor.name == "validation_sold_accuracy")
    #expect(trainer.monitor.largerIsBetter == true)
    #expect(try self.trainer().monitor.name == "validation_loss")
  }

  /// The evaluation of the trained network is computed independently, over the samples that
  /// have the target.
  @Test func `losses and metrics are means over the samples that have the target`() throws {
    let trainer = try trainer()
    let rows = Rows()
    _ = try trainer.run([rows])
    let last = try #require(rows.rows.last)
    let samples = HeadTrainingTests.samples(13, 2)
    let outputs = try trainer.evaluator.predict(samples)
    var (price, priceCount, error) = (0.0, 0, 0.0)
    for i in 0..<13 where !samples.targets[2 * i].isNaN {
      let d = outputs[0][i] - samples.targets[2 * i]
      price += d * d
      error += abs(d)
      priceCount += 1
    }
    var (right, soldCount) = (0, 0)
    for i in 0..<13 where !samples.targets[2 * i + 1].isNaN {
      let z = outputs[1][3 * i..<3 * i + 3]
      if z.max() == z[3 * i + Int(samples.targets[2 * i + 1])] { right += 1 }
      soldCount += 1
    }
    func value(_ name: String) throws -> Double {
      let index = try #require(trainer.columns.firstIndex { $0.name == name })
      return last[index]
    }
    #expect(priceCount == 9 && soldCount == 10)
    #expect(abs(try value("validation_price_loss") - price / 9) < 1e-14)
    #expect(abs(try value("validation_price_mean_absolute_error") - error / 9) < 1e-14)
    #expect(abs(try value("validation_sold_accuracy") - Double(right) / 10) < 1e-15)
    let total = try value("validation_price_loss") + 0.5 * value("validation_sold_loss")
    #expect(try value("validation_loss") == total)
  }

  @Test func `rows without the target of a head have no effect on it`() throws {
    // The same inputs: once with all prices missing in the second half, once without that half.
    let whole = HeadTrainingTests.samples(8, 3)
    var known = whole
    for i in 4..<8 { known.targets[2 * i] = .nan }
    let trainer = try trainer("{epochs: 1}", data: HeadTrainingTests.data)
    let first = try whole.held(0..<4)
    let (all, half) = try (
      trainer.evaluator.measure(known), trainer.evaluator.measure(first)
    )
    #expect(abs(all[0][0] - half[0][0]) < 1e-15)
    #expect(abs(all[0][1] - half[0][1]) < 1e-15)
  }

  @Test func `a head without any target in the samples has no value`() throws {
    var none = HeadTrainingTests.samples(4, 3)
    for i in 0..<4 { none.targets[2 * i] = .nan }
    let measured = try trainer("{epochs: 1}").evaluator.measure(none)
    #expect(measured[0][0].isNaN)
    #expect(measured[1][0].isFinite)
  }

  @Test func `an interrupted training resumes to the same bytes at any step`() throws {
    let rows = Rows()
    let uninterrupted = try trainer()
    _ = try uninterrupted.run([rows])
    /// Saves the state after some steps.
    final class Saver: TrainingObserver {
      let trainer: Trainer<Double>
      let step: Int
      var saved: (state: TrainingState<Double>, numbers: [[Double]])?
      init(_ trainer: Trainer<Double>, _ step: Int) { (self.trainer, self.step) = (trainer, step) }
      func stateCanBeSaved(_ opportunity: CheckpointOpportunity) {
        guard trainer.step >= step, saved == nil, let state = trainer.state() else { return }
        saved = (
          state,
          trainer.network.learned.map { learned in
            learned.tensor.indices.map { learned.tensor[$0] }
          }
        )
      }
    }
    for epochs in 1...4 {
      let before = Rows()
      let first = try trainer("{epochs: 6, batch_size: 5, checkpoint: {every: \(epochs) epochs}}")
      let saver = Saver(first, 5 * epochs)
      _ = try first.run([before, saver])
      let saved = try #require(saver.saved)
      let second = try trainer()
      for (learned, values) in zip(second.network.learned, saved.numbers) {
        for (i, value) in values.enumerated() { learned.tensor[i] = value }
      }
      try second.restore(from: saved.state)
      let after = Rows()
      _ = try second.run([after])
      let epoch = saved.state.counts[.epoch] ?? 0
      #expect(
        after.rows.map { $0.map(\.bitPattern) }
          == rows.rows.dropFirst(epoch).map { $0.map(\.bitPattern) }, "epoch \(epoch)")
    }
  }

  @Test func `penalties of a shared tensor count once`() throws {
    func losses(_ shared: String) throws -> Double {
      let declared = try Declared(
        """
        model:
          - {type: dense, units: 2, name: left, inputs: a, bias: false, l2: 0.5}
          - {type: dense, units: 2, name: right, inputs: b, bias: false\(shared)}
          - {type: add, inputs: [left, right], name: sum}
        loss: squared_error
        train: {epochs: 1, optimizer: {type: sgd, learning_rate: 1}}
        """)
      let graph = try Graph(
        declared.model, ports: [Port("a", [2]), Port("b", [2])], registry: standardRegistry)
      let zeros = Dataset<Double>(inputs: [0, 0, 0, 0], targets: [0, 0], count: 1)
      let data = RunDatasets(
        inputs: [Port("a", [2]), Port("b", [2])], targets: [TargetPort(target: .values([2]))],
        train: zeros)
      let trainer = try Trainer(
        graph, heads: declared.heads(graph, .values([2])), training: declared.training,
        data: data, seed: 1)
      let before = trainer.network.parameters[0]
      _ = try trainer.run()
      // w − rate · λ₂ w
      return trainer.network.parameters[0] / before
    }
    #expect(try losses(", parameters: {weight: left.weight}") == 0.5)
  }
}
