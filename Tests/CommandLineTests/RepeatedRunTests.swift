import Foundation
import TestSupport
import Testing

/// A run's resolved.yaml repeats the run from any folder.
@Suite struct RepeatedRunTests {
  private func project() throws -> Tool {
    let tool = try Tool()
    try tool.write("x,y\n1,2\n2,4\n3,6\n4,8\n", to: "project/data/d.csv")
    try tool.write("x,y\n5,10\n", to: "project/data/v.csv")
    try tool.write(
      """
      name: line
      seed: 3
      data:
        csv: {path: data/d.csv, targets: y}
        validation: {csv: {path: data/v.csv}}
      model: [{type: dense, units: 1}]
      loss: squared_error
      train: {optimizer: {type: sgd, learning_rate: 0.01}, epochs: 5, batch_size: 2}
      predictions: [train, validation]

      """, to: "project/experiments/line.yaml")
    return tool
  }

  private func run(_ tool: Tool, _ arguments: String..., in folder: String) throws
    -> CommandResult
  {
    let folder = tool.folder.appendingPathComponent(folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return try runCommand(Tool.executable.path, arguments, in: folder)
  }

  @Test func `the same bytes from another folder`() throws {
    let tool = try project()
    defer { tool.remove() }
    // The paths of the file are relative to the project.
    let text = try tool.read("project/experiments/line.yaml")
    try tool.write(
      text.replacing("data:\n", with: "data:\n  folder: ..\n"), to: "project/experiments/line.yaml")
    let first = try run(
      tool, "run", "experiments/line.yaml", "train.epochs=7", "-q", in: "project")
    #expect(first.code == 0, "\(first.errors)")
    let resolved = "project/results/line/latest/resolved.yaml"
    let project = tool.folder.resolvingSymlinksInPath().path + "/project/experiments/.."
    let written = try tool.read(resolved)
    #expect(written.contains("\ndata:\n  folder: \"\(realPath(project))\"\n"), "\(written)")

    let again = try run(
      tool, "run", "../project/results/line/latest/resolved.yaml", "-q", in: "elsewhere")
    #expect(again.code == 0, "\(again.errors)")
    for file in ["metrics.csv", "predictions.csv", "columns.json", "resolved.yaml"] {
      #expect(
        try tool.read("project/results/line/run-0001/\(file)")
          == tool.read("elsewhere/results/line/run-0001/\(file)"), "\(file)")
    }
    for file in ["checkpoints/last.nnx", "checkpoints/best.nnx", "checkpoints/samples.npz"] {
      #expect(
        try Data(
          contentsOf: tool.folder.appendingPathComponent("project/results/line/latest/\(file)"))
          == Data(
            contentsOf: tool.folder.appendingPathComponent("elsewhere/results/line/latest/\(file)")),
        "\(file)")
    }
    let same = try run(
      tool, "compare", "--exact", "results/line/latest", "../elsewhere/results/line/latest",
      in: "project")
    #expect(same.code == 0, "\(same.output)")
  }

  @Test func `a run that starts from another one is repeated with the same weights`() throws {
    let tool = try project()
    defer { tool.remove() }
    let first = try run(
      tool, "run", "experiments/line.yaml", "-q", "+data.folder=..", in: "project")
    #expect(first.code == 0, "\(first.errors)")
    let text = try tool.read("project/experiments/line.yaml")
    try tool.write(
      text.replacing("data:\n", with: "data:\n  folder: ..\n").replacing("line\n", with: "more\n")
        + "start_from: {run: results/line/latest}\n", to: "project/experiments/more.yaml")
    #expect(try run(tool, "run", "experiments/more.yaml", "-q", in: "project").code == 0)
    // Another run is the latest now.
    let other = try run(
      tool, "run", "experiments/line.yaml", "-q", "+data.folder=..", "seed=8", in: "project")
    #expect(other.code == 0)
    let path = "project/results/more/latest/resolved.yaml"
    let again = try run(tool, "run", "../\(path)", "-q", in: "elsewhere")
    #expect(again.code == 0, "\(again.errors)")
    let found = realPath(
      tool.folder.resolvingSymlinksInPath().path + "/project/results/line/run-0001")
    #expect(
      try tool.read(path).contains(
        "\nstart_from:\n  found: \"\(found)\"\n  run: results/line/latest\n"))
    for file in ["metrics.csv", "predictions.csv", "resolved.yaml"] {
      #expect(
        try tool.read("project/results/more/run-0001/\(file)")
          == tool.read("elsewhere/results/more/run-0001/\(file)"), "\(file)")
    }
    let resumed = try run(tool, "resume", "elsewhere/results/more/latest", in: ".")
    #expect(resumed.code == 0, "\(resumed.errors)")
  }

  private func realPath(_ path: String) -> String {
    guard let found = realpath(path, nil) else { return "" }
    defer { free(found) }
    return String(cString: found)
  }

  @Test func `a run is resumed and complete, whatever folder its files name`() throws {
    let tool = try project()
    defer { tool.remove() }
    let file = "project/experiments/line.yaml"
    try tool.write(
      tool.read(file).replacing("data:\n", with: "data:\n  folder: ..\n"), to: file)
    #expect(try run(tool, "run", "experiments/line.yaml", "-q", in: "project").code == 0)
    let again = try run(tool, "run", "experiments/line.yaml", "--resume", in: "project")
    #expect(again.code == 0)
    #expect(again.output.contains("complete"), "\(again.output)")
    let resumed = try run(tool, "resume", "project/results/line/latest", in: ".")
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(!tool.exists("project/results/line/run-0002"))
  }

  @Test func `a folder that is not there is reported at its line`() throws {
    let tool = try project()
    defer { tool.remove() }
    let file = "project/experiments/line.yaml"
    try tool.write(
      tool.read(file).replacing("data:\n", with: "data:\n  folder: ../none\n"), to: file)
    let result = try run(tool, "run", "experiments/line.yaml", "-q", in: "project")
    #expect(result.code == 2)
    #expect(
      result.errors.hasPrefix(
        """
        experiments/line.yaml:4:11: error: there is no folder 'experiments/../none'
            folder: ../none
                    ^

        """), "\(result.errors)")
  }
}
