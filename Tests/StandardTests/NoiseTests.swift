import Conformance
import NNExp
import TestSupport
import Testing

@Suite struct NoiseTests {
  @Test func `the noise has its mean, its deviation and the tails of a normal distribution`() throws
  {
    let bench = try LayerBench<Double>(
      makeLayer("gaussian_noise", [("standard_deviation", 0.5)]), inputs: [[2000]], samples: 10)
    bench.x.fill(3)
    bench.runForward()
    let noise = bench.y.values.map { ($0 - 3) / 0.5 }
    let n = Double(noise.count)
    let mean = noise.reduce(0, +) / n
    let variance = noise.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    let kurtosis =
      noise.reduce(0) { $0 + ($1 - mean) * ($1 - mean) * ($1 - mean) * ($1 - mean) } / n
    // Within four standard errors.
    #expect(abs(mean) < 4 / n.squareRoot())
    #expect(abs(variance - 1) < 4 * (2 / n).squareRoot())
    #expect(abs(kurtosis - 3) < 4 * (96 / n).squareRoot())
    bench.isTraining = false
    bench.runForward()
    #expect(bench.y.values.allSatisfy { $0 == 3 })
  }

  @Test func `spatial dropout removes whole channels and keeps the expectation`() throws {
    let bench = try LayerBench<Double>(
      makeLayer("spatial_dropout", [("rate", 0.25)]), inputs: [[100, 3]], samples: 20)
    bench.x.fill(1)
    bench.runForward()
    let y = bench.y.values
    var kept = 0
    for c in 0..<2000 {
      let channel = y[3 * c..<3 * c + 3]
      #expect(channel.allSatisfy { $0 == channel.first })
      #expect(channel.first == 0 || channel.first == 1 / 0.75)
      kept += channel.first == 0 ? 0 : 1
    }
    #expect(abs(Double(kept) / 2000 - 0.75) < 4 * (0.25 * 0.75 / 2000).squareRoot())
    bench.isTraining = false
    bench.runForward()
    #expect(bench.y.values.allSatisfy { $0 == 1 })
  }
}
