import Foundation
import FoundationXML
import TestSupport
import Testing

/// `nnexp plot`, `nnexp report` and `nnexp runs`.
@Suite struct PlotTests {
  private func withTool(_ body: (Tool) throws -> Void) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try body(tool)
  }

  private func withRun(_ body: (Tool) throws -> Void) throws {
    try withTool { tool in
      try tool.write(exclusiveOr, to: "xor.yaml")
      #expect(try tool.run("run", "xor.yaml", "-q").code == 0)
      try body(tool)
    }
  }

  @Test func aRunIsDrawnInTheTerminal() throws {
    try withRun { tool in
      let result = try tool.run("plot", "results/xor/latest")
      #expect(result.code == 0 && result.errors.isEmpty)
      let lines = result.output.split(separator: "\n")
      #expect(lines.first == "results/xor/latest: completed, 20 epochs")
      #expect(lines.dropFirst().first == "loss")
      #expect(lines.allSatisfy { $0.count <= 80 })
      #expect(lines.last?.hasSuffix("epoch →") == true)
    }
  }

  @Test func colorsFollowTheEnvironment() throws {
    try withRun { tool in
      func output(_ environment: [String: String]) throws -> String {
        try tool.run("plot", "results/xor/latest", environment: environment).output
      }
      let plain = try output([:])
      let forced = try output(["CLICOLOR_FORCE": "1", "NO_COLOR": ""])
      let without = try output(["CLICOLOR_FORCE": "1", "NO_COLOR": "1"])
      #expect(!plain.contains("\u{1B}"))
      #expect(forced.contains("\u{1B}[38;5;"))
      #expect(without == plain)
    }
  }

  @Test func anImageIsTheSameBytesEachTime() throws {
    try withRun { tool in
      #expect(try tool.run("plot", "results/xor/latest", "-o", "a.svg").code == 0)
      #expect(try tool.run("plot", "results/xor/run-0001/", "-o", "b.svg").code == 0)
      let (a, b) = (try tool.read("a.svg"), try tool.read("b.svg"))
      #expect(a.replacing("results/xor/latest", with: "results/xor/run-0001/") == b)
      // An image that nnexp wrote may be replaced; another file may not.
      #expect(try tool.run("plot", "results/xor/latest", "-o", "a.svg").code == 0)
      try tool.write("mine", to: "c.svg")
      let result = try tool.run("plot", "results/xor/latest", "-o", "c.svg")
      #expect(result.code == 2)
      #expect(try tool.read("c.svg") == "mine")
      #expect(try tool.run("plot", "results/xor/latest", "-o", "c.svg", "--force").code == 0)
      #expect(try tool.read("c.svg").hasPrefix("<svg "))
    }
  }

  @Test func aMissingConverterIsNamed() throws {
    try withRun { tool in
      let result = try tool.run(
        "plot", "results/xor/latest", "-o", "a.png", environment: ["PATH": "/nonexistent"])
      #expect(result.code == 3)
      #expect(
        result.errors == """
          error: PNG needs the program 'rsvg-convert', which is not installed
          note: on Debian and Ubuntu: apt-get install librsvg2-bin; or name a file .svg

          """)
      #expect(!tool.exists("a.png"))
    }
  }

  @Test func anUnknownColumnHasASuggestion() throws {
    try withRun { tool in
      let result = try tool.run("plot", "results/xor/latest", "--columns", "los")
      #expect(result.code == 2)
      #expect(
        result.errors == """
          error: no run recorded a column 'los'; did you mean 'loss'?
          note: the columns are: learning_rate, loss, train_loss

          """)
    }
  }

  @Test func theDrawnNumbersAreThoseOfTheRun() throws {
    try withRun { tool in
      let drawn = try tool.run("plot", "results/xor/latest", "--csv").output
      let metrics = try tool.read("results/xor/latest/metrics.csv").split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      let loss = try #require(metrics[0].firstIndex(of: "train_loss"))
      let expected = metrics.dropFirst().map { "loss,train,\($0[0]),\($0[loss]),," }
      #expect(drawn == "chart,series,x,y,low,high\n" + expected.joined(separator: "\n") + "\n")
    }
  }

  /// The words of errors and verdicts have colors where colors are allowed.
  @Test func messagesAreColoredOnDemand() throws {
    try withTool { tool in
      func errors(_ environment: [String: String]) throws -> String {
        try tool.run("runs", "nothing", environment: environment).errors
      }
      let forced = try errors(["CLICOLOR_FORCE": "1", "NO_COLOR": ""])
      #expect(
        forced == """
          \u{1B}[1;31merror:\u{1B}[0m there is no folder 'nothing'
          \u{1B}[1;36mnote:\u{1B}[0m 'nnexp run' writes its results there

          """)
      for environment in [[:], ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"]] {
        let plain = try errors(environment)
        #expect(!plain.contains("\u{1B}"))
      }
    }
  }

  @Test func aSweepIsDrawnByItself() throws {
    try withTool { tool in
      try tool.write(
        compactExclusiveOr(
          seed: 1, more: "sweep: {grid: {train.optimizer.learning_rate: [0.1, 1], seed: [1, 2, 3]}}"
        ),
        to: "xor.yaml")
      #expect(try tool.run("sweep", "xor.yaml", "-q").code == 0)
      let result = try tool.run("plot", "results/xor/sweep")
      #expect(result.code == 0)
      #expect(result.output.hasPrefix("xor: 6 trials\ntrain_loss by learning_rate\n"))
      #expect(result.output.contains("train_loss: mean and 95% interval over 3 seeds"))
      let both = try tool.run("plot", "results/xor/sweep", "results/xor/sweep")
      #expect(both.code == 2)
      #expect(
        both.errors.hasPrefix(
          "error: 'results/xor/sweep' is a sweep, which cannot be drawn together with other folders"
        ))
      let page = try tool.run("report", "results/xor/sweep")
      #expect(page.output == "wrote report.html\n")
      try #expect(isXML(tool.read("report.html")))
      let runs = try tool.run("runs").output.split(separator: "\n")
      #expect(runs.count == 2)
      #expect(runs[1].hasPrefix("results/xor/sweep  6 completed"))
    }
  }

  private func isXML(_ page: String) throws -> Bool {
    let parser = XMLParser(data: Data(page.replacing("<!DOCTYPE html>\n", with: "").utf8))
    return parser.parse()
  }

  @Test func aReportStandsByItself() throws {
    try withRun { tool in
      #expect(try tool.run("report", "results/xor/latest", "-o", "x.html").code == 0)
      let page = try tool.read("x.html")
      try #expect(isXML(page))
      // One script, which adds values to charts.
      #expect(page.ranges(of: "<script").count == 1)
      #expect(!page.contains("src=") && !page.contains("href="))
      #expect(
        page.ranges(of: "http").count == page.ranges(of: "http://www.w3.org/2000/svg").count)
      #expect(page.contains("<strong class=\"good\">completed</strong>"))
      let record = try tool.read("results/xor/latest/resolved.yaml")
      #expect(page.contains(record.prefix(40)))
    }
  }

  @Test func aFailedRunHasAReport() throws {
    try withTool { tool in
      try tool.write(
        compactExclusiveOr(more: "gradient_check: false").replacing("0.1", with: "1e30"),
        to: "xor.yaml")
      #expect(try tool.run("run", "xor.yaml", "-q").code == 1)
      #expect(try tool.run("report", "results/xor/latest").code == 0)
      #expect(try tool.read("report.html").contains("<strong class=\"bad\">failed</strong>"))
    }
  }

  @Test func whatIsNoRunIsNamed() throws {
    try withTool { tool in
      try tool.write("", to: "empty/x")
      for command in ["plot", "report"] {
        let result = try tool.run(command, "empty")
        #expect(result.code == 2, "\(command): \(result.errors)")
        #expect(!tool.exists("report.html"))
      }
      let runs = try tool.run("runs", "empty")
      #expect(runs.output == "no runs below 'empty'\n")
      let none = try tool.run("runs", "nothing")
      #expect(none.code == 2)
      #expect(
        none.errors == """
          error: there is no folder 'nothing'
          note: 'nnexp run' writes its results there

          """)
    }
  }

  /// A log gets a line at every tenth of the epochs.
  @Test func aLogShowsTheEpochs() throws {
    try withTool { tool in
      try tool.write(exclusiveOr, to: "xor.yaml")
      let lines = try tool.run("run", "xor.yaml").output.split(separator: "\n")
      let epochs = lines.filter { $0.hasPrefix("epoch ") }.compactMap {
        $0.split(separator: " ").dropFirst().first
      }
      #expect(epochs == (1...10).map { "\(2 * $0)/20" })
      #expect(try !tool.run("run", "xor.yaml", "-q").output.contains("epoch"))
    }
  }

  /// On a terminal of any width, the progress is one line that is redrawn in place.
  @Test func progressFitsEveryTerminal() throws {
    try withTool { tool in
      let file = exclusiveOr.replacing("epochs: 20", with: "epochs: 200000\n  record_every: 1000")
      try tool.write(file, to: "xor.yaml")
      for columns in [20, 33, 120] {
        let result = try tool.shell(
          "script -qec 'stty cols \(columns); nnexp run xor.yaml' /dev/null")
        #expect(result.code == 0, "\(columns)")
        let drawn = result.output.split(separator: "\r\u{1B}[K").dropFirst().dropLast()
        #expect(!drawn.isEmpty, "\(columns)")
        for line in drawn {
          #expect(!line.contains("\n") && line.count < columns, "\(columns): \(line)")
          #expect(line.contains("epoch "), "\(columns): \(line)")
        }
      }
    }
  }
}
