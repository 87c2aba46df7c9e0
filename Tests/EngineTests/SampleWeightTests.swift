import Datasets
import NNExp
import TestSupport
import Testing

@testable import Engine

/// A weight per sample, compared with PyTorch in float64 and with repeated samples.
/// `Tests/References/pytorch_weights.py` wrote the reference values.
@Suite struct SampleWeightTests {
  private struct Reference: Decodable {
    struct Case: Decodable {
      let name: String
      let loss: String
      let outputs: Int
      let initial: [[Double]]
      let targets: [Double]
      let train: [Double]
      let measured: [Double]
      let parameters: [[Double]]
    }
    let inputs: [Double]
    let weights: [Double]
    let cases: [Case]
  }

  private static let reference: Reference = try! Repository.reference("pytorch_weights.json")

  private final class Course: TrainingObserver {
    weak var trainer: Trainer<Double>?
    var rows: [[Double]] = []
    var parameters: [[Double]] = []

    func rowRecorded(_ row: MetricRow) {
      rows.append(row.values)
      if let w = trainer?.network.parameters { parameters.append(w.indices.map { w[$0] }) }
    }
  }

  /// Samples whose targets are followed by their weights; none without weights.
  private func dataset(_ targets: [Double], weights: [Double]?, rows: [Int]) -> Dataset<Double> {
    let inputs = SampleWeightTests.reference.inputs
    let width = targets.count / (inputs.count / 3)
    return Dataset(
      inputs: rows.flatMap { inputs[3 * $0..<3 * $0 + 3] },
      targets: rows.flatMap { row in
        Array(targets[width * row..<width * (row + 1)]) + (weights.map { [$0[row]] } ?? [])
      }, count: rows.count)
  }

  private func train(
    _ wanted: Reference.Case, weights: [Double]?, rows: [Int], batch: String = "3",
    target: Target? = nil, loss: String? = nil
  ) throws -> Course {
    func list(_ index: Int) -> String {
      "[" + wanted.initial[index].map { shortest($0) }.joined(separator: ", ") + "]"
    }
    let declared = try Declared(
      """
      model:
        - {type: dense, units: 4, initial: {weight: {values: \(list(0))}, bias: {values: \(list(1))}}}
        - tanh
        - type: dense
          units: \(wanted.outputs)
          initial: {weight: {values: \(list(2))}, bias: {values: \(list(3))}}
      loss: {type: \(loss ?? wanted.loss)}
      metrics: []
      train:
        {optimizer: {type: sgd, learning_rate: 0.05}, epochs: 4, batch_size: \(batch),
         sampling: sequential}
      """)
    let target = target ?? (wanted.outputs == 2 ? .values([2]) : .classes(3))
    let samples = dataset(wanted.targets, weights: weights, rows: rows)
    let data = RunDatasets<Double>(
      inputShape: [3], target: target, train: samples, validation: samples)
    let graph = try Graph(declared.model, inputShape: [3], registry: registry)
    let heads = try declared.objective.bound(
      to: graph, targets: data.targets, isWeighted: weights != nil, registry: registry)
    let trainer = try Trainer(
      graph, heads: heads, training: declared.training, data: data, seed: 0)
    let course = Course()
    course.trainer = trainer
    _ = try trainer.run([course])
    return course
  }

  private func expectClose(_ found: [Double], _ wanted: [Double], _ what: String) {
    #expect(found.count == wanted.count, "\(what)")
    let largest = wanted.map(abs).max() ?? 0
    for (a, b) in zip(found, wanted) {
      #expect(abs(a - b) <= 1e-12 * largest, "\(what): \(a), expected \(b)")
    }
  }

  @Test func `losses and parameters are PyTorch's for each reduction`() throws {
    let reference = SampleWeightTests.reference
    #expect(reference.cases.count == 6)
    for wanted in reference.cases {
      let found = try train(wanted, weights: reference.weights, rows: Array(0..<7))
      expectClose(found.rows.map { $0[3] }, wanted.train, wanted.name)
      expectClose(found.rows.map { $0[4] }, wanted.measured, wanted.name)
      for (epoch, parameters) in wanted.parameters.enumerated() {
        expectClose(found.parameters[epoch], parameters, "\(wanted.name), epoch \(epoch + 1)")
      }
    }
  }

  @Test func `a whole number as weight repeats the sample, and 0 leaves it out`() throws {
    for wanted in SampleWeightTests.reference.cases {
      let weights: [Double] = [2, 1, 0, 3, 1, 1, 0]
      let weighted = try train(wanted, weights: weights, rows: Array(0..<7), batch: "full")
      let rows = (0..<7).flatMap { Array(repeating: $0, count: Int(weights[$0])) }
      let repeated = try train(wanted, weights: nil, rows: rows, batch: "full")
      for (a, b) in zip(weighted.rows, repeated.rows) { expectClose(a, b, wanted.name) }
      for (a, b) in zip(weighted.parameters, repeated.parameters) {
        expectClose(a, b, wanted.name)
      }
    }
  }

  @Test func `a sample that lacks its target adds no weight`() throws {
    var wanted = SampleWeightTests.reference.cases[0]
    let lacking = wanted.targets.enumerated().map { $0 / 2 == 4 ? Double.nan : $1 }
    wanted = .init(
      name: wanted.name, loss: wanted.loss, outputs: 2, initial: wanted.initial,
      targets: lacking, train: [], measured: [], parameters: [])
    let weights = SampleWeightTests.reference.weights
    let loss = "squared_error, missing_target: skip"
    let skipped = try train(
      wanted, weights: weights, rows: Array(0..<7), batch: "full", loss: loss)
    let left = try train(
      wanted, weights: weights, rows: [0, 1, 2, 3, 5, 6], batch: "full", loss: loss)
    for (a, b) in zip(skipped.rows, left.rows) { expectClose(a, b, "rows") }
    for (a, b) in zip(skipped.parameters, left.parameters) { expectClose(a, b, "parameters") }
  }

  @Test func `a batch without weight changes nothing`() throws {
    let wanted = SampleWeightTests.reference.cases[0]
    let found = try train(
      wanted, weights: [0, 0, 0, 1, 1, 1, 1], rows: Array(0..<7), batch: "3")
    let left = try train(wanted, weights: nil, rows: [3, 4, 5, 6], batch: "3")
    for (a, b) in zip(found.parameters, left.parameters) { expectClose(a, b, "parameters") }
    expectClose(found.rows.map { $0[3] }, left.rows.map { $0[3] }, "losses")
  }
}
