import Engine
import ExperimentFile
import GradientCheck
import NNExp
import Results

/// The results of a run, compared with its expectations.
struct RunReport<S: Scalar> {
  private let prepared: PreparedExperiment<S>
  var checks: [GradientReport] = []
  /// The differences between metrics.csv and the golden file; nil if there are none.
  var goldenDifference: Diagnostic?

  private var experiment: Experiment { prepared.experiment }
  private var trainer: Trainer<S> { prepared.trainer }

  init(_ prepared: PreparedExperiment<S>) { self.prepared = prepared }

  func summary(_ status: Summary.Status) -> Summary {
    let graph = prepared.graph
    // Before the first row, readers of a run that trains learn its columns from the summary.
    let row =
      trainer.newestRow.isEmpty
      ? [Double](repeating: .nan, count: trainer.columns.count) : trainer.newestRow
    // The metrics, and the columns of layers.
    let final = zip(trainer.columns, row).filter { $0.0.split != nil || $0.0.head != nil }
    var best: [Summary.Best] = []
    if let epoch = trainer.best?.epoch {
      best = zip(trainer.columns, trainer.bestRow).compactMap { column, value in
        column.split == nil || value.isNaN ? nil : Summary.Best(column, value, epoch: epoch)
      }
    }
    let isOver = status == .completed || status == .fellShort
    return Summary(
      status: status, epochs: trainer.epoch, steps: trainer.step,
      delivered: trainer.newestRow.isEmpty ? nil : delivered,
      final: final.map { Summary.Final($0, $1.isNaN ? nil : $1) }, best: best,
      expectations: isOver ? verdicts : [], trainableParameters: graph.trainableCount,
      frozenParameters: graph.parameterCount - graph.trainableCount)
  }

  /// The weights that the outputs are computed with.
  var delivered: Summary.Delivered {
    let delivered = trainer.delivered
    return Summary.Delivered(
      weights: delivered.weights.rawValue, epoch: delivered.epoch,
      column: delivered.weights == .best ? trainer.monitor.name : nil)
  }

  /// Each expectation with its result.
  var verdicts: [Summary.Expectation] {
    var verdicts = experiment.expectations.map { expectation in
      let value = value(of: expectation)
      return Summary.Expectation(
        expectation.column, bound: expectation.text, found: value.isNaN ? .null : .number(value),
        isMet: expectation.holds(value))
    }
    if let golden = experiment.golden {
      verdicts.append(
        Summary.Expectation(
          "metrics", bound: golden.written, found: goldenDifference == nil ? "equal" : "different",
          isMet: goldenDifference == nil))
    }
    if experiment.expectsGradientCheck {
      let passes = !checks.isEmpty && checks.allSatisfy(\.passes)
      verdicts.append(
        Summary.Expectation(
          "gradient_check", bound: "pass",
          found: checks.isEmpty ? "not made" : (passes ? "pass" : "fail"), isMet: passes))
    }
    return verdicts
  }

  /// The value in the row of the delivered weights; NaN if there is none.
  private func value(of expectation: Expectation) -> Double {
    if expectation.column == Expectation.epochs { return Double(trainer.epoch) }
    return zip(trainer.columns, trainer.delivered.row)
      .first { $0.0.name.hasSameBytes(as: expectation.column) }?.1 ?? .nan
  }

  /// Each expectation that is not met, with the message to show, or nil if it has been shown.
  var shortfalls: [(reason: String, message: String?)] {
    var shortfalls: [(reason: String, message: String?)] = []
    for expectation in experiment.expectations {
      let value = value(of: expectation)
      if expectation.holds(value) { continue }
      let reason = "\(expectation.column) is \(brief(value)), expected \(expectation.text)"
      shortfalls.append(
        (reason, "\(Diagnostic(reason, at: expectation.location, failure: .shortfall))"))
    }
    if let goldenDifference {
      shortfalls.append((goldenDifference.message, "\(goldenDifference)"))
    }
    let isGuard = prepared.gradientCheck.isGuard
    for report in checks where isGuard ? report.outcome == .failed : !report.passes {
      shortfalls.append(("the gradient check at the \(report.at) did not pass", nil))
    }
    if experiment.expectsGradientCheck, checks.isEmpty {
      let reason = "gradient_check is expected to pass, and none was made"
      shortfalls.append((reason, "error: \(reason)"))
    }
    return shortfalls
  }

  /// The values of the last row and of the best row, the better direction, and the value of a
  /// prediction that is based only on the targets of the training data.
  var table: String {
    let baseline = self.baseline
    var rows = [
      ["", "last", trainer.best.map { "best (epoch \($0.epoch))" } ?? "", "better", "baseline"]
    ]
    for (index, column) in trainer.columns.enumerated()
    where column.split != nil && trainer.newestRow.indices.contains(index) {
      let value = trainer.newestRow[index]
      if value.isNaN { continue }
      let best = trainer.bestRow.indices.contains(index) ? brief(trainer.bestRow[index]) : ""
      let direction = column.largerIsBetter.map { $0 ? "higher" : "lower" } ?? ""
      let other = baseline[column.name].map { $0.isNaN ? "" : brief($0) } ?? ""
      rows.append([column.name, brief(value), best, direction, other])
    }
    return Running.table(rows, rightAligned: [1, 2, 4])
  }

  /// By column, the value for predictions by the shares of the classes or by the mean of the
  /// training data.
  private var baseline: [String: Double] {
    guard prepared.heads.contains(where: { !$0.metrics.isEmpty }),
      let baseline = try? Baseline(prepared.heads, train: prepared.data.train)
    else { return [:] }
    var values: [String: Double] = [:]
    for split in MetricColumn.Split.allCases {
      guard let samples = prepared.samples(of: split.rawValue),
        let measured = try? baseline.measure(samples)
      else { continue }
      for (head, found) in zip(prepared.heads, measured) {
        for (column, value) in zip(head.columns(of: split).dropFirst(), found) {
          values[column.name] = value
        }
      }
    }
    return values
  }
}
