import Foundation
import NNExp
import Results
import TestSupport
import Testing

/// Whether larger values of a column are better is a property of the metric, independent of its
/// name.
@Suite struct MetricDirectionTests {
  /// `fit` is r2, and `bad_fit` an error, whose name ends with the other.
  private let text = """
    name: fits
    seed: 3
    data:
      generated: {type: sine, samples: 40}
      split: {validation: 0.4}
    model: [{type: dense, units: 8}, tanh, {type: dense, units: 1}]
    loss: squared_error
    metrics: [{type: r2, name: fit}, {type: mean_absolute_error, name: bad_fit}]
    gradient_check: false
    train:
      optimizer: {type: sgd, learning_rate: 0.05}
      batch_size: 8
      epochs: 30
      early_stopping: {monitor: train_bad_fit, patience: 30}

    """

  private func table(_ runs: RunsFolder, _ name: String) throws -> CSVTable {
    try CSVTable(#require(runs.bytes("\(name)/metrics.csv")), path: "metrics.csv")
  }

  @Test(arguments: ["train_fit", "train_bad_fit", "validation_fit", "validation_bad_fit"])
  func theBestEpochHasTheBestValue(monitor: String) throws {
    let runs = RunsFolder()
    try runs.run(text, "run", overrides: ["train.early_stopping.monitor=\(monitor)"])
    let summary = try Summary(of: RunDirectory.open(runs.folder("run")))
    let best = try #require(summary.best.first { $0.column.name == monitor })
    let table = try table(runs, "run")
    let index = try #require(table.index(of: monitor))
    let values = table.rows.compactMap { $0[index] }
    let isError = monitor.hasSuffix("bad_fit")
    #expect(best.value == (isError ? values.min() : values.max()))
    #expect(best.column.largerIsBetter == !isError)
    #expect(best.epoch == values.firstIndex(of: best.value)! + 1)
  }

  @Test func theRunRecordsItsColumns() throws {
    let runs = RunsFolder()
    try runs.run(text, "run")
    let summary = try Summary(of: RunDirectory.open(runs.folder("run")))
    #expect(
      summary.final.map(\.column) == [
        .loss(.train), .loss(.validation),
        MetricColumn(.train, quantity: "fit", largerIsBetter: true),
        MetricColumn(.validation, quantity: "fit", largerIsBetter: true),
        MetricColumn(.train, quantity: "bad_fit", largerIsBetter: false),
        MetricColumn(.validation, quantity: "bad_fit", largerIsBetter: false),
      ])
    #expect(try table(runs, "run").columns.suffix(6) == summary.final.map(\.column.name))
  }

  /// An epoch that is not due can be the best one: it has a row all the same.
  @Test func theBestEpochHasARow() throws {
    let runs = RunsFolder()
    let overrides = [
      "train.optimizer.learning_rate=0.2", "train.early_stopping.monitor=validation_fit",
    ]
    try runs.run(text, "whole", overrides: overrides)
    try runs.run(text, "sparse", overrides: overrides + ["+train.record_every=30"])
    let (whole, sparse) = (
      try Summary(of: RunDirectory.open(runs.folder("whole"))),
      try Summary(of: RunDirectory.open(runs.folder("sparse")))
    )
    #expect(sparse.best == whole.best)
    #expect(sparse.final == whole.final)
    #expect(runs.bytes("sparse/checkpoints/best.nnx") == runs.bytes("whole/checkpoints/best.nnx"))
    let epoch = try #require(whole.best.first?.epoch)
    #expect(epoch < 30)
    let rows = try table(runs, "sparse").rows
    #expect(rows.map { $0[0] } == [Double(epoch), 30])
    #expect(try rows[0] == table(runs, "whole").rows[epoch - 1])
    try runs.run(
      text, "last", overrides: overrides + ["+train.record_every=30", "+train.deliver=last"])
    #expect(try table(runs, "last").rows.map { $0[0] } == [30])
  }
}
