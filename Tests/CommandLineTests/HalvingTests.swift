import Foundation
import TestSupport
import Testing

@Suite struct HalvingTests {
  /// An experiment whose metric sums everything that training keeps, with trials of different
  /// lengths; one trial diverges.
  private static let search = """
    name: search
    seed: 3
    data:
      generated: {type: spirals, samples: 40}
      split: {validation: 0.3}
    model:
      - {type: dense, units: 4, name: first}
      - batch_normalization
      - tanh
      - {type: dropout, rate: 0.2}
      - {type: dense, units: 1}
    loss: binary_cross_entropy
    metrics: [accuracy]
    gradient_check: false
    train:
      optimizer: {type: sgd, learning_rate: 0.02, momentum: 0.9}
      batch_size: 12
      epochs: 20
      record_every: 2
    sweep:
      grid:
        train.optimizer.learning_rate: [0.001, 0.1, 1e200, 0.01]
        model.first.units: [2, 5, 9]
      halving: {first_rung: 3, factor: 2}

    """

  private func withTool(_ body: (Tool) throws -> Void) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(HalvingTests.search, to: "search.yaml")
    try body(tool)
  }

  /// With one or eight jobs, without interruption or killed repeatedly, the table is the same,
  /// and a trial that completes has the bytes of a run.
  @Test func decisionsDependOnlyOnResults() throws {
    try withTool { tool in
      for (folder, jobs) in [("one", "1"), ("eight", "8")] {
        let result = try tool.run("sweep", "search.yaml", "--output", folder, "--jobs", jobs)
        #expect(result.code == 1, "a trial diverges")
        #expect(
          result.output.hasPrefix("12 trials: 1 completed, 3 failed, 8 stopped\n"),
          "\(result.output)")
      }
      let rows = try tool.sweepTable("one")
      #expect(try tool.sweepTable("eight") == rows)
      // The rungs are the first rows at or after epochs 3, 6 and 12. Six of twelve trials stop
      // at the first, of which three have failed, and three of six at the next.
      let reasons = rows.dropFirst().filter { $0[2] == "stopped" }.map { $0[4] }.sorted()
      #expect(
        reasons == [12, 12, 4, 4, 4, 6, 6, 6].map { "stopped after epoch \($0)" })

      let whole = try #require(rows.first { $0[2] == "completed" })
      try tool.run(
        "run", "search.yaml", "train.optimizer.learning_rate=\(whole[6])",
        "model.first.units=\(whole[7])", "--output", "alone")
      let comparison = try tool.run("compare", "--exact", "alone", "one" + whole[1])
      #expect(comparison.code == 0, "\(comparison.output)\(comparison.errors)")

      let again = try tool.run("sweep", "search.yaml", "--output", "one")
      #expect(again.output.hasPrefix("4 of 12 trials are finished\n12 trials: 1 completed"))
      #expect(try tool.sweepTable("one") == rows)
      // A stopped trial is an ordinary run, which can be resumed.
      let stopped = try #require(rows.first { $0[4] == "stopped after epoch 12" })
      #expect(try tool.run("resume", "one" + stopped[1]).code == 0)
    }
  }

  /// If the sweep is killed repeatedly, alone or next to another process, the table is the
  /// same.
  @Test func aKilledAndSharedSearchGivesTheSameTable() throws {
    try withTool { tool in
      #expect(try tool.run("sweep", "search.yaml", "--output", "calm").code == 1)
      let words = ["sweep", "search.yaml", "--output", "wild", "--jobs", "2"]
      func begun() -> Int { tool.contents.count { $0.hasSuffix("/run.json") } }
      for _ in 0..<4 {
        let (sweep, before) = (try tool.start(words), begun())
        _ = sweep.runs { begun() > before + 1 }
        sweep.send(SIGKILL, toAll: true)
        _ = sweep.wait()
      }
      let sweeps = [try tool.start(words), try tool.start(words)]
      for sweep in sweeps { #expect(sweep.wait() == .exit(1)) }
      let (wild, calm) = (try tool.sweepTable("wild"), try tool.sweepTable("calm"))
      #expect(wild == calm)
    }
  }

  @Test(arguments: [
    (
      "{factor: 3}",
      """
      search.yaml:24:12: error: missing 'first_rung': an integer ≥ 1 is required
          halving: {factor: 3}
                   ^

      """
    ),
    (
      "{first_rung: 3, monitor: validation_los}",
      """
      search.yaml:24:37: error: nothing measures 'validation_los'; did you mean 'validation_loss'?
          halving: {first_rung: 3, monitor: validation_los}
                                            ^
      note: the columns are: train_loss, validation_loss, train_accuracy, validation_accuracy
      note: in trial 1: train.optimizer.learning_rate=0.001 model.first.units=2

      """
    ),
    (
      "{first_rung: 0, factor: 1, rungs: 3}",
      """
      search.yaml:24:25: error: first_rung must be an integer ≥ 1, found the number 0
          halving: {first_rung: 0, factor: 1, rungs: 3}
                                ^
      search.yaml:24:36: error: factor must be an integer from 2 to 1000, found the number 1
          halving: {first_rung: 0, factor: 1, rungs: 3}
                                           ^
      search.yaml:24:39: error: unknown key 'rungs'
          halving: {first_rung: 0, factor: 1, rungs: 3}
                                              ^
      note: known keys: factor, first_rung, monitor
      3 errors

      """
    ),
  ])
  func aWrongHalvingIsReported(_ halving: String, _ message: String) throws {
    try withTool { tool in
      let text = HalvingTests.search.replacingOccurrences(
        of: "{first_rung: 3, factor: 2}", with: halving)
      try tool.write(text, to: "search.yaml")
      let result = try tool.run("sweep", "search.yaml")
      #expect(result.code == 2)
      #expect(result.errors == message)
      #expect(tool.contents == ["search.yaml"])
    }
  }

  @Test func aSingleTrialOfAHalvingIsRefused() throws {
    try withTool { tool in
      let result = try tool.run("sweep", "search.yaml", "--trial", "1")
      #expect(result.code == 2)
      #expect(
        result.errors
          == "error: halving compares the trials with each other; omit --trial\n")
      #expect(tool.contents == ["search.yaml"])
    }
  }
}
