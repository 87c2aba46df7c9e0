import TestSupport
import Testing

/// Lines of logs, colors, and the status of sweeps.
@Suite struct TerminalTests {
  private func withTool(_ body: (Tool) throws -> Void) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr, to: "xor.yaml")
    try body(tool)
  }

  private let forced = ["CLICOLOR_FORCE": "1", "NO_COLOR": ""]

  /// A log has a line per tenth of the epochs, whichever epochs are recorded.
  @Test func aLogShowsTheEpochsBetweenRows() throws {
    try withTool { tool in
      let output = try tool.run("run", "xor.yaml", "train.epochs=25", "+train.record_every=10")
        .output
      let lines = output.split(separator: "\n").filter { $0.hasPrefix("epoch ") }
      let epochs = lines.compactMap { $0.split(separator: " ").dropFirst().first }
      #expect(epochs == [3, 5, 8, 10, 13, 15, 18, 20, 23, 25].map { "\($0)/25" })
      #expect(lines.first == "epoch 3/25")
      #expect(lines[3].contains("  train_loss "))
      #expect(!lines[3].contains("of epoch") && !lines[9].contains("of epoch"))
      #expect(lines[4].hasSuffix("  (of epoch 10)"))
    }
  }

  @Test func theBestOfATableHasAColor() throws {
    try withTool { tool in
      for rate in ["0.1", "1"] {
        #expect(try tool.run("run", "xor.yaml", "train.optimizer.learning_rate=\(rate)").code == 0)
      }
      let folders = ["results/xor/run-0001", "results/xor/run-0002"]
      for words in [
        ["compare"] + folders, ["compare"] + folders + ["--sort", "train_loss"], ["runs"],
      ] {
        let (plain, colored) = (
          try tool.run(words).output, try tool.run(words, environment: forced).output
        )
        #expect(!plain.contains("\u{1B}"))
        let marked = colored.matches(of: /\u{1B}\[1;32m([^\u{1B}]*)\u{1B}\[0m/).map { $0.output.1 }
        #expect(!marked.isEmpty, "\(words)")
        #expect(colored.replacing(/\u{1B}\[[0-9;]*m/, with: "") == plain)
        let without = try tool.run(words, environment: ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"])
        #expect(without.output == plain)
      }
      let comparison = try tool.run(["compare"] + folders, environment: forced).output
      let line = try #require(
        comparison.split(separator: "\n").first { $0.hasPrefix("train_loss") })
      let values = line.replacing(/\u{1B}\[[0-9;]*m/, with: "").split(separator: " ").dropFirst()
      let best = try #require(values.min { Double($0)! < Double($1)! })
      #expect(line.contains("\u{1B}[1;32m\(best)\u{1B}[0m"))
      // A file has no colors.
      let words = ["compare"] + folders + ["-o", "table.txt"]
      #expect(try tool.run(words, environment: forced).code == 0)
      #expect(try !tool.read("table.txt").contains("\u{1B}"))
    }
  }

  @Test func theBestTrialOfASweepHasAColor() throws {
    try withTool { tool in
      let words = ["sweep", "xor.yaml", "train.optimizer.learning_rate=0.1,1", "seed=1,2"]
      let lines = try tool.run(words, environment: forced).output.split(separator: "\n")
      let best = lines.filter { $0.contains("\u{1B}[1;32m") }
      #expect(best.count == 1 && best[0].contains("  trial "))
    }
  }

  /// On a terminal of any width, the progress of a sweep is one line with the finished trials.
  @Test func theLineOfASweepFitsEveryTerminal() throws {
    try withTool { tool in
      for columns in [20, 45, 150] {
        let result = try tool.shell(
          "script -qec 'stty cols \(columns); nnexp sweep xor.yaml seed=1,2,3,4 train.epochs=40000 "
            + "--output sweep-\(columns)' /dev/null")
        #expect(result.code == 0, "\(columns)")
        let drawn = result.output.split(separator: "\r\u{1B}[K").flatMap {
          $0.split(separator: "\r\n").prefix(1)
        }
        .filter { $0.contains("/4 done") || $0.contains("checking") }
        #expect(drawn.contains("checking 4 trials"), "\(columns)")
        #expect(drawn.count > 1, "\(columns)")
        for line in drawn { #expect(line.count < columns, "\(columns): \(line)") }
        #expect(drawn.contains { $0.contains("running") } == (columns == 150 || columns == 45))
      }
    }
  }

  /// A sweep is incomplete if trials are left and nobody runs it.
  @Test func aSweepThatNobodyRunsIsIncomplete() throws {
    try withTool { tool in
      let words = ["xor.yaml", "seed=1,2,3", "--output", "seeds"]
      #expect(try tool.run(["sweep"] + words + ["--plan"]).code == 0)
      #expect(try tool.run("runs", ".").output.contains("incomplete: 3 pending"))
      #expect(try tool.run(["sweep"] + words + ["--trial", "2"]).code == 0)
      #expect(try tool.run("runs", ".").output.contains("incomplete: 2 pending, 1 completed"))
      #expect(try tool.run("report", "seeds").code == 0)
      let page = try tool.read("report.html")
      #expect(
        page.contains(
          "<strong class=\"open\">incomplete</strong> 3 trials: 2 pending, 1 completed; no process "
            + "runs the sweep, and the same command continues it"))
      let link = try #require(page.firstMatch(of: /<a href="(seeds\/trials\/[0-9a-f]+\/)">2<\/a>/))
      #expect(tool.exists(link.output.1 + "run.json"))
      #expect(try tool.run(["sweep"] + words).code == 0)
      #expect(try tool.run("runs", ".").output.contains("  3 completed"))
    }
  }
}
