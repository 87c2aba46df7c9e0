import Datasets
import Engine
import NNExp
import TestSupport
import Testing

/// A batch that cores share has the same results as the whole batch.
@Suite struct ShardTests {
  private static let text = """
    model:
      - {type: convolution, channels: 6, window: 5}
      - tanh
      - {type: dropout, rate: 0.3}
      - {type: lp_pooling, p: 3, window: 2}
      - {type: convolution, channels: 8, window: 3}
      - {type: sigmoid, name: bent}
      - {type: dense, units: 4}
    loss: cross_entropy
    train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 1, batch_size: 48}
    """

  /// The gradients of the mean loss over `samples` samples, computed by one pass over all, and
  /// as the mean of passes over single samples.
  private func gradients(
    samples: Int, isTraining: Bool, seed: UInt64
  ) throws -> (whole: [Double], alone: [Double]) {
    let declared = try Declared(ShardTests.text)
    let graph = try Graph(declared.model, inputShape: [1, 20, 20], registry: registry)
    let random = RandomStream(seed: seed, purpose: "shards")
    let inputs = (0..<samples * 400).map { random.normal(at: $0) }
    let classes = (0..<samples).map { Double(random.stream(1).integer(below: 4, at: $0)) }
    let heads = try declared.heads(graph, .classes(4))
    func gradient(of range: Range<Int>) throws -> [Double] {
      let network = try Network<Double>(
        graph, heads: heads, capacity: range.count, seed: seed)
      for (i, position) in (range.lowerBound * 400..<range.upperBound * 400).enumerated() {
        network.activation(dataEdge)[i] = inputs[position]
      }
      for (i, sample) in range.enumerated() { network.target(0)[i] = classes[sample] }
      let passes = network.passes(range.count, isTraining: isTraining)
      passes.draw(random, step: 3)
      network.zero()
      passes.forward()
      passes.losses(gradient: true).evaluate()
      passes.backward()
      return network.gradients.indices.map { network.gradients[$0] }
    }
    let whole = try gradient(of: 0..<samples)
    var alone = [Double](repeating: 0, count: whole.count)
    for sample in 0..<samples {
      for (i, g) in try gradient(of: sample..<sample + 1).enumerated() {
        alone[i] += g / Double(samples)
      }
    }
    return (whole, alone)
  }

  @Test(arguments: [48, 64, 67])
  func shardsAddUpToTheBatch(samples: Int) throws {
    try withEvery("seed", in: 0..<3) { seed in
      let (whole, alone) = try gradients(
        samples: samples, isTraining: false, seed: UInt64(seed))
      for (a, b) in zip(whole, alone) {
        #expect(abs(a - b) <= 1e-13 * max(1, abs(b)), "seed \(seed), \(samples) samples")
      }
    }
  }

  /// Including random masks: a sample's numbers depend on its position in the batch.
  @Test func anyNumberOfThreadsGivesTheSameBits() throws {
    try withEvery("seed", in: 0..<10) { seed in
      let first = try gradients(samples: 64, isTraining: true, seed: UInt64(seed)).whole
      let second = try gradients(samples: 64, isTraining: true, seed: UInt64(seed)).whole
      #expect(first == second, "seed \(seed)")
    }
  }
}
