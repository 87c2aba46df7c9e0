import NNExp
import Results
import Testing

@testable import Sweeps

/// The closing lines of a sweep: its best trials and what their settings have in common.
@Suite struct BestTrialsTests {
  private func report(_ trials: [(rate: String, kind: String, loss: Double?)]) throws -> SweepReport
  {
    let declaration = try SweepDeclaration(path: "x.yaml", arguments: []) {
      Array(
        ($0 == "x.yaml"
          ? "base: y.yaml\nname: rates\nsweep: {grid: {a.rate: [1, 2], a.kind: [u, v], seed: [3]}}\n"
          : "name: y").utf8)
    }
    let rows = trials.enumerated().map { index, trial in
      TrialRow(
        number: index + 1, run: "r/trials/\(index + 1)", status: .completed, exitStatus: 0,
        error: nil, seed: 3, values: [trial.rate, trial.kind, "3"], epochs: 1,
        final: [Summary.Final(.loss(.train), trial.loss)], best: [], seconds: 1)
    }
    return SweepReport(declaration, rows: rows, columns: [])
  }

  @Test func `the best three, an equal setting and a smaller range`() throws {
    let report = try report([
      ("0.001", "u", 0.5), ("0.01", "u", 0.25), ("0.1", "u", 0.125), ("0.03", "u", 0.25),
      ("1", "v", .nan), ("10", "v", 2), ("100", "v", nil),
    ])
    #expect(
      report.bestTrials(by: .loss(.train)) == [
        "best train_loss:",
        "  trial 3  0.125  a.rate=0.1 a.kind=u seed=3",
        "  trial 2   0.25  a.rate=0.01 a.kind=u seed=3",
        "  trial 4   0.25  a.rate=0.03 a.kind=u seed=3",
        "in common: a.rate from 0.01 to 0.1 (of 0.001 to 10), a.kind=u",
      ])
  }

  @Test func `nothing in common, and too few trials to say so`() throws {
    let all = try report([
      ("1", "u", 0.25), ("2", "v", 0.5), ("3", "u", 0.75), ("2", "v", 1),
    ])
    #expect(all.bestTrials(by: .loss(.train)).last == "in common: none of what varies")
    let three = try report([("1", "u", 0.25), ("2", "v", 0.5), ("3", "u", 0.75)])
    #expect(three.bestTrials(by: .loss(.train)).count == 4)
    let one = try report([("1", "u", 0.25), ("2", "v", nil)])
    #expect(one.bestTrials(by: .loss(.train)) == [])
  }
}
