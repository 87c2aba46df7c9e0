import Foundation
import TestSupport
import Testing

@Suite struct RunTests {
  private func tool(_ text: String = exclusiveOr) throws -> Tool {
    let tool = try Tool()
    try tool.write(text, to: "xor.yaml")
    return tool
  }

  @Test func aRunWritesItsFiles() throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.run("run", "xor.yaml")
    #expect(result.code == 0)
    #expect(result.errors == "")
    #expect(
      try FileManager.default.contentsOfDirectory(
        atPath: tool.folder.appendingPathComponent("results/xor/run-0001").path
      ).filter { !$0.hasPrefix(".") }.sorted() == [
        "checkpoints", "columns.json", "experiment.yaml", "gradient_check.csv",
        "gradient_check_summary.csv", "metrics.csv", "resolved.yaml", "run.json", "summary.json",
        "timing.csv",
      ])
    #expect(try tool.read("results/xor/run-0001/experiment.yaml") == exclusiveOr)
    let metrics = try tool.read("results/xor/latest/metrics.csv").split(separator: "\n")
    #expect(metrics.count == 21)
    #expect(metrics[0] == "epoch,step,learning_rate,train_loss,validation_loss")
    #expect(metrics[20].hasPrefix("20,20,2,0."))
    #expect(result.output.contains("results/xor/run-0001/metrics.csv"))
  }

  @Test func aSecondRunGetsAnotherNumberAndTheSameBytes() throws {
    let tool = try tool()
    defer { tool.remove() }
    for _ in 0..<2 { #expect(try tool.run("run", "xor.yaml", "--quiet").code == 0) }
    for file in ["metrics.csv", "gradient_check.csv", "summary.json", "resolved.yaml"] {
      #expect(
        try tool.read("results/xor/run-0001/\(file)") == tool.read("results/xor/run-0002/\(file)"))
    }
    #expect(
      try FileManager.default.destinationOfSymbolicLink(
        atPath: tool.folder.appendingPathComponent("results/xor/latest").path) == "run-0002")
  }

  @Test func localeAndTimeZoneChangeNothing() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("run", "xor.yaml", "--quiet").code == 0)
    let other = ["LC_ALL": "de_DE.UTF-8", "TZ": "Pacific/Kiritimati", "HOME": ""]
    #expect(try tool.run("run", "xor.yaml", "--quiet", environment: other).code == 0)
    #expect(
      try tool.read("results/xor/run-0001/metrics.csv")
        == tool.read("results/xor/run-0002/metrics.csv"))
  }

  @Test func theResolvedFileGivesTheSameRun() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("run", "xor.yaml", "train.epochs=7", "--quiet").code == 0)
    try tool.write(try tool.read("results/xor/run-0001/resolved.yaml"), to: "again.yaml")
    #expect(try tool.run("run", "again.yaml", "--quiet").code == 0)
    for file in ["metrics.csv", "resolved.yaml", "gradient_check.csv"] {
      #expect(
        try tool.read("results/xor/run-0001/\(file)") == tool.read("results/xor/run-0002/\(file)"))
    }
  }

  @Test func overridesAreTypedAndChecked() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(
      try tool.run("run", "xor.yaml", "model.hidden.units=5", "+train.record_every=10", "-q").code
        == 0)
    #expect(
      try tool.read("results/xor/latest/metrics.csv").split(separator: "\n").count == 3)
    let wrong = try tool.run("run", "xor.yaml", "train.epochs=many", "train.epoch=3", "-q")
    #expect(wrong.code == 2)
    #expect(wrong.errors.contains("command line:1:"))
  }

  @Test func outputNamesAnotherFolder() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("run", "xor.yaml", "--output", "here/mine", "-q").code == 0)
    #expect(tool.exists("here/mine/metrics.csv"))
    #expect(!tool.exists("results"))
    let again = try tool.run("run", "xor.yaml", "--output", "here/mine", "-q")
    #expect(again.code != 0)
    #expect(again.errors.contains("here/mine"))
  }

  @Test func aMissedExpectationEndsWith1() throws {
    let tool = try tool(exclusiveOr + "expect: {train_loss: \"< 0.0001\"}\n")
    defer { tool.remove() }
    let result = try tool.run("run", "xor.yaml", "-q")
    #expect(result.code == 1)
    #expect(
      result.errors.hasPrefix("xor.yaml:16:22: error: train_loss is 0."), "\(result.errors)")
    let summary = try tool.read("results/xor/latest/summary.json")
    #expect(summary.contains("\"status\": \"fell_short\""))
    #expect(summary.contains("\"exit_status\": 1"))
  }

  @Test func divergenceEndsWith1AndKeepsFiniteWeights() throws {
    let tool = try tool(
      exclusiveOr.replacing("  - sigmoid\nloss", with: "loss")
        .replacing("learning_rate: 2", with: "learning_rate: 1e30"))
    defer { tool.remove() }
    let result = try tool.run("run", "xor.yaml", "-q", "+gradient_check=false")
    #expect(result.code == 1)
    #expect(result.errors.contains("training diverged at step"))
    #expect(try tool.read("results/xor/latest/summary.json").contains("\"status\": \"failed\""))
    #expect(tool.exists("results/xor/latest/checkpoints/last.nnx"))
  }

  @Test func evaluateAndPredictUseTheWeights() throws {
    let tool = try tool(exclusiveOr.replacing("epochs: 20", with: "epochs: 5000"))
    defer { tool.remove() }
    #expect(try tool.run("run", "xor.yaml", "-q", "+train.record_every=1000").code == 0)
    let evaluated = try tool.run("evaluate", "results/xor/latest")
    #expect(evaluated.code == 0)
    #expect(
      evaluated.output.hasPrefix("the weights of epoch 5000 (last)\nsplit  samples"), "\(evaluated)"
    )
    try tool.write("input_0,input_1\n0,1\n1,1\n", to: "new.csv")
    let predicted = try tool.run(
      "predict", "results/xor/latest", "--input", "new.csv", "--output", "out.csv")
    #expect(predicted.errors == "")
    let rows = try tool.read("out.csv").split(separator: "\n").map { $0.split(separator: ",") }
    #expect(rows.count == 3)
    #expect(Double(rows[1].last!)! > 0.8)
    #expect(Double(rows[2].last!)! < 0.2)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalEndsTheRunCleanly(signal: Int32) throws {
    let tool = try tool(exclusiveOr.replacing("epochs: 20", with: "epochs: 2000000000"))
    defer { tool.remove() }
    let process = try tool.start(["run", "xor.yaml", "-q", "+train.record_every=1000"])
    let metrics = "results/xor/run-0001/metrics.csv"
    #expect(waitUntil { ((try? tool.read(metrics)) ?? "").count > 200 })
    process.send(signal)
    #expect(process.wait() == .signal(signal))
    let summary = try tool.read("results/xor/run-0001/summary.json")
    #expect(summary.contains("\"status\": \"interrupted\""))
    #expect(summary.contains("\"exit_status\": \(128 + signal)"))
    #expect(tool.exists("results/xor/run-0001/checkpoints/last.nnx"))
    #expect(try tool.read(metrics).hasSuffix("\n"))
  }

  @Test func aReaderThatGoesAwayDoesNotChangeTheRun() throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try runCommand(
      "/bin/sh",
      [
        "-c",
        "'\(Tool.executable.path)' run xor.yaml | true; '\(Tool.executable.path)' run xor.yaml > /dev/full",
      ],
      in: tool.folder)
    #expect(result.errors == "")
    #expect(
      try tool.read("results/xor/run-0001/metrics.csv")
        == tool.read("results/xor/run-0002/metrics.csv"))
  }
}

@Suite struct OtherCommandTests {
  @Test func validateShowsTheModelAndCreatesNothing() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr, to: "xor.yaml")
    let result = try tool.run("validate", "xor.yaml")
    #expect(result.code == 0)
    #expect(
      result.output.hasPrefix(
        """
        xor.yaml: valid
        node       type     inputs   output  parameters
        hidden     dense    input    [2]              6
        sigmoid    sigmoid  hidden   [2]              0
        output     dense    sigmoid  [1]              3
        sigmoid_2  sigmoid  output   [1]              0
        9 parameters; 
        """), "\(result.output)")
    #expect(tool.contents == ["xor.yaml"])
  }

  @Test func layersAreListedAndDescribed() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let list = try tool.run("layers")
    #expect(list.code == 0)
    for name in [
      "dense", "lp_pooling", "cross_entropy", "adamw", "cosine", "orthogonal", "spirals",
    ] {
      #expect(list.output.contains("  \(name) "), "\(name)")
    }
    let dense = try tool.run("layers", "dense")
    #expect(dense.output.contains("units"))
    #expect(dense.output.contains("required"))
    let unknown = try tool.run("layers", "dens")
    #expect(unknown.code == 2)
    #expect(
      unknown.errors == """
        error: unknown type 'dens'; did you mean 'dense'?
        note: nnexp types lists them all

        """)
  }

  @Test func usageErrorsEndWith2() throws {
    let tool = try Tool()
    defer { tool.remove() }
    for arguments in [["fly"], ["run"], ["run", "a.yaml", "--nonsense"]] {
      let result = try tool.run(arguments)
      #expect(result.code == 2, "\(arguments)")
      #expect(result.output == "")
    }
    #expect(try tool.run("--help").code == 0)
    #expect(try tool.run("--version").output == "0.1.0\n")
    #expect(try tool.run("run", "none.yaml").code == 2)
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionScriptsAreGenerated(shell: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let result = try tool.run("--generate-completion-script", shell)
    #expect(result.code == 0)
    #expect(result.output.contains("gradcheck"))
  }
}
