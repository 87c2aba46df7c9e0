import Conformance
import NNExp
import Testing

@Suite struct MergingTests {
  private func run(_ type: String, _ inputs: [[Double]], dy: [Double], samples: Int = 1) throws
    -> LayerBench<Double>
  {
    let bench = try LayerBench<Double>(
      makeLayer(type), inputs: inputs.map { [$0.count / samples] }, samples: samples)
    for (buffer, values) in zip(bench.inputs, inputs) { buffer.values = values }
    bench.dy.values = dy
    bench.runForward()
    bench.runBackward()
    return bench
  }

  @Test func `multiply has correct gradients at zeros`() throws {
    let bench = try run("multiply", [[0, 2], [3, 0], [5, 0]], dy: [1, 1])
    #expect(bench.y.values == [0, 0])
    #expect(bench.dInputs.map(\.values) == [[15, 0], [0, 0], [0, 0]])
  }

  @Test func `concatenate joins the parts of every sample`() throws {
    let bench = try run(
      "concatenate", [[1, 2, 3, 4], [5, 6]], dy: [10, 20, 30, 40, 50, 60], samples: 2)
    #expect(bench.y.values == [1, 2, 5, 3, 4, 6])
    #expect(bench.dInputs.map(\.values) == [[10, 20, 40, 50], [30, 60]])
  }

  @Test func `every input of add gets the gradient`() throws {
    let bench = try run("add", [[1, 2], [3, 4], [5, 6]], dy: [7, 8])
    #expect(bench.y.values == [9, 12])
    #expect(bench.dInputs.map(\.values) == [[7, 8], [7, 8], [7, 8]])
  }

  @Test func `merging layers take 2 to 64 inputs`() throws {
    for type in ["add", "multiply", "concatenate"] {
      #expect(try makeLayer(type).inputCount == 2...64)
    }
  }
}
