import Foundation
import TestSupport
import Testing

/// A run of nnexp 0.1.0, which has no columns.json and has delivered no weights, is read as
/// before, with a warning if its data must be read again.
@Suite struct EarlierVersionTests {
  private static let warning = """
    warning: 'results/iris/run-0001' has no columns.json, as runs of nnexp 0.1.0; its data are \
    read again

    """

  /// The folder of a project with the run, and with its experiment and data if they are
  /// needed.
  private func tool() throws -> Tool {
    let tool = try Tool()
    let files = FileManager.default
    let run = tool.folder.appendingPathComponent("results/iris/run-0001")
    try files.createDirectory(
      at: run.deletingLastPathComponent(), withIntermediateDirectories: true)
    try files.copyItem(
      at: Repository.root.appendingPathComponent("Tests/References/run_0.1.0"), to: run)
    try tool.write(
      tool.read("results/iris/run-0001/run.json").replacing(
        "/home/user", with: tool.folder.resolvingSymlinksInPath().path),
      to: "results/iris/run-0001/run.json")
    for file in ["iris.yaml", "data/iris.csv"] {
      let source = Repository.root.appendingPathComponent("experiments/\(file)")
      try tool.write(String(contentsOf: source, encoding: .utf8), to: "experiments/\(file)")
    }
    return tool
  }

  private func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

  @Test func `predictions and measurements are those of its best weights`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let evaluated = try tool.run("evaluate", "results/iris/run-0001")
    #expect(evaluated.code == 0)
    #expect(
      evaluated.output.hasPrefix("the weights of epoch 100 (best validation_loss)\nsplit"))
    #expect(lines(evaluated.output)[4].hasPrefix("test             30   0.163343       0.9"))
    let measured = try tool.run(
      "evaluate", "results/iris/run-0001", "--data", "experiments/data/iris.csv")
    #expect(measured.code == 0)
    #expect(measured.errors == Self.warning)

    // The last version wrote logits and no rows, but the classes are the same.
    let predicted = try tool.run(
      "predict", "results/iris/run-0001", "--input", "experiments/data/iris.csv", "-o", "p.csv")
    #expect(predicted.code == 0)
    #expect(predicted.errors == Self.warning)
    let classes = lines(try tool.read("p.csv")).dropFirst().map { $0.split(separator: ",")[1] }
    #expect(classes.count == 150)
    let before = lines(try tool.read("results/iris/run-0001/predictions.csv")).dropFirst()
      .map { $0.split(separator: ",")[3] }
    for name in ["setosa", "versicolor", "virginica"] {
      #expect(before.contains { $0 == name } && classes.contains { $0 == name })
    }
  }

  @Test func `its data must not have changed`() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.write(
      tool.read("experiments/data/iris.csv") + "5,3,1,0.2,setosa\n", to: "experiments/data/iris.csv"
    )
    let commands = [
      ["predict", "results/iris/run-0001", "--input", "experiments/data/iris.csv"],
      ["gradcheck", "experiments/iris.yaml", "--checkpoint", "results/iris/run-0001"],
      ["explain", "experiments/iris.yaml", "--checkpoint", "results/iris/run-0001"],
    ]
    for command in commands {
      let result = try tool.run(command)
      #expect(result.code == 2)
      #expect(
        result.errors.contains(
          "error: cannot use 'results/iris/run-0001': its data file 'experiments/data/iris.csv' was "
            + "changed\n"), "\(command[0]): \(result.errors)")
    }
  }

  @Test(arguments: [
    ["gradcheck", "experiments/iris.yaml", "--checkpoint", "results/iris/run-0001"],
    ["explain", "experiments/iris.yaml", "--checkpoint", "results/iris/run-0001"],
    ["compare", "results/iris/run-0001", "results/iris/run-0001"],
    ["plot", "results/iris/run-0001"],
    ["report", "results/iris/run-0001"],
    ["resume", "results/iris/run-0001"],
    ["runs"],
  ])
  func `other commands read it`(command: [String]) throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.run(command)
    #expect(result.code == 0, "\(result.errors)")
    #expect(!result.output.isEmpty)
    if ["gradcheck", "explain"].contains(command[0]) { #expect(result.errors == Self.warning) }
  }
}
