import Foundation
import TestSupport
import Testing

/// Faults 55 and 56: data and plugins that change after they were used.
@Suite struct ChangedDataTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write("x,y\n1,2\n2,4\n3,6\n4,8\n", to: "d.csv")
    try tool.write(
      """
      name: line
      seed: 0
      data: {csv: {path: d.csv, targets: y}}
      model: [{type: dense, units: 1}]
      loss: squared_error
      train: {optimizer: {type: sgd, learning_rate: 0.01}, epochs: 5, batch_size: full}
      gradient_check: false

      """, to: "line.yaml")
    return tool
  }

  private func rows(_ tool: Tool) throws -> [[Substring]] {
    Array(try tool.rows(of: "results/line/sweep/sweep.csv").dropFirst())
  }

  @Test func aSweepTrainsAgainIfItsDataChanged() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("sweep", "line.yaml", "seed=1,2", "-q").code == 0)
    let before = try rows(tool)
    try tool.write("x,y\n1,2\n2,4\n3,6\n4,8\n5,99\n", to: "d.csv")
    let result = try tool.run("sweep", "line.yaml", "seed=1,2,3", "-q")
    #expect(result.code == 0)
    #expect(
      result.errors == """
        warning: 'd.csv' changed since 2 trials were trained; the trials in the table are trained again
        note: the earlier results stay in 'results/line/sweep/trials', outside the table

        """)
    let after = try rows(tool)
    #expect(after.count == 3)
    #expect(Set(after.map { $0[1] }).isDisjoint(with: before.map { $0[1] }))
    // Each has the results of a separate run.
    #expect(try tool.run("run", "line.yaml", "seed=2", "-q", "--output", "alone").code == 0)
    #expect(try tool.read("\(after[1][1])/metrics.csv") == tool.read("alone/metrics.csv"))
    #expect(try tool.run("sweep", "line.yaml", "seed=1,2,3", "-q").errors == "", "once")
  }

  @Test func aSweepTrainsAgainIfItsPluginChanged() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let swish = Repository.root.appendingPathComponent("plugins/Swish.c")
    let text = try String(contentsOf: swish, encoding: .utf8)
    try tool.write(text, to: "Swish.c")
    try tool.writeExperiment(plugins: "[Swish.c]", layer: "swish")
    let sweep = ["sweep", "x.yaml", "train.epochs=1,2", "-q"]
    #expect(try tool.runPlugin(sweep[0], sweep[1], sweep[2], sweep[3]).code == 0)
    #expect(try tool.runPlugin(sweep[0], sweep[1], sweep[2], sweep[3]).errors == "")
    try tool.write(text + "// changed\n", to: "Swish.c")
    let result = try tool.runPlugin(sweep[0], sweep[1], sweep[2], sweep[3])
    #expect(result.code == 0)
    #expect(
      result.errors == """
        warning: 'Swish.c' changed since 2 trials were trained; the trials in the table are trained again
        note: the earlier results stay in 'results/x/sweep/trials', outside the table

        """)
  }

  @Test func aPlannedSweepRefusesChangedData() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("sweep", "line.yaml", "seed=1,2", "--plan", "-q").code == 0)
    try tool.write("x,y\n1,2\n2,4\n", to: "d.csv")
    let result = try tool.run("sweep", "line.yaml", "seed=1,2", "--trial", "1")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        error: trial 1 (seed=1) failed: the file 'line.yaml', its data or its plugins have changed \
        since the sweep was planned
        note: the trial is of the plan 'results/line/sweep/plan.json'

        """)
  }

  /// `predict` uses only what the run kept.
  @Test func evaluateRefusesChangedDataAndPredictNeedsNone() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("run", "line.yaml", "-q").code == 0)
    #expect(try tool.run("evaluate", "results/line/latest").code == 0)
    try tool.write("x\n1\n2\n", to: "q.csv")
    let predict = ["predict", "results/line/latest", "--input", "q.csv", "--output"]
    #expect(try tool.run(predict + ["before.csv"]).code == 0)
    try tool.write("x,y\n1,2\n2,4\n", to: "d.csv")
    let result = try tool.run("evaluate", "results/line/latest")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        error: cannot use 'results/line/latest': its data file 'd.csv' was changed
        note: SHA-256 then: e447b1a55d7935b9545331ff600423b8ad72f3e5764d3ebbe5b5b04ee390c21b
        note: SHA-256 now: 8e0151c3a9f1a3113ee26c8b61bb0c6f34a19fb803c3423dd5a1b702e668dbb1
        note: put it back as it was, or start a new run with nnexp run

        """)
    #expect(try tool.run(predict + ["after.csv"]).code == 0)
    #expect(try tool.read("after.csv") == tool.read("before.csv"))
  }
}

/// Fault 64: a run's folder that another user created does not determine whose code runs.
@Suite(.enabled(if: geteuid() == 0, "needs root, to give a folder away"))
struct TrustTests {
  @Test func aPluginNamedInAnotherUsersFolderIsNotLoaded() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let swish = Repository.root.appendingPathComponent("plugins/Swish.c")
    try FileManager.default.copyItem(
      at: swish, to: tool.folder.appendingPathComponent("Swish.c"))
    try tool.writeExperiment(plugins: "[Swish.c]", layer: "swish")
    let trained = try tool.runPlugin("run", "x.yaml", "train.epochs=2", "-q")
    #expect(trained.code == 0, "\(trained.errors)")
    let run = "results/x/run-0001"
    func give(to user: uid_t) {
      for file in ["", "/resolved.yaml"] {
        chown(tool.folder.appendingPathComponent(run + file).path, user, user)
      }
    }
    give(to: 12345)
    let refused = try tool.runPlugin("evaluate", run)
    #expect(refused.code == 2)
    let plugin = tool.folder.resolvingSymlinksInPath().path + "/Swish.c"
    #expect(
      refused.errors == """
        \(run)/resolved.yaml:4:11: error: the plugin '\(plugin)' is not loaded: \
        '\(run)' belongs to user 12345, not to you
            plugins: [Swish.c]
                      ^
        note: to run its code anyway, give nnexp resume, evaluate, predict or sweep --trust-plugins

        """)
    #expect(try tool.runPlugin("resume", run).code == 2)
    #expect(try tool.runPlugin("evaluate", run, "--trust-plugins").code == 0)
    give(to: 0)
    #expect(try tool.runPlugin("evaluate", run).code == 0)
  }
}
