import Foundation
import TestSupport
import Testing

/// `--plan` and `--trial`: sweeps whose trials are run one by one.
@Suite struct SingleTrialTests {
  private static func experiment(epochs: Int) -> String {
    compactExclusiveOr(
      epochs: epochs,
      train: ", record_every: \(max(1, epochs / 100)), checkpoint: {every: 0.1 seconds}",
      more: "sweep: {grid: {train.optimizer.learning_rate: [0.1, 0.2, 1e30]}}")
  }

  private func withTool(epochs: Int = 20, _ body: (Tool) throws -> Void) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(SingleTrialTests.experiment(epochs: epochs), to: "xor.yaml")
    try body(tool)
  }

  /// The cells of a column of sweep.csv.
  private func column(_ index: Int, _ tool: Tool) throws -> [Substring] {
    try tool.rows(of: "results/xor/sweep/sweep.csv").dropFirst().map { $0[index] }
  }

  @Test func trialsRunOneByOneGiveTheTable() throws {
    try withTool { tool in
      let plan = try tool.run("sweep", "xor.yaml", "--plan")
      #expect((plan.code, plan.output) == (0, "1\n2\n3\n"))
      let first = try tool.run("sweep", "xor.yaml", "--trial", "1")
      #expect(first.code == 0)
      #expect(first.output == "trial 1 (train.optimizer.learning_rate=0.1) completed\n")
      let third = try tool.run("sweep", "xor.yaml", "--trial", "3")
      #expect(third.code == 1)
      #expect(
        third.errors.hasPrefix(
          "error: trial 3 (train.optimizer.learning_rate=1e+30) failed: training diverged"))
      // A trial that has ended keeps its exit code and is not run again.
      let run = try column(1, tool, of: "collect")[0]
      let record = try tool.read("\(run)/run.json")
      let again = try tool.run("sweep", "xor.yaml", "--trial", "1")
      #expect(again.code == 0)
      #expect(again.output == "trial 1 (train.optimizer.learning_rate=0.1) had ended: completed\n")
      #expect(try tool.run("sweep", "xor.yaml", "--trial", "3", "--quiet").code == 1)
      #expect(try tool.read("\(run)/run.json") == record)
      #expect(try tool.run("sweep", "xor.yaml", "--plan").output == "2\n")
      #expect(try column(2, tool, of: "collect") == ["completed", "pending", "failed"])
      #expect(try tool.run("sweep", "xor.yaml", "--plan", "--retry-failed").output == "2\n3\n")
      #expect(try column(2, tool, of: "collect") == ["completed", "pending", "pending"])
      #expect(try tool.run("sweep", "xor.yaml", "--trial", "2").code == 0)
      #expect(try tool.run("sweep", "xor.yaml", "--trial", "3").code == 1)
      let table = try tool.run("sweep", "xor.yaml")
      #expect(table.code == 1)
      #expect(table.output.hasPrefix("3 of 3 trials are finished\n"))
      #expect(try column(2, tool) == ["completed", "completed", "failed"])
    }
  }

  private func column(_ index: Int, _ tool: Tool, of command: String) throws -> [Substring] {
    #expect(try tool.run(command, "results/xor/sweep").code == 0)
    return try column(index, tool)
  }

  /// The first trial writes the plan for all; later edits have no effect.
  @Test func editsAfterThePlanDoNotChangeItsTrials() throws {
    try withTool { tool in
      #expect(try tool.run("sweep", "xor.yaml", "--trial", "1").code == 0)
      try tool.write(
        SingleTrialTests.experiment(epochs: 30).replacingOccurrences(of: "0.2", with: "0.3"),
        to: "xor.yaml")
      let second = try tool.run("sweep", "xor.yaml", "--trial", "2")
      #expect(second.code == 0)
      #expect(second.output == "trial 2 (train.optimizer.learning_rate=0.2) completed\n")
      #expect(
        second.errors == """
          warning: 'xor.yaml' has changed since the sweep in 'results/xor/sweep' was planned; the \
          trial is from that plan
          note: to write a new plan: nnexp sweep xor.yaml --plan

          """)
      #expect(try tool.run("sweep", "xor.yaml", "--plan").output == "1\n2\n3\n")
      let anew = try tool.run("sweep", "xor.yaml", "--trial", "2")
      #expect(anew.output == "trial 2 (train.optimizer.learning_rate=0.3) completed\n")
      #expect(anew.errors == "")
    }
  }

  @Test(arguments: ["0", "-1", "4", "9223372036854775807"])
  func aTrialNumberOutsideThePlanIsRefused(_ number: String) throws {
    try withTool { tool in
      let result = try tool.run("sweep", "xor.yaml", "--trial=\(number)")
      #expect(result.code == 2)
      #expect(
        result.errors == "error: there is no trial \(number); the sweep has 3, numbered from 1\n")
    }
  }

  @Test func argumentsThatDifferFromThePlanAreRefused() throws {
    try withTool { tool in
      #expect(try tool.run("sweep", "xor.yaml", "train.epochs=2,3", "--plan").code == 0)
      let result = try tool.run("sweep", "xor.yaml", "train.epochs=2, 4", "--trial", "1")
      #expect(result.code == 2)
      #expect(
        result.errors == """
          error: 'results/xor/sweep/plan.json' has other arguments: train.epochs=2,3; found \
          'train.epochs=2, 4'
          note: to write a new plan, replace --trial by --plan

          """)
    }
  }

  @Test func aWrongOverrideIsReportedBeforeAnythingIsCreated() throws {
    try withTool { tool in
      let result = try tool.run("sweep", "xor.yaml", "train.epoch=1,2", "--trial", "1")
      #expect(result.code == 2)
      #expect(result.errors.hasPrefix("command line:1:7: error: the file has no 'train.epoch'"))
      #expect(tool.contents == ["xor.yaml"])
    }
  }

  @Test func trialCannotBeCombinedWithPlanDryRunOrLauncher() throws {
    try withTool { tool in
      for flags in [["--plan"], ["--dry-run"], ["--launcher", "slurm"]] {
        let result = try tool.run(["sweep", "xor.yaml", "--trial", "1"] + flags)
        #expect(result.code == 2)
        #expect(
          result.errors
            == "error: --trial runs one trial on this machine; omit --dry-run, --plan and --launcher\n"
        )
      }
      #expect(tool.contents == ["xor.yaml"])
    }
  }

  /// A trial is killed, and another process waits for a locked one; both end as without
  /// interruption.
  @Test func aKilledTrialAndOneLockedByAnotherProcessComplete() throws {
    try midway(of: [500_000, 5_000_000, 50_000_000]) { epochs in
      var isUnderWay = false
      try withTool(epochs: epochs) { tool in
        #expect(try tool.run("sweep", "xor.yaml", "--plan").code == 0)
        let words = ["sweep", "xor.yaml", "--trial", "1"]
        let killed = try tool.start(words)
        isUnderWay = killed.runs {
          tool.contents.contains { $0.contains("/checkpoints/state") }
        }
        killed.send(SIGKILL)
        guard killed.wait() != .exit(0), isUnderWay else { return isUnderWay = false }
        #expect(try column(2, tool, of: "collect") == ["interrupted", "pending", "pending"])
        #expect(try column(4, tool)[0] == "its process ended without a result")

        let first = try tool.start(words)
        let run = try String(column(1, tool)[0])
        _ = first.runs {
          ((try? tool.read("\(run)/run.json")) ?? "").contains("resumed\": [\"")
        }
        let second = try tool.run("sweep", "xor.yaml", "--trial", "1")
        #expect(first.wait() == .exit(0))
        #expect(second.code == 0)
        #expect(
          second.output.contains(
            "is in use by another process; waiting for it\n")
            || second.output.contains("had ended"))
        try tool.run("run", "xor.yaml", "--output", "alone", "--quiet")
        let compared = try tool.run("compare", "--exact", "alone", run)
        #expect(compared.code == 0, "\(compared.output)")
      }
      return isUnderWay
    }
  }
}
