import Datasets
import NNExp
import TestSupport
import Testing

@testable import Engine

/// The columns per layer that `record:` adds.
@Suite struct LayerRecordTests {
  /// y = W x + b, then y = V h: L = (y − t)², with two samples in two steps.
  private static let data = RunDatasets<Double>(
    inputShape: [2], target: .values([1]),
    train: Dataset(inputs: [1, 2, 3, 1], targets: [1, 2], count: 2))

  private final class Rows: TrainingObserver {
    var rows: [MetricRow] = []
    func rowRecorded(_ row: MetricRow) { rows.append(row) }
  }

  private func rows(_ record: String, epochs: Int = 2) throws -> [MetricRow] {
    let declared = try Declared(
      """
      model:
        - {type: dense, units: 1, name: first, frozen: [bias],
           initial: {weight: {values: [[0.5, -0.25]]}, bias: {constant: 2}}}
        - {type: dense, units: 1, bias: false, name: second, initial: {weight: {values: [[3]]}}}
      loss: squared_error
      train:
        optimizer: {type: sgd, learning_rate: 0.01}
        epochs: \(epochs)
        batch_size: 1
        sampling: sequential
        \(record)
      """)
    let graph = try Graph(declared.model, inputShape: [2], registry: registry)
    let trainer = try Trainer(
      graph, heads: declared.heads(graph, Self.data.target), training: declared.training,
      data: Self.data, seed: 1)
    let rows = Rows()
    _ = try trainer.run([rows])
    return rows.rows
  }

  @Test func theSizesAreThoseOfACalculationByHand() throws {
    let all = try rows("record: [weight_norm, gradient_norm, update_ratio]")
    #expect(
      all[0].columns.suffix(6).map(\.name) == [
        "first_weight_norm", "second_weight_norm", "first_gradient_norm", "second_gradient_norm",
        "first_update_ratio", "second_update_ratio",
      ])
    #expect(
      all[0].columns.suffix(6).map(\.head) == [
        "first", "second", "first", "second", "first", "second",
      ])
    // The same training as scalars.
    var (w1, w2, v) = (0.5, -0.25, 3.0)
    for row in all {
      var found: [Double] = []
      for (x1, x2, t) in [(1.0, 2.0, 1.0), (3, 1, 2)] {
        let h = w1 * x1 + w2 * x2 + 2
        let slope = 2 * (v * h - t)
        let (g1, g2, gv) = (slope * v * x1, slope * v * x2, slope * h)
        let (size, sizeOfV) = ((w1 * w1 + w2 * w2).squareRoot(), abs(v))
        w1 -= 0.01 * g1
        w2 -= 0.01 * g2
        v -= 0.01 * gv
        let gradient = (g1 * g1 + g2 * g2).squareRoot()
        found = [
          (w1 * w1 + w2 * w2 + 4).squareRoot(), abs(v), gradient, abs(gv),
          0.01 * gradient / size, 0.01 * abs(gv) / sizeOfV,
        ]
      }
      for (value, expected) in zip(row.values.suffix(6), found) {
        #expect(abs(value - expected) <= 1e-12 * abs(expected))
      }
    }
  }

  @Test func recordingChangesNothingElse() throws {
    let without = try rows("")
    let with = try rows("record: [update_ratio, gradient_norm]")
    for (a, b) in zip(without, with) {
      #expect(a.columns == Array(b.columns.dropLast(4)))
      #expect(a.values.map(\.bitPattern) == b.values.dropLast(4).map(\.bitPattern))
    }
  }

  @Test func aWrongQuantityIsAnError() throws {
    let error = #expect(throws: Diagnostics.self) { try rows("record: [weight_norms]") }
    #expect(
      error?.description.contains("unknown quantity 'weight_norms'; did you mean 'weight_norm'?")
        == true)
  }
}
