import NNExp
import Testing

@testable import Engine

/// The same layout determines the size, the division and the forecast of a network's memory.
@Suite struct LayoutTests {
  @Test func `regions begin on cache lines and do not overlap`() {
    for (scalarSize, line) in [(4, 16), (8, 8)] {
      var layout = Layout(scalarSize: scalarSize)
      var end = 0
      for count in [1, 0, 16, 17, 3, 0, 5, 100] {
        let region = layout.add(count, copies: 3)
        #expect(region.first % line == 0 && region.first >= end && region.count == 3 * count)
        #expect(region.first - end < line)
        end = region.end
      }
      #expect(layout.count == end && layout.bytes == end * scalarSize)
    }
  }

  @Test func `sizes that overflow become the largest integer`() {
    var layout = Layout(scalarSize: 4)
    _ = layout.add(1 << 40, copies: 1 << 40)
    #expect(layout.count == .max && layout.bytes == .max)
    _ = layout.add(1)
    #expect(layout.count == .max)
    #expect(throws: Diagnostic.self) { try Arena<Float>(layout) }
  }

  @Test func `the memory forecast is what is allocated`() throws {
    let graph = try graph(
      """
      model:
        - {type: convolution, channels: 3, window: 3}
        - batch_normalization
        - {type: dropout, rate: 0.5}
        - {type: dense, units: 5}
      """, input: [1, 9, 9])
    for capacity in [1, 7, 64] {
      let heads = try heads(of: graph, target: .values([5]))
      let layout = NetworkLayout(
        graph, heads: heads, fusion: Fusion(graph, heads: heads), use: .training,
        capacity: capacity, scalarSize: 4)
      let plan = MemoryPlan(graph, heads: heads, vectors: 0, capacity: capacity, scalarSize: 4)
      // No node adds to the gradient of the data.
      #expect(plan.total == layout.whole.bytes - 4 * layout.dx[0].count)

      let network = try Network<Float>(
        graph, heads: heads, capacity: capacity, seed: 1, use: .training)
      let first = network.parameters.start
      let last = network.delta(Graph.Edge(node: 3))
      #expect(last.start + last.count - first == layout.whole.count)
      #expect(network.activation(dataEdge).start - first == layout.x[0].first)
      #expect(network.gradients.start - first == layout.gradients.first)
    }
  }
}
