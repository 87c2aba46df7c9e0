import Foundation
import Testing

/// Many trials of one file: what they leave, and what happens to the rest when
/// one goes wrong.
@Suite struct SweepTests {
  private func tool(_ sweep: String = "") throws -> Tool {
    let tool = try Tool()
    try tool.write(exclusiveOr + sweep, to: "xor.yaml")
    return tool
  }

  /// The rows of sweep.csv by column.
  private func rows(_ tool: Tool, _ name: String = "xor") throws -> [[String: String]] {
    let lines = try tool.read("results/\(name)/sweep/sweep.csv").split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  private let grid = """
    sweep:
      parameters:
        train.optimizer.learning_rate: [0.5, 2]
        seed: range(0, 3)

    """

  @Test func aTrialIsTheRunOfItsComposition() throws {
    let tool = try tool(grid)
    defer { tool.remove() }
    #expect(try tool.run("sweep", "xor.yaml", "--quiet").code == 0)
    let rows = try rows(tool)
    #expect(rows.map { $0["seed"] } == ["0", "1", "2", "0", "1", "2"])
    #expect(rows.allSatisfy { $0["status"] == "completed" })
    try tool.run("run", "xor.yaml", "train.optimizer.learning_rate=2", "seed=1", "-q")
    let trial = "results/xor/sweep/" + (rows[4]["run"] ?? "")
    for file in [
      "metrics.csv", "resolved.yaml", "experiment.yaml", "summary.json", "checkpoints/last.nnx",
      "checkpoints/best.nnx", "gradient_check.csv",
    ] {
      let pair = try [trial, "results/xor/run-0001"].map {
        try Data(contentsOf: tool.folder.appendingPathComponent("\($0)/\(file)"))
      }
      #expect(pair[0] == pair[1], "\(file)")
    }
  }

  @Test func aDryRunCreatesNothing() throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.run("sweep", "xor.yaml", "train.epochs=10,20", "--dry-run")
    #expect(
      result.output == """
        trial  train.epochs  parameters  epochs
            1  10                     9      10
            2  20                     9      20
        2 trials, 30 epochs in all

        """)
    #expect(tool.contents == ["xor.yaml"])
  }

  /// FAULTS 46: finished trials are not touched; an extended grid runs what is new.
  @Test func onlyWhatIsNewRuns() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.run("sweep", "xor.yaml", "seed=1,2", "-q")
    let before = try rows(tool)
    let result = try tool.run("sweep", "xor.yaml", "seed=1,2,3")
    #expect(
      result.output == """
        2 of 3 trials are done already
        3 of 3 trials completed; results/xor/sweep/sweep.csv

        """)
    // `seconds` among them: they are the same runs.
    #expect(try Array(rows(tool).prefix(2)) == before)
  }

  /// FAULTS 46.
  @Test func aKilledSweepIsFinishedByTheNext() throws {
    let tool = try tool()
    defer { tool.remove() }
    let script = """
      '\(Tool.executable.path)' sweep xor.yaml 'seed=range(0,40)' train.epochs=500 -q & \
      sleep 0.4; kill -9 $!; wait
      """
    _ = try Tool.run(
      "/bin/sh", ["-c", script], in: tool.folder, environment: ProcessInfo.processInfo.environment)
    #expect(
      try tool.run("sweep", "xor.yaml", "seed=range(0,40)", "train.epochs=500", "-q").code == 0)
    #expect(try rows(tool).filter { $0["status"] == "completed" }.count == 40)
  }

  @Test func twoProcessesShareTheWork() throws {
    let tool = try tool()
    defer { tool.remove() }
    let command = "'\(Tool.executable.path)' sweep xor.yaml 'seed=range(0,20)' -q"
    let result = try Tool.run(
      "/bin/sh", ["-c", "\(command) & \(command); first=$?; wait $! && exit $first"],
      in: tool.folder, environment: ProcessInfo.processInfo.environment)
    #expect(result.code == 0)
    #expect(try rows(tool).filter { $0["status"] == "completed" }.count == 20)
  }

  /// FAULTS 45: one trial diverges, one crashes, one completes.
  @Test func aFailedTrialIsALineOfTheTable() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeSquare(
      forward: """
        if S.self == Float.self && pass.samples == 3 && pass.isTraining { abort() }
        for i in pass.y.indices { pass.y[i] = pass.x[i] * pass.x[i] }
        """)
    try tool.writeExperiment()
    try tool.write(
      try tool.read("x.yaml") + """
        sweep:
          sampling: zip
          parameters:
            train.batch_size: [full, full, 3]
            +train.optimizer.learning_rate: [0.001, 1e30, 0.001]

        """, to: "x.yaml")
    let result = try tool.runPlugin("sweep", "x.yaml", "--quiet", "--junit", "junit.xml")
    #expect(result.code == 1)
    let rows = try rows(tool, "x")
    #expect(rows.map { $0["status"] } == ["completed", "failed", "failed"])
    #expect(try tool.read("junit.xml").contains("tests=\"3\" failures=\"2\""))
    // Failed trials are left unless they are asked for.
    #expect(
      try tool.runPlugin("sweep", "x.yaml").output.hasPrefix("3 of 3 trials are done already"))
  }

  @Test func expectationsDecide() throws {
    let tool = try tool(grid + "  expect: {max.train_loss: \"< 0.0001\"}\n")
    defer { tool.remove() }
    let result = try tool.run("sweep", "xor.yaml", "-q")
    #expect(result.code == 1)
    #expect(result.errors.contains("max.train_loss is "))
  }

  /// FAULTS 47, and what else can be wrong before a trial is run.
  @Test(arguments: [
    (
      "seed=range(0,0)",
      """
      command line:1:1: error: 'seed' has 0 values: range(0,0) is empty
          range(0,0)
          ^

      """
    ),
    (
      "seed=1,1",
      """
      command line:1:4: error: 'seed' has the value 1 twice; each trial is run once
          [1,1]
             ^

      """
    ),
    (
      "seed=range(0,1000000000)",
      """
      xor.yaml:1:1: error: the grid has 1000000000 = 1e+09 trials; at most 1000000 are run
          name: xor
          ^
      note: draw some of them: sampling: random, count: 1000

      """
    ),
    (
      "seed={integer: [-9e18, 9e18]}",
      """
      command line:1:11: error: integer takes two integers less than 2^52 apart, found [-9e+18, 9e+18]
          {integer: [-9e18, 9e18]}
                    ^

      """
    ),
    (
      "train.epochs=x",
      """
      command line:1:14: error: epochs must be an integer ≥ 1, found the text 'x'
          train.epochs=x
                       ^
      note: in trial 1: train.epochs=x

      """
    ),
  ])
  func isToldAndNothingIsCreated(argument: String, told: String) throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.run("sweep", "xor.yaml", argument)
    #expect(result.code == 2)
    #expect(result.errors == told)
    #expect(tool.contents == ["xor.yaml"])
  }

  @Test func aMistakeInTheFileIsShownInTheFile() throws {
    let tool = try tool("sweep: {parameters: {train.epoch: [1, 2]}}\n")
    defer { tool.remove() }
    let result = try tool.run("sweep", "xor.yaml", "--dry-run")
    #expect(result.code == 2)
    #expect(
      result.errors.hasPrefix("xor.yaml:17:22: error: the file has no 'train.epoch'; did you"))
  }
}
