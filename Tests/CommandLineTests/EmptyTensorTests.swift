import Foundation
import TestSupport
import Testing

/// A tensor with an extent of 0 has no numbers. Layers with a meaning for it accept it, and it is
/// announced where it begins.
@Suite struct EmptyTensorTests {
  private func tool(_ model: String, loss: String = "squared_error") throws -> Tool {
    let tool = try Tool()
    try tool.write(
      """
      name: a
      data: {inline: {inputs: [[1, 2, 3], [4, 5, 6], [7, 8, 10]], targets: [[6], [15], [25]]}}
      model:
        - {type: slice, start: 3, name: none}
      \(model)
      loss: \(loss)
      train: {optimizer: {type: sgd, learning_rate: 0.001}, epochs: 2, batch_size: 2}
      predictions: [train]

      """, to: "a.yaml")
    return tool
  }

  private let warning = """
    a.yaml:4:12: warning: the output [0] of 'none' has no numbers
        - {type: slice, start: 3, name: none}
                 ^

    """

  private func predictions(_ tool: Tool) throws -> [String] {
    try tool.read("results/a/latest/predictions.csv").split(separator: "\n").dropFirst().map {
      String($0.split(separator: ",").last ?? "")
    }
  }

  @Test func `training beside an empty tensor is training without it`() throws {
    let tool = try tool(
      """
        - {type: concatenate, inputs: [input, none], name: all}
        - {type: dense, units: 1}
      """)
    defer { tool.remove() }
    let result = try tool.run("run", "a.yaml")
    #expect(result.code == 0)
    #expect(result.errors == warning)
    let metrics = try tool.read("results/a/latest/metrics.csv")
    try tool.write(
      try tool.read("a.yaml")
        .replacing("  - {type: slice, start: 3, name: none}\n", with: "")
        .replacing("  - {type: concatenate, inputs: [input, none], name: all}\n", with: ""),
      to: "a.yaml")
    #expect(try tool.run("run", "a.yaml").errors == "")
    #expect(try tool.read("results/a/latest/metrics.csv") == metrics)
  }

  @Test(arguments: [
    ("- {type: reduce, by: sum}", "0"),
    ("- {type: split, sizes: [0, 0]}\n  - {type: reduce, by: sum, inputs: split.part_2}", "0"),
    ("- {type: formula, y: \"exp(x)\"}\n  - {type: reduce, by: sum}", "0"),
    (
      "- {type: reshape, shape: [3, 0, 2]}\n  - {type: reduce, by: sum, axes: [1]}\n  - {type: reduce, by: sum}",
      "0"
    ),
    (
      "- {type: transpose, axes: [0]}\n  - flatten\n  - {type: pad, padding: [[0, 1]], value: 2}",
      "2"
    ),
  ])
  func `the sum of no numbers`(model: String, prediction: String) throws {
    let tool = try tool("  " + model)
    defer { tool.remove() }
    let result = try tool.run("run", "a.yaml")
    #expect(result.code == 0)
    #expect(result.errors == warning)
    #expect(try predictions(tool) == [prediction, prediction, prediction])
  }

  @Test func `the largest of no numbers`() throws {
    let tool = try tool(
      "  - {type: reduce, by: max}", loss: "{type: formula, value: \"tanh(z − t)\"}")
    defer { tool.remove() }
    #expect(try tool.run("run", "a.yaml").code == 0)
    #expect(try predictions(tool) == ["-inf", "-inf", "-inf"])
    let result = try tool.run("export", "results/a/latest", "--onnx", "a.onnx")
    #expect(result.code == 2)
    #expect(
      result.errors.contains(
        "error: 'none' (slice) cannot be exported: it has a tensor without numbers"),
      "\(result.errors)")
  }

  /// An input without numbers is read if the targets have as many samples.
  @Test func `arrays without numbers`() throws {
    let tool = try tool("")
    defer { tool.remove() }
    func write(_ name: String, _ numbers: [Double], _ shape: [Int]) throws {
      try Data(ArrayWriter.npy(numbers, shape))
        .write(to: tool.folder.appendingPathComponent(name))
    }
    try write("none.npy", [], [2, 0, 3])
    try write("large.npy", [], [2, 10_000_000_000, 0])
    try write("t.npy", [1, 2], [2, 1])
    func errors(_ inputs: String, _ targets: String = "t.npy") throws -> String {
      try tool.write(
        """
        name: b
        data: {npy: {inputs: \(inputs), targets: \(targets)}, stream: true}
        model: [{type: reduce, by: sum}]
        loss: squared_error
        train: {epochs: 1}
        gradient_check: false

        """, to: "b.yaml")
      return try tool.run("run", "b.yaml").errors.split(separator: "\n").first
        .map(String.init) ?? ""
    }
    #expect(
      try errors("none.npy")
        == "b.yaml:2:13: warning: the samples of 'input', [0, 3], have no numbers")
    #expect(
      try errors("none.npy", "none.npy")
        == "b.yaml:2:22: error: 'none.npy' is empty: its shape is [2, 0, 3]")
    #expect(
      try errors("large.npy")
        == "b.yaml:2:22: error: 'large.npy' is empty: its shape is [2, 10000000000, 0]")
  }

  @Test(arguments: [
    ("- flatten", "a.yaml:6:7: error: loss 'squared_error': the output [0] has no numbers"),
    (
      "- {type: dense, units: 1}",
      "a.yaml:5:12: error: 'dense' (dense): the input [0] has no numbers"
    ),
    ("- softmax", "a.yaml:5:5: error: 'softmax' (softmax): the input [0] has no numbers"),
    (
      "- {type: reshape, shape: [2000000, 0]}",
      """
      a.yaml:5:12: error: 'reshape' (reshape): its output [2000000, 0] has no numbers, and its other \
      extents are too large
      """
    ),
    (
      "- {type: reduce, by: mean}",
      "a.yaml:5:12: error: 'reduce' (reduce): the input [0] has no numbers"
    ),
    (
      "- {type: formula, y: \"sum(x)\"}",
      "a.yaml:5:12: error: 'formula' (formula): the input [0] has no numbers"
    ),
    (
      "- {type: pad, padding: 1, mode: wrap}",
      "a.yaml:5:12: error: 'pad' (pad): the input [0] has no number at its edge"
    ),
  ])
  func `layers and losses that need a number`(model: String, error: String) throws {
    let tool = try tool("  " + model)
    defer { tool.remove() }
    let result = try tool.run("run", "a.yaml")
    #expect(result.code == 2)
    #expect(result.errors.split(separator: "\n").first.map(String.init) == error)
  }
}
