import Files
import NNExp
import Results
import Testing

@testable import Sweeps

/// sweep.csv and sweep_summary.csv, from the rows of the run folders.
@Suite struct SweepTableTests {
  private func row(
    _ number: Int, _ status: TrialRow.Status, seed: Int, _ values: [String], loss: Double? = nil,
    accuracy: Double? = nil, exitStatus: Int? = 0, error: String? = nil
  ) -> TrialRow {
    let isThere = loss != nil
    return TrialRow(
      number: number, run: "r/trials/\(number)", status: status, exitStatus: exitStatus,
      error: error, seed: seed, values: values, epochs: 10,
      final: isThere
        ? [
          .init(.loss(.train), loss), .init(.loss(.validation), nil),
          .init(MetricColumn(.train, quantity: "acc", largerIsBetter: true), accuracy),
        ]
        : [],
      best: isThere ? [.init(.loss(.train), (loss ?? 0) / 2, epoch: 7)] : [],
      seconds: isThere ? 0.5 : nil)
  }

  private var rows: [TrialRow] {
    [
      row(1, .completed, seed: 0, ["1", "0", "a, b"], loss: 1, accuracy: 0.5),
      row(2, .fellShort, seed: 1, ["1", "1", "a, b"], loss: 2, exitStatus: 1, error: "2 \"big\""),
      row(3, .completed, seed: 2, ["1", "2", "a, b"], loss: 6, accuracy: 1),
      row(4, .failed, seed: 0, ["2", "0", ""], exitStatus: 134, error: "killed"),
      row(5, .stopped, seed: 1, ["2", "1", ""], loss: 100),
      row(6, .completed, seed: 2, ["2", "2", ""], loss: 0.25, accuracy: 1),
      row(7, .pending, seed: 0, ["3", "0", ""], exitStatus: nil),
    ]
  }

  /// One row per trial, including failed ones; the seed has one column.
  @Test func theTableHasOneRowPerTrial() throws {
    #expect(
      try rows.csv(parameters: ["rate", "seed", "note"]) == """
        trial,run,status,exit_status,error,seed,rate,note,train_loss,validation_loss,train_acc,\
        best_train_loss,best_epoch,seconds
        1,r/trials/1,completed,0,,0,1,"a, b",1,,0.5,0.5,7,0.5
        2,r/trials/2,fell_short,1,"2 ""big""\",1,1,"a, b",2,,,1,7,0.5
        3,r/trials/3,completed,0,,2,1,"a, b",6,,1,3,7,0.5
        4,r/trials/4,failed,134,killed,0,2,,,,,,,
        5,r/trials/5,stopped,0,,1,2,,100,,,50,7,0.5
        6,r/trials/6,completed,0,,2,2,,0.25,,1,0.125,7,0.5
        7,r/trials/7,pending,,,0,3,,,,,,,

        """)
  }

  /// Fault 50: a value from a file and a message of another program are each on one line,
  /// without control characters.
  @Test func controlsAreVisible() throws {
    let rows = [row(1, .failed, seed: 0, ["a\r\u{1B}[31m"], exitStatus: 2, error: "x\n\u{0}::y")]
    #expect(
      try rows.csv(parameters: ["p\u{7}"]) == """
        trial,run,status,exit_status,error,seed,p\\x07,best_epoch,seconds
        1,r/trials/1,failed,2,x\\n\\x00::y,0,a\\r\\x1B[31m,,

        """)
    #expect(
      try rows.summaryCSV(parameters: ["p\u{7}"]) == """
        p\\x07,trials,n
        a\\r\\x1B[31m,1,0

        """)
  }

  /// Grouped by everything except the seed, over the trials that ended.
  @Test func theSummaryHasOneRowPerGroup() throws {
    let lines = try rows.summaryCSV(parameters: ["rate", "seed", "note"]).split(separator: "\n")
    #expect(
      lines[0] == """
        rate,note,trials,n,train_loss_mean,train_loss_sd,train_loss_low95,train_loss_high95,\
        validation_loss_mean,validation_loss_sd,validation_loss_low95,validation_loss_high95,\
        train_acc_mean,train_acc_sd,train_acc_low95,train_acc_high95
        """)
    // The intervals are those of SciPy.
    let first = lines[1].split(separator: ",", omittingEmptySubsequences: false)
    #expect(first.prefix(5) == ["1", "\"a", " b\"", "3", "3"])
    let numbers = first.dropFirst(5).map { Double($0) }
    let expected: [Double?] = [
      3, 2.6457513110645907, -3.572410607728428, 9.572410607728429, nil, nil, nil, nil, 0.75,
      0.3535533905932738, -2.4265511840436735, 3.9265511840436735,
    ]
    #expect(numbers.count == expected.count)
    for (found, value) in zip(numbers, expected) {
      #expect(value == nil ? found == nil : abs(found! - value!) < 1e-8, "\(found ?? .nan)")
    }
    #expect(lines.dropFirst(2) == ["2,,3,1,0.25,,,,,,,,1,,,", "3,,1,0,,,,,,,,,,,,"])
  }

  /// A plan of version 0.1.0 contains the names of the columns of which larger values are
  /// better.
  @Test func anEarlierPlanKeepsItsDirections() throws {
    let json = """
      {"name": "x", "parameters": [], "rising": ["train_accuracy"], "files": [],
       "trials": [{"trial": 1, "hash": "0123456789abcdef0123456789abcdef", "seed": 0, "values": []}]}
      """
    let record = try PlanRecord(RecordReader(parsing: Array(json.utf8), from: "plan.json"))
    #expect(record.columns.named("train_accuracy")?.largerIsBetter == true)
    #expect(record.columns.named("train_loss") == nil)
    let again = try PlanRecord(
      RecordReader(parsing: Array(record.json.description.utf8), from: "plan.json"))
    #expect(again.columns == record.columns)
  }

  @Test func aTrialsMetricsAreFoundByColumn() throws {
    let column = MetricColumn(.train, quantity: "a", largerIsBetter: true)
    let text = "epoch,\"x,y\",train_a\n2,1,0.5\n4,2,\n6,3,0.25\n8,4,0.12"
    let metrics = try #require(TrialMetrics(Array(text.utf8), path: "metrics.csv"))
    #expect(metrics.value(column, atEpoch: 1) == 0.5)
    #expect(metrics.value(column, atEpoch: 3) == nil)
    #expect(metrics.value(column, atEpoch: 5) == 0.25)
    // The row of epoch 8 is incomplete.
    #expect(metrics.lastValue(column) == 0.25)
    #expect(metrics.countPassed([2, 4, 6]) == 2)
    #expect(TrialMetrics(Array("epoch\nx\n".utf8), path: "metrics.csv") == nil)
  }

  /// If the seed is the only parameter, there is one group.
  @Test func trialsThatDifferOnlyInSeedAreOneGroup() throws {
    let text = try rows.prefix(3).map { $0 }.summaryCSV(parameters: ["x", "seed", "y"])
    #expect(text.split(separator: "\n").count == 2)
    let seeds = (0..<3).map { row($0, .completed, seed: $0, ["\($0)"], loss: 1) }
    #expect(
      try seeds.summaryCSV(parameters: ["seed"]).split(separator: "\n")[1].hasPrefix("3,3,1,0,1,1,")
    )
  }
}
