import Foundation
import TestSupport
import Testing

@Suite struct SweepTests {
  private func withTool(_ body: (Tool) throws -> Void) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(compactExclusiveOr(), to: "xor.yaml")
    try body(tool)
  }

  @Test func eachTrialIsARunLikeAnyOther() throws {
    try withTool { tool in
      let words = ["train.optimizer.learning_rate=0.1,0.5", "+seed=range(0,3)"]
      let result = try tool.run("sweep", "xor.yaml", words[0], words[1], "--jobs", "2")
      #expect(result.code == 0, "\(result.errors)")
      let rows = try tool.rows(of: "results/xor/sweep/sweep.csv")
      #expect(rows.count == 7)
      #expect(rows[0].starts(with: ["trial", "run", "status", "exit_status", "error", "seed"]))
      try tool.run(
        "run", "xor.yaml", "train.optimizer.learning_rate=0.5", "+seed=1", "--output", "alone")
      for file in ["metrics.csv", "summary.json", "resolved.yaml", "experiment.yaml"] {
        #expect(try tool.read("alone/\(file)") == tool.read("\(rows[5][1])/\(file)"), "\(file)")
      }
      // Repeated, it runs nothing; with more values, only the new trials.
      let before = try tool.read("\(rows[5][1])/run.json")
      let wider = try tool.run("sweep", "xor.yaml", words[0], "+seed=range(0,4)")
      #expect(wider.output.hasPrefix("6 of 8 trials are finished\n"))
      #expect(try tool.read("\(rows[5][1])/run.json") == before)
      let made = try tool.read("results/xor/sweep/sweep.csv")
      #expect(try tool.run("collect", "results/xor/sweep").code == 0)
      #expect(try tool.read("results/xor/sweep/sweep.csv") == made)
    }
  }

  /// `make test-elsewhere` reads them with TensorBoard.
  @Test func `a sweep writes its parameters for TensorBoard`() throws {
    try withTool { tool in
      let words = [
        "sweep", "xor.yaml", "train.optimizer.learning_rate=0.1,0.5", "+train.tensorboard=true",
        "train.epochs=2",
      ]
      #expect(try tool.run(words).code == 0)
      let folder = "results/xor/sweep"
      let file = "events.out.tfevents.nnexp-parameters"
      func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: tool.folder.appendingPathComponent(path))
      }
      let parameters = try bytes("\(folder)/\(file)")
      #expect(parameters.firstRange(of: Data("train.optimizer.learning_rate".utf8)) != nil)
      let trial = "\(try tool.rows(of: "\(folder)/sweep.csv")[1][1])/\(file)"
      let complete = try bytes(trial)
      #expect(complete.firstRange(of: Data("_hparams_/session_end_info".utf8)) != nil)
      // A sweep that is started again writes what a killed process did not.
      try FileManager.default.removeItem(at: tool.folder.appendingPathComponent(trial))
      #expect(try tool.run(words).output.hasPrefix("2 of 2 trials are finished\n"))
      #expect(try bytes(trial) == complete)
      // Without the key, a sweep writes no events.
      #expect(try tool.run(words[..<3] + ["--output", "plain"]).code == 0)
      #expect(!tool.contents.contains { $0.hasPrefix("plain/") && $0.contains("tfevents") })
    }
  }

  /// Fault 45: one trial diverges; the others complete, and the table contains all.
  @Test func aTrialThatDivergesDoesNotFailTheOthers() throws {
    try withTool { tool in
      let result = try tool.run("sweep", "xor.yaml", "train.optimizer.learning_rate=0.1,1e30,0.2")
      #expect(result.code == 1)
      let statuses = try tool.rows(of: "results/xor/sweep/sweep.csv").dropFirst().map { $0[2] }
      #expect(statuses == ["completed", "failed", "completed"])
    }
  }

  @Test func `a sweep that is not valid has reports for a CI server`() throws {
    try withTool { tool in
      let result = try tool.run(
        "sweep", "xor.yaml", "train.epoch=1,2", "--junit", "report.xml", "--github")
      #expect(result.code == 2)
      #expect(result.output.hasPrefix("::error file=command line,line=1,col=7::the file has no "))
      let report = try tool.read("report.xml")
      #expect(report.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "\(report)")
      #expect(tool.contents == ["report.xml", "xor.yaml"])
    }
  }

  /// Fault 47 and similar ones: exact errors, and nothing is created.
  @Test(arguments: [
    (
      ["+seed=range(5,5)"],
      """
      command line:1:7: error: '+seed': range(5,5) contains no number, so that the sweep has 0 \
      trials; the end is not part of it
          +seed=range(5,5)
                ^

      """
    ),
    (
      ["train.epochs=1,2,1"],
      """
      command line:1:14: error: 'train.epochs' has the value 1 twice; remove one
          train.epochs=1,2,1
                       ^
      command line:1:14: note: the first one is here
          train.epochs=1,2,1
                       ^

      """
    ),
    (
      ["+seed=range(0,1000000000)"],
      """
      command line:1:7: error: the sweep has 1000000000 trials; at most 100000 can be run
          +seed=range(0,1000000000)
                ^
      note: sample them: {sample: {method: sobol, count: 100, parameters: …}}

      """
    ),
    (
      ["train.epoch=1,2"],
      """
      command line:1:7: error: the file has no 'train.epoch'; did you mean 'epochs'?
          train.epoch=1,2
                ^
      note: in trial 1: train.epoch=1

      """
    ),
  ])
  func wrongSweepArgumentsAreReported(_ words: [String], _ message: String) throws {
    try withTool { tool in
      let result = try tool.run(["sweep", "xor.yaml"] + words)
      #expect(result.code == 2)
      #expect(result.errors == message)
      #expect(tool.contents == ["xor.yaml"])
    }
  }
}
