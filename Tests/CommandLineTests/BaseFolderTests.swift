import Foundation
import TestSupport
import Testing

/// `base: ../a/base.yaml`: each path is relative to the file that contains it.
@Suite struct BaseFolderTests {
  private static let table = "x,y,t\n1,2,3\n2,1,4\n0,1,1\n1,0,2\n"

  /// Calls the test with a tool whose folder contains an experiment `a/base.yaml` with its table,
  /// initial weights and golden file.
  private func withTool(_ body: (Tool) throws -> Void) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(BaseFolderTests.table, to: "a/data/table.csv")
    try Data(ArrayWriter.npy([0.5, -0.25], [1, 2]))
      .write(to: tool.folder.appendingPathComponent("a/w.npy"))
    try tool.write(
      """
      data: {csv: {path: data/table.csv, targets: t}}
      model: [{type: dense, units: 1, initial: {weight: {file: w.npy}}}]
      loss: squared_error
      train: {epochs: 2, optimizer: {type: sgd, learning_rate: 0.1}, batch_size: full}
      gradient_check: false
      expect: {metrics: golden.csv}

      """, to: "a/base.yaml")
    try tool.run("run", "a/base.yaml", "expect.metrics=null", "--output", "golden")
    try tool.write(tool.read("golden/metrics.csv"), to: "a/golden.csv")
    try body(tool)
  }

  @Test func `the paths of the base are relative to its folder`() throws {
    try withTool { tool in
      try tool.write("base: ../../a/base.yaml\n", to: "b/c/own.yaml")
      let run = try tool.run("run", "b/c/own.yaml", "--output", "first")
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.contains("1 of 1 expectations met\n"))
      #expect(try tool.read("first/base.yaml") == tool.read("a/base.yaml"))
      let resolved = try tool.read("first/resolved.yaml")
      for path in ["../../a/data/table.csv", "../../a/w.npy", "../../a/golden.csv"] {
        #expect(resolved.contains(path))
      }
      // resolved.yaml repeats the run from anywhere, and can itself be a base.
      try tool.write("base: ../first/resolved.yaml\nname: third\n", to: "d/third.yaml")
      for (file, output) in [("first/resolved.yaml", "second"), ("d/third.yaml", "third")] {
        let again = try tool.shell(
          "mkdir -p e && cd e && nnexp run ../\(file) -q --output ../\(output)")
        #expect(again.code == 0, "\(again.errors)")
        #expect(try tool.read("\(output)/metrics.csv") == tool.read("first/metrics.csv"))
      }
      // The run is complete.
      try tool.write("x,y\n1,2\n", to: "new.csv")
      #expect(try tool.run("predict", "first", "--input", "new.csv").code == 0)
    }
  }

  @Test func `the paths of the experiment are relative to its own folder`() throws {
    try withTool { tool in
      try tool.write(BaseFolderTests.table.replacing("1,0,2", with: "1,0,7"), to: "b/other.csv")
      try tool.write(
        "base: ../a/base.yaml\ndata: {csv: {path: other.csv}}\nexpect: {metrics: null}\n"
          + "start_from: {weights: ../golden/checkpoints/best.nnx}\n", to: "b/own.yaml")
      let run = try tool.run("run", "b/own.yaml", "--output", "own")
      #expect(run.code == 0, "\(run.errors)")
      let resolved = try tool.read("own/resolved.yaml")
      #expect(resolved.contains("path: other.csv"))
      #expect(resolved.contains("weights: \"../golden/checkpoints/best.nnx\""))
    }
  }

  @Test func `an error in a base in another folder has its location there`() throws {
    try withTool { tool in
      try tool.write(
        "plugins: [missing.swift]\nmodel: [relu]\nloss: squared_error\n", to: "a/other.yaml")
      try tool.write("base: ../a/other.yaml\n", to: "b/own.yaml")
      let missing = try tool.run("validate", "b/own.yaml")
      #expect(missing.code == 2)
      #expect(
        missing.errors.hasPrefix(
          "b/../a/other.yaml:1:11: error: no such plugin: 'b/../a/missing.swift'"),
        "\(missing.errors)")
      try tool.write("base: ../a/base.yaml\ndata: {folder: x}\n", to: "b/own.yaml")
      let folder = try tool.run("validate", "b/own.yaml")
      #expect(
        folder.errors.hasPrefix(
          """
          b/own.yaml:2:16: error: an experiment whose base is in another folder cannot name a folder \
          for its data; write the paths relative to this file
          """), "\(folder.errors)")
    }
  }
}
