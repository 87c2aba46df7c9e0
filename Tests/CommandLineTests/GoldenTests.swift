import Foundation
import TestSupport
import Testing

/// `expect: {metrics: golden/xor.csv}`: a run is compared with a stored table.
@Suite struct GoldenTests {
  private static let experiment = """
    name: xor
    data: {inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}}
    model: [{type: dense, units: 2}, sigmoid, {type: dense, units: 1}]
    loss: squared_error
    train: {optimizer: {type: sgd, learning_rate: 0.5}, epochs: 3, batch_size: full}
    gradient_check: false
    expect: {metrics: golden/xor.csv, tolerance: 1e-9}

    """

  /// Calls the test with a tool whose folder contains `e/xor.yaml` and its golden file, which
  /// is that of a run after `changed`.
  private func withTool(
    changed: (String) -> String = { $0 }, _ body: (Tool) throws -> Void
  ) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(GoldenTests.experiment, to: "e/xor.yaml")
    try tool.run("run", "e/xor.yaml", "expect.metrics=null", "--output", "first")
    try tool.write(changed(tool.read("first/metrics.csv")), to: "e/golden/xor.csv")
    try body(tool)
  }

  @Test func anEqualRunMeetsTheExpectation() throws {
    try withTool { tool in
      let result = try tool.run("run", "e/xor.yaml")
      #expect(result.code == 0)
      #expect(result.output.contains("1 of 1 expectations met\n"))
    }
  }

  /// Columns that are missing and line ends have no effect, nor do numbers within the
  /// tolerance.
  @Test func missingColumnsLineEndsAndSmallDifferencesDoNotMatter() throws {
    let numbers = { (text: String) in
      text.split(separator: "\n").map { row in
        row.split(separator: ",", omittingEmptySubsequences: false)[1...2].joined(separator: ",")
      }.joined(separator: "\r\n").replacingOccurrences(of: ",0.5", with: ",0.5000000009")
    }
    try withTool(changed: numbers) { tool in
      let golden = try tool.read("e/golden/xor.csv")
      #expect(golden.hasPrefix("step,learning_rate\r\n1,0.5000000009"))
      #expect(try tool.run("run", "e/xor.yaml", "-q").code == 0)
    }
  }

  @Test func eachDifferenceIsReportedWithItsRow() throws {
    let changed = { (text: String) in
      text.replacingOccurrences(of: "2,2,0.5,", with: "2,7,0.25,")
        .replacingOccurrences(of: ",\n", with: ",8\n").replacingOccurrences(
          of: "validation_loss,8", with: "validation_loss")
    }
    try withTool(changed: changed) { tool in
      let result = try tool.run("run", "e/xor.yaml", "-q")
      #expect(result.code == 1)
      #expect(
        result.errors == """
          e/xor.yaml:7:19: error: metrics.csv differs from 'golden/xor.csv': 5 of 15 numbers \
          differ by more than 1e-09
              expect: {metrics: golden/xor.csv, tolerance: 1e-9}
                                ^
          note: row 1 (epoch 1), validation_loss: expected 8, found nothing
          note: row 2 (epoch 2), step: expected 7, found 2, off by 5
          note: row 2 (epoch 2), learning_rate: expected 0.25, found 0.5, off by 0.25
          note: row 2 (epoch 2), validation_loss: expected 8, found nothing
          note: row 3 (epoch 3), validation_loss: expected 8, found nothing
          note: if the change is intended: cp results/xor/run-0001/metrics.csv e/golden/xor.csv

          """)
      let summary = try tool.read("results/xor/run-0001/summary.json")
      #expect(summary.contains("\"status\": \"fell_short\""))
      #expect(summary.contains("\"bound\": \"golden/xor.csv\""))
    }
  }

  @Test func anotherNumberOfRowsIsReported() throws {
    try withTool { tool in
      let result = try tool.run("run", "e/xor.yaml", "-q", "train.epochs=2")
      #expect(
        result.errors == """
          e/xor.yaml:7:19: error: metrics.csv differs from 'golden/xor.csv': 2 rows instead of 3
              expect: {metrics: golden/xor.csv, tolerance: 1e-9}
                                ^
          note: if the change is intended: cp results/xor/run-0001/metrics.csv e/golden/xor.csv

          """)
    }
  }

  /// Errors that are found before anything is created; `nil` for a missing file.
  @Test(arguments: [
    (
      String?.none,
      """
      e/xor.yaml:7:19: error: no such file: 'e/golden/xor.csv'
          expect: {metrics: golden/xor.csv, tolerance: 1e-9}
                            ^
      note: to make it: run with expect.metrics=null, then copy the run's metrics.csv to \
      'e/golden/xor.csv'

      """
    ),
    (
      "epoch,train_los\n1,2\n",
      """
      e/golden/xor.csv:1:7: error: nothing measures 'train_los'; did you mean 'train_loss'?
          epoch,train_los
                ^
      note: the columns are: epoch, step, learning_rate, train_loss, validation_loss

      """
    ),
    (
      "epoch,step\n1,2\n2,x\n",
      """
      e/golden/xor.csv:3:3: error: expected a number, found 'x'
          2,x
            ^

      """
    ),
    (
      "epoch,step\n1,2,3\n",
      """
      e/golden/xor.csv:2:1: error: a row of 3 cells under 2 columns
          1,2,3
          ^

      """
    ),
    (
      "epoch,step\n",
      "e/golden/xor.csv:1:1: error: 'e/golden/xor.csv' has no rows under its header\n    epoch,step\n    ^\n"
    ),
    ("", "e/golden/xor.csv:1:1: error: 'e/golden/xor.csv' has no rows under its header\n"),
    (
      "epoch,epoch\n1,1\n",
      """
      e/golden/xor.csv:1:7: error: the column 'epoch' occurs twice
          epoch,epoch
                ^

      """
    ),
  ])
  func aWrongGoldenFileIsReportedBeforeTheRun(_ golden: String?, _ message: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(GoldenTests.experiment, to: "e/xor.yaml")
    if let golden { try tool.write(golden, to: "e/golden/xor.csv") }
    let result = try tool.run("run", "e/xor.yaml")
    #expect(result.code == 2)
    #expect(result.errors == message)
    #expect(!tool.exists("results"))
  }

  @Test(arguments: [
    ("{tolerance: 1}", "tolerance is that of 'metrics', which is missing"),
    ("{metrics: [1]}", "metrics must be the path of a CSV file, found a list"),
    (
      "{metrics: golden/xor.csv, tolerance: -1}",
      "tolerance must be a finite number ≥ 0, found the number -1"
    ),
    (
      "{metrics: golden/xor.csv, tolerance: .inf}",
      "tolerance must be a finite number ≥ 0, found the number .inf"
    ),
  ])
  func aWrongExpectationIsReported(_ expect: String, _ message: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      GoldenTests.experiment.replacingOccurrences(
        of: "{metrics: golden/xor.csv, tolerance: 1e-9}", with: expect), to: "xor.yaml")
    let result = try tool.run("run", "xor.yaml")
    #expect(result.code == 2)
    #expect(result.errors.contains("error: \(message)\n"), "\(result.errors)")
    #expect(tool.contents == ["xor.yaml"])
  }
}
