import Conformance
import NNExp
import TestSupport
import Testing

@Suite struct NormalizationTests {
  @Test func `batch normalization keeps the running statistics of PyTorch`() throws {
    let bench = try LayerBench<Double>(
      makeLayer("batch_normalization", [("epsilon", 1)]), inputs: [[2]], samples: 3)
    bench.parameters[0].values = [1, 2]
    bench.parameters[1].values = [0, 10]
    bench.x.values = [0, 5, 3, 5, 6, 5]
    bench.runForward()
    // Channel 0: mean 3, variance 6 (unbiased 9); channel 1: mean 5, variance 0.
    let root = 7.0.squareRoot()
    expectClose(bench.y.values, [-3 / root, 10, 0, 10, 3 / root, 10], 1e-15)
    expectClose(bench.state[0].values, [0.3, 0.5], 1e-15)
    expectClose(bench.state[1].values, [0.9 + 0.9, 0.9], 1e-15)

    bench.isTraining = false
    bench.state[0].values = [1, 5]
    bench.state[1].values = [3, 0]
    bench.runForward()
    expectClose(bench.y.values, [-0.5, 10, 1, 10, 2.5, 10], 1e-15)
  }

  @Test func `a batch of one does not divide by zero`() throws {
    let bench = try LayerBench<Double>(
      makeLayer("batch_normalization"), inputs: [[2]], samples: 1)
    bench.parameters[0].values = [1, 1]
    bench.x.values = [3, -4]
    bench.dy.values = [1, 1]
    bench.runForward()
    bench.runBackward()
    #expect(bench.y.values == [0, 0] && bench.dx.values == [0, 0])
    expectClose(bench.state[0].values, [0.3, -0.4], 1e-15)
    expectClose(bench.state[1].values, [0.9, 0.9], 1e-15)
  }

  @Test func `layer normalization treats every sample separately`() throws {
    let bench = try LayerBench<Double>(
      makeLayer("layer_normalization", [("epsilon", 1), ("affine", false)]), inputs: [[3]],
      samples: 2)
    bench.x.values = [0, 3, 6, 5, 5, 5]
    bench.runForward()
    let root = 7.0.squareRoot()
    expectClose(bench.y.values, [-3 / root, 0, 3 / root, 0, 0, 0], 1e-15)
  }

  /// With a mean of 10⁶, float32 loses most digits unless the variance is computed around the
  /// mean.
  @Test(arguments: ["batch_normalization", "layer_normalization"])
  func `a large mean does not cost the variance its digits`(type: String) throws {
    let bench = try LayerBench<Float>(
      makeLayer(type, [("affine", false), ("epsilon", 1e-12)]), inputs: [[1, 4, 4]], samples: 1)
    bench.x.values = (0..<16).map { 1e6 + Float($0 % 2) }
    bench.runForward()
    #expect(bench.y.values == (0..<16).map { Float($0 % 2) * 2 - 1 })
  }

  @Test func `only batch normalization couples samples`() throws {
    for type in standardRegistry.layers.names where type != "batch_normalization" {
      guard let layer = try? makeLayer(type) else { continue }
      let count = try makeLayer(type).inputCount.lowerBound
      // Some layers need an image, or an even number of features.
      let ports = [[3], [4], [4, 4], [2, 4, 4]] as [Port]
      let found = ports.lazy.compactMap {
        try? layer.plan(for: Array(repeating: $0, count: count))
      }.first
      let plan = try #require(found, "\(type)")
      #expect(!plan.couplesSamples, "\(type)")
    }
    #expect(try makeLayer("batch_normalization").plan(for: [[3]]).couplesSamples)
  }
}
