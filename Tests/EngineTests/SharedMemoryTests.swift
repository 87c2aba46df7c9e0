import NNExp
import TestSupport
import Testing

@testable import Engine

/// Tensors that are needed at different times share memory.
@Suite struct SharedMemoryTests {
  @Test func `tensors that are needed at the same time do not overlap`() {
    withEvery("seed", in: 0..<200) { seed in
      var random = SeededGenerator(seed: UInt64(seed))
      let ticks = Int.random(in: 1...12, using: &random)
      func interval() -> ClosedRange<Int> {
        let first = Int.random(in: 0..<ticks, using: &random)
        return first...Int.random(in: first..<ticks, using: &random)
      }
      var memory = SharedMemory(scalarSize: 4, overlaps: true)
      var tensors: [(count: Int, lifetime: Lifetime)] = []
      for number in 0..<Int.random(in: 0...30, using: &random) {
        let count = Int.random(in: 0...100, using: &random)
        let lifetime =
          Bool.random(using: &random) ? Lifetime(interval()) : Lifetime(interval(), interval())
        tensors.append((count, lifetime))
        #expect(memory.add(count, lifetime) == number)
      }
      var layout = Layout(scalarSize: 4)
      _ = layout.add(5)
      let regions = memory.regions(in: &layout)
      for (a, one) in zip(tensors, regions) where a.count > 0 {
        #expect(one.count == a.count && one.first % 16 == 0 && one.first >= 5)
        #expect(one.end <= layout.count)
        for (b, other) in zip(tensors, regions) where b.count > 0 && one.first != other.first {
          #expect(
            !a.lifetime.overlaps(b.lifetime) || one.end <= other.first || other.end <= one.first,
            "seed \(seed)")
        }
      }
      for (index, one) in regions.enumerated() where one.count > 0 {
        for other in regions.indices.dropFirst(index + 1)
        where regions[other].count > 0 && regions[other].first == one.first {
          #expect(!tensors[index].lifetime.overlaps(tensors[other].lifetime), "seed \(seed)")
        }
      }
      let sum = tensors.reduce(16) { $0 + ($1.count + 15) / 16 * 16 }
      #expect(layout.count <= sum)
    }
  }

  @Test func `a chain of tensors needs the memory of the two largest neighbors`() {
    var memory = SharedMemory(scalarSize: 4, overlaps: true)
    for (k, count) in [160, 320, 640, 320, 160, 16].enumerated() {
      _ = memory.add(count, Lifetime(k...k + 1))
    }
    var layout = Layout(scalarSize: 4)
    _ = memory.regions(in: &layout)
    #expect(layout.count == 960)
  }

  @Test func `sizes that overflow become the largest integer`() {
    var memory = SharedMemory(scalarSize: 4, overlaps: true)
    _ = memory.add(1 << 40, copies: 1 << 40, Lifetime(0...0))
    _ = memory.add(1, Lifetime(1...1))
    var layout = Layout(scalarSize: 4)
    _ = memory.regions(in: &layout)
    #expect(layout.bytes == .max)
  }

  /// The network W8 of the benchmarks.
  private func smallVGG() throws -> Graph {
    func block(_ channels: Int) -> String {
      "{type: convolution, channels: \(channels), window: 3, padding: 1}, batch_normalization, relu, "
    }
    let pooling = "{type: max_pooling, window: 2}, "
    return try graph(
      "model: [" + block(32) + block(32) + pooling + block(64) + block(64) + pooling + block(128)
        + pooling + "{type: dense, units: 10}]", input: [3, 32, 32])
  }

  @Test func `an evaluation takes a fifth of the memory of a training`() throws {
    let graph = try smallVGG()
    let heads = try heads(of: graph, target: .classes(10))
    let training = MemoryPlan(graph, heads: heads, vectors: 4, capacity: 64, scalarSize: 4)
    let (evaluation, capacity) = MemoryPlan.ofEvaluation(
      graph, heads: heads, capacity: 64, scalarSize: 4, training: training)
    #expect(capacity == 32)
    #expect(evaluation.total * 5 <= training.total)
    let layout = NetworkLayout(
      graph, heads: heads, fusion: Fusion(graph, heads: heads), use: .evaluation,
      capacity: capacity, scalarSize: 4)
    #expect(evaluation.total == layout.whole.bytes)
    // Two buffers of the largest output, the memory of the convolutions, inputs and targets.
    let two = 2 * capacity * 32 * 32 * 32
    #expect(layout.whole.count < two + two / 7 + graph.parameterCount + capacity * 3074)
    // All outputs that a backward pass reads, and 3% more.
    let outputs = NetworkLayout(
      graph, heads: heads, fusion: Fusion(graph, heads: heads), use: .training, capacity: 64,
      scalarSize: 4, overlaps: false
    ).y.flatMap { $0 }.reduce(0) { $0 + $1.count }
    #expect(Double(training.activations) < 1.12 * Double(4 * outputs))
  }
}
