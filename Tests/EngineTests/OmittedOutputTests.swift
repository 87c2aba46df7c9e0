import NNExp
import TestSupport
import Testing

@testable import Engine

/// A network that omits outputs and does not clear all gradients gives the bits of one that does.
@Suite struct OmittedOutputTests {
  private static let models = [
    // Batch normalization and the rectifier are one pass; all gradients of images are overwritten.
    """
    [{type: convolution, channels: 16, window: 3, padding: 1}, batch_normalization, relu,
    {type: convolution, channels: 16, window: 3}, {type: batch_normalization, affine: false}, relu,
    {type: max_pooling, window: 2}, {type: dense, units: 3}]
    """,
    // A second reader of the first normalization; a rectifier after a rectifier.
    """
    [{type: convolution, channels: 3, window: 3}, {type: batch_normalization, name: first}, relu, relu,
    {type: max_pooling, window: 2, stride: 1, padding: 1, name: pooled},
    {type: max_pooling, window: 3, stride: 1, inputs: first}, {type: dense, units: 2, name: side},
    {type: dense, units: 2, inputs: pooled}, batch_normalization, {type: relu, name: rectified},
    {type: add, inputs: [rectified, side]}]
    """,
    // The direct methods of convolutions, with and without a border.
    """
    [{type: convolution, channels: 3, window: 3, padding: 1}, {type: convolution, channels: 4, window: 3},
    batch_normalization, relu, {type: convolution, channels: 3, window: 2, stride: 2, padding: 1},
    {type: transposed_convolution, channels: 2, window: 4, stride: 2, padding: 1},
    {type: reduce, by: mean, axes: [2]}, {type: reduce, by: sum, axes: [0]}]
    """,
    "[{type: dense, units: 9}, batch_normalization, relu, {type: dense, units: 4}, batch_normalization, relu]",
  ]

  private func numbers<S: Scalar>(
    _ model: String, samples: Int, storesAllOutputs: Bool, _ type: S.Type
  ) throws -> [S] {
    let graph = try graph("model: \(model)", input: [2, 10, 9])
    let network = try Network<S>(
      graph, heads: heads(of: graph, target: .values(graph.outputShape)), capacity: samples + 1,
      seed: 3, use: storesAllOutputs ? .inspection : .training)
    #expect(network.fusion.layers.contains { $0 != nil } == !storesAllOutputs)
    let random = RandomStream(seed: 9, purpose: "omitted outputs")
    let x = network.activation(dataEdge)
    for i in x.indices { x[i] = S(random.normal(at: i)) }
    let t = network.target(0)
    for i in t.indices { t[i] = S(random.stream(1).normal(at: i)) }
    let found = gradients(ofSteps: 3, of: network, samples: samples, rate: 0.1, random: random)
    network.passes(samples, isTraining: false).forward()
    let outputs = network.output(samples)
    return found + outputs.indices.map { outputs[$0] }
  }

  @Test(arguments: models, [1, 3, 40])
  func `the bits are those of a network that stores all outputs`(model: String, samples: Int) throws
  {
    func compare<S: Scalar>(_ type: S.Type) throws {
      let all = try numbers(model, samples: samples, storesAllOutputs: true, type)
      let some = try numbers(model, samples: samples, storesAllOutputs: false, type)
      #expect(all == some, "\(S.self)")
      #expect(all.contains { $0 != 0 } && all.allSatisfy { $0.isFinite })
    }
    try compare(Float.self)
    try compare(Double.self)
  }
}
