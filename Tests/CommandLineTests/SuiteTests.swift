import Foundation
import TestSupport
import Testing

/// `nnexp test`, and the reports of other commands for CI servers.
@Suite struct SuiteTests {
  private static let sound = """
    data: {inline: {inputs: [[0], [1]], targets: [[1], [0]]}}
    model: [{type: dense, units: 1}]
    loss: squared_error
    train: {optimizer: {type: sgd, learning_rate: 0.5}, epochs: 3, batch_size: full}
    gradient_check: false
    expect: {metrics: golden/a.csv, train_loss: "< 9"}

    """

  /// The names of the test cases of a report, with the results of those that did not pass.
  private func cases(_ report: String) -> [String] {
    report.split(separator: "\n").filter { $0.contains("<testcase") }.map { line in
      let name = line.split(separator: " name=\"")[1].prefix { $0 != "\"" }
      let result = ["failure", "error", "skipped"].first { line.contains("<\($0) ") }
      return result.map { "\(name): \($0)" } ?? String(name)
    }
  }

  @Test func `golden files are created, compared and updated`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(SuiteTests.sound, to: "s/a.yaml")
    try tool.write("base: a.yaml\nsweep: {grid: {seed: [1, 2]}}\n", to: "s/b.yml")
    try tool.write("name: c\n", to: "s/c.yaml")

    let made = try tool.run("run", "s/a.yaml", "--update-golden", "-q")
    #expect(made.code == 0 && made.output == "golden file 's/golden/a.csv': created\n")
    let golden = try tool.read("s/golden/a.csv")

    let all = try tool.run("test", "s", "--junit", "r.xml", "--github")
    #expect(all.code == 2)
    #expect(all.output.hasPrefix("pass  s/a.yaml  "))
    #expect(all.output.contains("\nskip  s/b.yml  a sweep: nnexp sweep s/b.yml\nFAIL  s/c.yaml  "))
    #expect(all.output.contains("\n1 of 2 experiments passed, 1 skipped\n"))
    #expect(all.output.contains("\n::error file=s/c.yaml,line=1,col=1::missing 'data'"))
    #expect(
      cases(try tool.read("r.xml")) == [
        "is valid", "trains", "expect train_loss &lt; 9", "expect metrics golden/a.csv",
        "trains: skipped", "is valid: error",
      ])
    #expect(!tool.exists("results/a/run-0002"))

    try tool.write(golden.replacing(",0.5,", with: ",0.25,"), to: "s/golden/a.csv")
    let changed = try tool.run("test", "s/a.yaml", "--junit", "r.xml")
    #expect(changed.code == 1)
    #expect(
      cases(try tool.read("r.xml")) == [
        "is valid", "trains", "expect train_loss &lt; 9", "expect metrics golden/a.csv: failure",
      ])
    let updated = try tool.run("test", "s/a.yaml", "--update-golden", "--output", "kept")
    #expect(updated.code == 0)
    #expect(updated.output.contains("golden file 's/golden/a.csv': updated\n"))
    #expect(try tool.read("s/golden/a.csv") == golden)
    #expect(try tool.read("kept/a/metrics.csv") == golden)
  }

  @Test func `a plugin that crashes fails only its own test`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeCSquare(forward: "*(volatile int *)8 = 1;")
    try tool.writeExperiment(plugins: "[Square.c]")
    let sound = SuiteTests.sound.replacing("metrics: golden/a.csv, ", with: "")
    try tool.write(sound, to: "a.yaml")
    // An experiment with a base is no sweep.
    try tool.write("base: a.yaml\ntrain: {epochs: 2}\n", to: "z.yaml")
    let result = try tool.runPlugin("test", "a.yaml", "x.yaml", "z.yaml", "--junit", "r.xml")
    #expect(result.code == 2)
    #expect(
      result.output.split(separator: "\n").map { $0.prefix { $0 != " " } }
        == ["pass", "FAIL", "pass", "2"], "\(result.output)")
    let fact =
      "'bent' (square, of the plugin 'Square.c') crashed in its forward pass: an access to memory "
      + "that is not its own (SIGSEGV)"
    #expect(result.errors == "x.yaml:10:12: error: \(fact)\n")
    let report = try tool.read("r.xml")
    #expect(
      cases(report) == [
        "is valid", "trains", "expect train_loss &lt; 9", "trains: error", "is valid", "trains",
        "expect train_loss &lt; 9",
      ])
    #expect(report.contains(fact.replacing("'", with: "&#39;")))
  }

  @Test func `a golden file is not replaced by a run that falls short`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(SuiteTests.sound, to: "a.yaml")
    let result = try tool.run(
      "run", "a.yaml", #"expect.train_loss="< 0""#, "--update-golden", "-q", "--junit", "r.xml")
    #expect(result.code == 1)
    #expect(
      result.errors.hasSuffix("golden file 'golden/a.csv': not updated, because the run failed\n"))
    #expect(!tool.exists("golden"))
    #expect(cases(try tool.read("r.xml")).last == "expect train_loss &lt; 0: failure")
    try tool.write("text", to: "r.xml")
    #expect(
      try tool.run("run", "a.yaml", "expect=null", "-q", "--junit", "r.xml").errors == """
        error: the output 'r.xml' already exists
        note: choose another file

        """)
    try tool.write(SuiteTests.sound.replacing("metrics: golden/a.csv, ", with: ""), to: "b.yaml")
    #expect(
      try tool.run("run", "b.yaml", "--update-golden").errors.hasPrefix(
        "b.yaml:1:1: error: 'b.yaml' has no golden file to update\n"))
  }

  @Test func `validate and gradcheck report each file and moment`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr, to: "xor.yaml")
    try tool.write("name: c\n", to: "c.yaml")
    let checked = try tool.run("validate", "xor.yaml", "c.yaml", "--json", "--junit", "r.xml")
    #expect(checked.code == 2)
    #expect(checked.output.contains("\"valid\": true") && checked.output.contains("\"line\": 1"))
    #expect(cases(try tool.read("r.xml")) == ["xor.yaml is valid", "c.yaml is valid: error"])
    #expect(
      try tool.run("gradcheck", "xor.yaml", "--at", "start,end", "--junit", "r.xml").code == 0)
    #expect(
      cases(try tool.read("r.xml")) == [
        "is valid", "gradients at the start", "gradients at the end",
      ])
  }

  /// The JSON that a command prints.
  private func json(_ tool: Tool, _ words: String...) throws -> NSDictionary {
    let output = try tool.run(words).output
    return try #require(
      JSONSerialization.jsonObject(with: Data("{\"list\": \(output)}".utf8)) as? NSDictionary)
  }

  @Test func `runs, compare and validate print JSON`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("", to: "empty/a")
    #expect(try tool.run("runs", "empty", "--json").output == "[]\n")
    let sound = SuiteTests.sound.replacing("metrics: golden/a.csv, ", with: "")
    try tool.write(sound, to: "a.yaml")
    for rate in ["0.5", "0.25"] {
      try tool.run("run", "a.yaml", "-q", "train.optimizer.learning_rate=\(rate)")
    }
    let runs = try #require(try json(tool, "runs", "--json")["list"] as? [[String: Any]])
    #expect(runs.map { $0["path"] as? String } == ["results/a/run-0002", "results/a/run-0001"])
    #expect(
      Set(runs[0].keys) == ["path", "status", "started", "epochs", "metric", "value"]
        && runs[0]["status"] as? String == "completed" && runs[0]["epochs"] as? Int == 3
        && runs[0]["metric"] as? String == "train_loss" && runs[0]["value"] is Double)
    #expect(
      try tool.run(
        "compare", "results/a/run-0001", "results/a/run-0001", "--exact", "--json"
      ).output.hasPrefix("{\n  \"equal\": true,\n  \"files\": [\"metrics.csv\", "))
    let exact = try tool.run(
      "compare", "results/a/run-0001", "results/a/run-0002", "--exact", "--json")
    #expect(exact.code == 1 && exact.output.contains("\"equal\": false"))
    let compared = try json(
      tool, "compare", "results/a/run-0001", "results/a/run-0002", "--json")
    let rows = try #require(compared["list"] as? [[String: Any]])
    #expect(rows.map { $0["run"] as? String } == ["results/a/run-0001", "results/a/run-0002"])
    let models = try #require(try json(tool, "validate", "a.yaml", "--json")["list"] as? [Any])
    #expect(
      models as NSArray == [
        [
          "path": "a.yaml", "valid": true, "diagnostics": [], "name": "a",
          "model": [
            [
              "name": "dense", "type": "dense", "inputs": ["input"], "outputs": [[1]],
              "parameters": 2,
            ]
          ],
          "parameters": 2, "trainable": 2, "samples": ["train": 2],
        ]
      ] as NSArray)
  }

  @Test func `help describes sections, and types are JSON`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(
      try tool.run("help", "train.clip").output == """
        train.clip: limits large gradients
        Value: {norm: …} or {value: …}

          norm (optional)
              largest length ‖g‖₂
              value: a number > 0
          value (optional)
              largest absolute value of an entry
              value: a number > 0

        """)
    #expect(
      try tool.run("help", "trian").errors.hasPrefix(
        "error: there is no help about 'trian'; did you mean 'train'?\n"))
    #expect(
      try tool.run("types", "relu", "--json").output.hasPrefix("[\n  {\n    \"name\": \"relu\","))
    #expect(try tool.run("types", "relu").output == tool.run("layers", "relu").output)
  }
}
