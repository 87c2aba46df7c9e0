import Foundation
import TestSupport
import Testing

/// Resuming runs by commands.
@Suite struct ResumeTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write(statefulExperiment, to: "eventful.yaml")
    return tool
  }

  /// A run that was killed at its 200th operation.
  private func killed(_ arguments: String...) throws -> Tool {
    let tool = try tool()
    let end = try tool.start(
      ["run", "eventful.yaml", "-q"] + arguments,
      environment: [
        "LD_PRELOAD": tool.build(library: "fault_injector"), "NNEXP_FAULT": "before 200",
      ]
    ).wait()
    try #require(end == .signal(SIGKILL))
    return tool
  }

  @Test func theSameCommandCompletesAKilledRun() throws {
    let tool = try killed()
    defer { tool.remove() }
    let command = ["run", "eventful.yaml", "--resume"]
    func run(_ more: String...) throws -> CommandResult {
      try tool.run(command + more)
    }
    let first = try run()
    #expect(first.code == 0 && first.errors == "", "\(first.errors)")
    #expect(first.output.contains("\nresuming from step "))
    let again = try run()
    #expect(again.code == 0)
    #expect(again.output == "'results/eventful/run-0001' is already complete\n")
    // Another configuration belongs to another run.
    let other = try run("train.epochs=3")
    #expect(other.code == 0 && !other.output.contains("unfinished"))
    #expect(tool.exists("results/eventful/run-0002") && !tool.exists("results/eventful/run-0003"))
    #expect(try run("-q").output == "")
  }

  @Test func anUnfinishedRunOfAnotherConfigurationIsNamed() throws {
    let tool = try killed()
    defer { tool.remove() }
    let result = try tool.run("run", "eventful.yaml", "--resume", "train.epochs=3")
    #expect(result.code == 0)
    #expect(
      result.output.hasPrefix(
        "'results/eventful/run-0001' is unfinished, but of another configuration\n"))
    #expect(tool.exists("results/eventful/run-0002"))
  }

  @Test func anUnfinishedOutputIsResumedOrRefused() throws {
    let tool = try killed("--output", "mine")
    defer { tool.remove() }
    let output = ["run", "eventful.yaml", "--resume", "-q", "--output", "mine"]
    let refused = try tool.run(
      "run", "eventful.yaml", "--resume", "-q", "--output", "mine", "train.epochs=3")
    #expect(refused.code == 2)
    #expect(
      refused.errors == """
        error: cannot resume 'mine': its resolved.yaml has 'epochs: 100' where the experiment \
        has 'epochs: 3'
        note: nnexp resume mine resumes it with its original settings

        """)
    for _ in 0..<2 { #expect(try tool.start(output).wait() == .exit(0)) }
    #expect(!tool.exists("results"))
    // Without --resume, existing runs are not changed.
    #expect(try tool.run("run", "eventful.yaml", "-q", "--output", "mine").code == 2)
  }

  /// If it was killed before there was a run.json, no results are lost.
  @Test func theOutputOfARunThatNeverBeganIsReused() throws {
    let tool = try tool()
    defer { tool.remove() }
    let injector = try tool.build(library: "fault_injector")
    for operation in 0..<(isThorough ? 40 : 8) {
      let output = "out \(operation)"
      let end = try tool.start(
        ["run", "eventful.yaml", "-q", "--output", output, "train.epochs=2"],
        environment: ["LD_PRELOAD": injector, "NNEXP_FAULT": "after \(operation)"]
      ).wait()
      if end == .exit(0) { break }
      #expect(end == .signal(SIGKILL))
      // A folder with a run is resumed; a folder without one is reused.
      let hasBegun = tool.exists("\(output)/run.json")
      let result = try tool.run(
        "run", "eventful.yaml", "-q", "--output", output, "train.epochs=2",
        hasBegun ? "--resume" : "--quiet")
      #expect(result.code == 0, "after \(operation): \(result.errors)")
    }
  }

  @Test func aRunOfAnotherBuildIsRefused() throws {
    let tool = try killed()
    defer { tool.remove() }
    let file = "results/eventful/run-0001/run.json"
    let text = try tool.read(file)
    let build = try #require(text.firstMatch(of: /"build": "([0-9a-f]{40})"/)?.1)
    try tool.write(
      text.replacing(build, with: String(repeating: "0", count: 40)), to: file)
    let result = try tool.run("run", "eventful.yaml", "--resume", "-q")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        error: cannot resume 'results/eventful/run-0001': it began with another build of \
        nnexp, 000000000000; this is \(build.prefix(12))
        note: a run resumes only with its original settings; start a new one with nnexp run

        """)
  }

  /// For a killed run without files of weights, the newest state is used.
  @Test func aKilledRunIsUsedWithTheWeightsOfItsNewestState() throws {
    let tool = try killed()
    defer { tool.remove() }
    let run = "results/eventful/run-0001"
    #expect(!tool.exists(run + "/checkpoints/last.nnx"))
    try tool.write("input_0,input_1\n0,1\n", to: "new.csv")
    let commands = [
      ["evaluate", run], ["evaluate", run, "--weights", "last"],
      ["predict", run, "--input", "new.csv", "--output", "out.csv"],
      ["gradcheck", "eventful.yaml", "--checkpoint", run],
      ["explain", "eventful.yaml", "--checkpoint", run],
    ]
    for command in commands {
      let result = try tool.run(command)
      #expect(result.code == 0, "\(command[0]): \(result.errors)")
      #expect(
        result.errors.contains(
          /^warning: 'results\/eventful\/run-0001' has not finished; these are its weights after step [1-9]\d*\n$/
        ), "\(command[0]): \(result.errors)")
    }
    // The best weights in the state equal those of a complete run of that length.
    let step = try #require(
      tool.run("evaluate", run).errors.firstMatch(of: /step (\d+)/).flatMap { Int($0.1) })
    let epoch = step / 3 / 2 * 2
    try tool.run("run", "eventful.yaml", "-q", "--output", "short", "train.epochs=\(epoch)")
    #expect(
      try tool.run("evaluate", "short").output == tool.run("evaluate", run).output)
  }

  @Test func aFolderThatIsNotARunIsRefused() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.write("", to: "folder/file")
    let none = try tool.run("resume", "results/eventful/latest")
    #expect(none.code == 2)
    #expect(none.errors == "error: there is no run folder 'results/eventful/latest'\n")
    let folder = try tool.run("resume", "folder")
    #expect(folder.code == 2)
    #expect(folder.errors == "error: 'folder' is not a run: it has no run.json\n")
  }
}
