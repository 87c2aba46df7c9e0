import Foundation
import TestSupport
import Testing

/// The derivations of experiments/seeds, with every layer a formula, against the built-in layers.
@Suite struct FormulaSeedTests {
  @Test(arguments: [
    ("tang_one_layer", "tang_one_layer_formula"), ("chao_mlp", "chao_mlp_formula"),
    ("tanaka_two_layer", "tanaka_two_layer_formula"),
    ("tanaka_lp_pooling_p3", "tanaka_lp_pooling_formula"),
    ("backprop_batch", "backprop_batch_formula"), ("nn_gradients", "nn_gradients_formula"),
  ])
  func `formulas give the gradients of the layers`(layers: String, formulas: String) throws {
    let expected = try gradients(of: layers)
    let found = try gradients(of: formulas)
    var compared = 0
    for (key, value) in found {
      // Unit k of a layer is the formula `layer_k`; its weights are one row of the matrix.
      let (node, tensor, index) = key.parts
      guard tensor == "W" || tensor == "b" else { continue }
      let unit = node.split(separator: "_").last.flatMap { Int($0) }
      let layer = unit == nil ? node : String(node.dropLast("_\(unit ?? 0)".count))
      let width = found.keys.filter { $0.parts.node == node && $0.parts.tensor == "W" }.count
      let position = tensor == "W" ? ((unit ?? 1) - 1) * width + index : (unit ?? 1) - 1
      let other = try #require(
        expected[Key(parts: (layer, tensor == "W" ? "weight" : "bias", position))],
        "\(layer) has no entry \(position)")
      // A small entry may be a difference of large terms: the tensor's largest is the measure.
      let largest =
        expected.filter {
          $0.key.parts.node == layer && $0.key.parts.tensor == (tensor == "W" ? "weight" : "bias")
        }.values.map(abs).max() ?? 0
      #expect(
        abs(value - other) <= 1e-14 * largest, "\(node).\(tensor)[\(index)]: \(value), \(other)")
      compared += 1
    }
    #expect(
      compared == expected.keys.filter { ["weight", "bias"].contains($0.parts.tensor) }.count)
  }

  private struct Key: Hashable {
    let parts: (node: String, tensor: String, index: Int)

    static func == (a: Key, b: Key) -> Bool { a.parts == b.parts }
    func hash(into hasher: inout Hasher) {
      hasher.combine(parts.node)
      hasher.combine(parts.tensor)
      hasher.combine(parts.index)
    }
  }

  /// The analytic derivatives by the initial parameters.
  private func gradients(of name: String) throws -> [Key: Double] {
    let tool = try Tool()
    defer { tool.remove() }
    let file = Repository.experiments.appendingPathComponent("seeds/\(name).yaml").path
    let result = try tool.run("gradcheck", file, "--csv", "check")
    try #require(result.code == 0, "\(result.errors)")
    var gradients: [Key: Double] = [:]
    for line in try tool.read("check/gradient_check.csv").split(separator: "\n").dropFirst() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard cells[4] == "parameter", let index = Int(cells[5]), let value = Double(cells[7]) else {
        continue
      }
      gradients[Key(parts: (cells[1], cells[3], index))] = value
    }
    return gradients
  }
}
