import Foundation
import TestSupport
import Testing

/// The check of a run that does not request one: it never refuses a sound network.
@Suite struct DefaultCheckTests {
  /// Bright strokes on black images of `size` × `size`, and the class of each.
  private func writeImages(_ count: Int, size: Int, in tool: Tool) throws {
    var pixels = [UInt8](repeating: 0, count: count * size * size)
    for image in 0..<count {
      let isVertical = image % 2 == 0
      for k in 0..<size / 2 {
        let (row, column) = isVertical ? (k + 2, image % size) : (image % size, k + 2)
        pixels[image * size * size + row * size + column] = UInt8(100 + (image * 37 + k * 11) % 150)
      }
    }
    try writeArray("|u1", "(\(count), 1, \(size), \(size))", Data(pixels), to: "x.npy", in: tool)
    let labels = (0..<count).map { UInt8($0 % 2) }
    try writeArray("|u1", "(\(count),)", Data(labels), to: "t.npy", in: tool)
  }

  private func writeArray(
    _ type: String, _ shape: String, _ numbers: Data, to name: String, in tool: Tool
  ) throws {
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
    header += String(repeating: " ", count: (128 - (header.count + 11) % 64) % 64) + "\n"
    var file = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
    file.append(contentsOf: [UInt8(header.count & 255), UInt8(header.count >> 8)])
    file.append(Data(header.utf8))
    file.append(numbers)
    try file.write(to: tool.folder.appendingPathComponent(name))
  }

  /// The bias has no effect before a batch normalization, and round-off in its place.
  @Test func `dense, batch normalization and ReLU pass on every seed`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      """
      name: moons
      seed: 0
      data: {generated: {type: moons, samples: 200}, split: {validation: 0.3}}
      model: [{type: dense, units: 16}, batch_normalization, relu, {type: dense, units: 2}]
      loss: cross_entropy
      metrics: [accuracy]
      train: {optimizer: adam, epochs: 1, batch_size: 32}

      """, to: "moons.yaml")
    for seed in 0..<6 {
      let result = try tool.run("run", "moons.yaml", "seed=\(seed)", "--output", "run-\(seed)")
      #expect(result.code == 0, "seed \(seed): \(result.errors)")
      #expect(result.errors == "", "seed \(seed)")
      let summary = try tool.read("run-\(seed)/gradient_check_summary.csv")
      let bias = try #require(
        summary.split(separator: "\n").first { $0.contains("dense,dense,bias") })
      #expect(bias.contains(",ZERO,"), "seed \(seed): \(bias)")
    }
  }

  private static let small = """
    name: black
    data: {npy: {inputs: x.npy, targets: t.npy}, target_kind: classes, scale: min_max}
    model: [{type: convolution, channels: 4, window: 3}, relu, {type: max_pooling, window: 2}, {type: dense, units: 2}]
    loss: cross_entropy
    train: {optimizer: adam, epochs: 1, batch_size: 16}

    """

  /// The published network of Caffe and LBANN with fewer channels.
  private static let leNet = """
    name: lenet
    data: {npy: {inputs: x.npy, targets: t.npy}, target_kind: classes, scale: min_max}
    model:
      - {type: convolution, channels: 4, window: 5}
      - {type: max_pooling, window: 2}
      - {type: convolution, channels: 6, window: 5}
      - {type: max_pooling, window: 2}
      - {type: dense, units: 20}
      - relu
      - {type: dense, units: 2}
    loss: cross_entropy
    train: {optimizer: adam, epochs: 1, batch_size: 16}

    """

  @Test(arguments: [(small, 12), (leNet, 16)])
  func `kinks on black images are valid on every seed`(text: String, size: Int) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try writeImages(24, size: size, in: tool)
    try tool.write(text, to: "black.yaml")
    for seed in 0..<3 {
      let result = try tool.run("run", "black.yaml", "+seed=\(seed)", "--output", "run-\(seed)")
      #expect(result.code == 0, "seed \(seed): \(result.output)\(result.errors)")
      #expect(!result.errors.contains("error:"), "seed \(seed): \(result.errors)")
    }
  }

  private static let saturated = exclusiveOr.replacing(
    "units: 2, name: hidden", with: "units: 2, name: hidden, initial: {bias: {constant: 5000}}")

  /// Fault 28: a guard gives a note, and the run continues; a requested check does not pass.
  @Test func `a saturated network gets a note`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(DefaultCheckTests.saturated, to: "xor.yaml")
    let result = try tool.run("run", "xor.yaml", "--output", "run", "-q")
    #expect(result.code == 0, "\(result.errors)")
    #expect(
      result.errors == """
        note: the gradient check found no error, but sigmoid.x is not proven (INCONCLUSIVE); \
        for details: nnexp gradcheck xor.yaml

        """)
    for requested in ["+gradient_check=true", "+expect.gradient_check=pass"] {
      let result = try tool.run("run", "xor.yaml", requested, "--output", "requested", "-q")
      #expect(result.code == 1, "\(requested): \(result.errors)")
      #expect(
        result.errors.hasPrefix(
          """
          xor.yaml:9:5: error: the gradient check does not prove x of 'sigmoid' (sigmoid): \
          INCONCLUSIVE, 0 of 8 entries proven
              - sigmoid
                ^
          """), "\(requested): \(result.errors)")
      try FileManager.default.removeItem(at: tool.folder.appendingPathComponent("requested"))
    }
  }
}
