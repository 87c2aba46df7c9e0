import ExperimentFile
import NNExp
import TestSupport
import Testing

/// Names of metrics are parts of columns, and are checked where they are declared.
@Suite struct MetricNameTests {
  /// The errors of an experiment whose first line is this one.
  private func error(_ line: String, _ registry: Registry = registry) -> String {
    errorText {
      try Experiment(Array(completed(line).utf8), path: "a.yaml", registry: registry)
    }
  }

  @Test(arguments: [
    (
      "loss", 40,
      """
      the name is reserved, as are input, type, epoch, step, learning_rate, train, validation, \
      test
      """
    ),
    (
      "train", 40,
      """
      the name is reserved, as are input, loss, type, epoch, step, learning_rate, validation, test
      """
    ),
    (
      "'bad,fit'", 40,
      """
      a name has lowercase letters, digits and '_', and starts with a letter; did you mean \
      'bad_fit'?
      """
    ),
    (
      "R² Score", 40,
      """
      a name has lowercase letters, digits and '_', and starts with a letter; did you mean \
      'r_score'?
      """
    ),
    ("'12'", 40, "a name has lowercase letters, digits and '_', and starts with a letter"),
    ("''", 40, "the name is empty"),
    (
      "e\u{301}", 40,
      """
      a name has lowercase letters, digits and '_', and starts with a letter; did you mean 'e'?
      """
    ),
  ])
  func anInvalidMetricNameIsReported(name: String, column: Int, reason: String) {
    let line = "metrics: [{type: accuracy, name: \(name)}]"
    let bare = name.filter { $0 != "'" }
    #expect(
      error(line).hasPrefix(
        """
        a.yaml:1:\(column - 6): error: a metric cannot be named '\(bare)': \(reason)
            \(line)
            \(String(repeating: " ", count: column - 7))^
        note: without a name it is called 'accuracy'
        """), "\(error(line))")
  }

  @Test func aMetricNameThatIsTooLongIsReported() {
    let name = String(repeating: "x", count: 65)
    #expect(
      error("metrics: [{type: accuracy, name: \(name)}]").contains(
        "a metric cannot be named '\(name)': the name has 65 bytes, more than 64\n"))
    #expect(error("metrics: [{type: accuracy, name: \(name.dropLast())}]") == "no error")
  }

  /// A plugin's type may have any name, but the name of a column is checked.
  @Test func aTypeWithAnInvalidNameNeedsAMetricName() throws {
    struct Other: Metric, Component {
      static let typeName = "F1-Score"
      let isBetterHigher = true
      init(from options: inout Options) {}
      func plan(output: Shape, target: Target) -> Int { 1 }
      func add(_ pass: MetricPass<Float>) {}
      func add(_ pass: MetricPass<Double>) {}
      func value(of tally: Tensor<Double>) -> Double { 0 }
    }
    var more = registry
    more.register(Other.self)
    #expect(
      error("metrics: [accuracy, F1-Score]", more) == """
        a.yaml:1:21: error: a metric cannot be named 'F1-Score': a name has lowercase letters, \
        digits and '_', and starts with a letter; did you mean 'f1_score'?
            metrics: [accuracy, F1-Score]
                                ^
        note: give it a name: {type: F1-Score, name: …}
        """)
    #expect(error("metrics: [{type: F1-Score, name: f1_score}]", more) == "no error")
  }

  @Test func twoMetricsOfOneNameAreReported() {
    #expect(
      error("metrics: [accuracy, {type: r2, name: accuracy}]") == """
        a.yaml:1:21: error: the metric 'accuracy' is named twice
            metrics: [accuracy, {type: r2, name: accuracy}]
                                ^
        """)
  }

  /// Version 0.1.0 accepted any name, and its runs can still be used.
  @Test func aRunOfAnEarlierVersionKeepsItsNames() throws {
    let text = completed("name: a\nmetrics: [{type: r2, name: 'My, Score'}]")
    let read = try Experiment(
      resolved: Array(text.utf8), path: "a.yaml", name: "resolved.yaml", registry: registry)
    #expect(read.objective.metricNames == [["My, Score"]])
  }
}
