import Foundation
import TestSupport
import Testing

/// `nnexp export`, and `start_from: {file: …}`. `make test-export` reads the files with other
/// programs.
@Suite struct ExportTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write(exclusiveOr, to: "xor.yaml")
    #expect(try tool.run("run", "xor.yaml", "train.epochs=5", "-q").code == 0)
    return tool
  }

  private static let run = "results/xor/run-0001"

  @Test func `the command writes the files that it is asked for`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.run(
      "export", Self.run, "--onnx", "a.onnx", "--safetensors", "a.safetensors", "--npz", "a.npz")
    #expect(result.code == 0, "\(result.errors)")
    let weights = "the weights of epoch 5 (last)"
    #expect(
      result.output == """
        the model with \(weights) in a.onnx
        \(weights) in a.safetensors
        \(weights) in a.npz

        """, "\(result.output)\(result.errors)")
    let again = try tool.run(
      "export", Self.run, "--onnx", "b.onnx", "--safetensors", "b.safetensors", "--npz", "b.npz")
    #expect(again.code == 0)
    for kind in ["onnx", "safetensors", "npz"] {
      #expect(try tool.shell("cmp a.\(kind) b.\(kind)").code == 0, "\(kind)")
    }
    #expect(try tool.run("export", Self.run, "--onnx", "c.onnx", "--bare").code == 0)
    #expect(try tool.shell("cmp -s a.onnx c.onnx").code == 1)
  }

  @Test func `wrong options are reported`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let none = try tool.run("export", Self.run)
    #expect(none.code == 2)
    #expect(
      none.errors.hasPrefix(
        """
        Error: export takes --onnx FILE, --safetensors FILE, --npz FILE, --tensorboard or --mlflow URI

        """), "\(none.errors)")
    let bare = try tool.run("export", Self.run, "--npz", "a.npz", "--bare")
    #expect(bare.code == 2)
    #expect(bare.errors.hasPrefix("Error: --bare is about the model of --onnx\n"), "\(bare.errors)")
    let address = try tool.run("export", Self.run, "--mlflow", "localhost")
    #expect(address.code == 2)
    #expect(
      address.errors.hasPrefix(
        """
        Error: --mlflow takes the address of a server, such as http://localhost:5000, not 'localhost'

        """), "\(address.errors)")
    try tool.write("mine", to: "a.npz")
    try expectRefusal(
      of: ["export", Self.run, "--npz", "a.npz"],
      """
      error: the output 'a.npz' already exists
      note: to replace it, add --force

      """, tool)
    #expect(try tool.read("a.npz") == "mine")
    #expect(try tool.run("export", Self.run, "--npz", "a.npz", "--force").code == 0)
  }

  @Test func `a layer that does not say how it is exported is named`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeCSquare()
    try tool.write(
      "plugins: [Square.c]\n"
        + exclusiveOr.replacing("  - sigmoid\n", with: "  - square\n"), to: "xor.yaml")
    let run = try tool.runPlugin("run", "xor.yaml", "train.epochs=1", "-q", "--output", "r")
    #expect(run.code == 0, "\(run.errors)")
    let result = try tool.runPlugin("export", "r", "--onnx", "a.onnx")
    #expect(result.code == 2)
    #expect(
      result.errors.contains(
        "error: 'square' (square) cannot be exported: the layer does not say how\n")
        && result.errors.contains("note: a layer in Swift says so in its method 'export(_:to:)'\n"),
      "\(result.errors)")
    #expect(!tool.exists("a.onnx"))
    #expect(try tool.runPlugin("export", "r", "--npz", "a.npz").code == 0)
  }

  @Test(arguments: ["safetensors", "npz"])
  func `training starts from exported weights`(kind: String) throws {
    let tool = try tool()
    defer { tool.remove() }
    let file = "w.\(kind)"
    #expect(try tool.run("export", Self.run, "--\(kind)", file).code == 0)
    try tool.write(exclusiveOr + "start_from: {file: \(file)}\n", to: "again.yaml")
    let again = try tool.run("validate", "again.yaml")
    #expect(
      again.errors.hasPrefix("again.yaml:16:13: warning: 4 of 4 tensors start from '\(file)'\n"),
      "\(again.errors)")
    // The first gradient check is at the weights of the file.
    for (name, text) in [
      ("file", "start_from: {file: \(file)}\n"), ("run", "start_from: {run: \(Self.run)}\n"),
    ] {
      try tool.write(exclusiveOr + text, to: "\(name).yaml")
      let run = try tool.run(
        "run", "\(name).yaml", "train.epochs=1", "-q", "--output", name)
      #expect(run.code == 0, "\(run.errors)")
    }
    #expect(try tool.shell("cmp file/metrics.csv run/metrics.csv").code == 0)
    // In the other precision.
    let other = try tool.run(
      "run", "again.yaml", precision, "train.epochs=1", "--output", "other")
    #expect(other.code == 0, "\(other.errors)")
    #expect(other.errors.contains("4 of 4 tensors start from '\(file)'"), "\(other.errors)")
  }

  /// The override that changes the precision of the experiment.
  private var precision: String {
    exclusiveOr.contains("dtype: float64") ? "dtype=float32" : "+dtype=float64"
  }

  @Test func `a file that is no file of weights is reported`() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.write("PK", to: "a.npz")
    try tool.write("weights", to: "a.safetensors")
    for (file, fact) in [
      ("a.npz", "'a.npz': the zip archive is truncated: its directory is missing"),
      (
        "a.safetensors",
        "'a.safetensors' is not a valid safetensors file: it ends after 7 bytes"
      ),
      (
        "\(Self.run)/checkpoints/last.nnx",
        "'\(Self.run)/checkpoints/last.nnx' is a checkpoint of nnexp; write weights: instead of file:"
      ),
    ] {
      try tool.write(exclusiveOr + "start_from: {file: \(file)}\n", to: "a.yaml")
      let result = try tool.run("validate", "a.yaml")
      #expect(result.code == 2)
      #expect(result.errors.hasPrefix("a.yaml:16:13: error: \(fact)\n"), "\(result.errors)")
    }
    try tool.write(
      exclusiveOr + "start_from: {file: a.npz, weights: b.nnx}\n", to: "a.yaml")
    #expect(
      try tool.run("validate", "a.yaml").errors.hasPrefix(
        "a.yaml:16:13: error: start_from takes one of run, weights and file\n"))
  }
}
