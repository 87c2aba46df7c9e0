import Conformance
import NNExp
import Testing

@Suite struct DropoutTests {
  private func bench(rate: Double, samples: Int) throws -> LayerBench<Double> {
    let bench = try LayerBench<Double>(
      makeLayer("dropout", [("rate", ConfigValue(.double(rate)))]), inputs: [[50]], samples: samples
    )
    bench.x.values = bench.x.values.map { _ in 1 }
    bench.dy.values = bench.x.values
    return bench
  }

  @Test func `dropout drops the given fraction and keeps the mean`() throws {
    let bench = try bench(rate: 0.25, samples: 400)
    bench.runForward()
    let dropped = bench.y.values.count { $0 == 0 }
    #expect(bench.y.values.allSatisfy { $0 == 0 || $0 == 1 / 0.75 })
    // 20,000 draws: a deviation of 6 σ is 0.018.
    #expect(abs(Double(dropped) / 20_000 - 0.25) < 0.018)
    bench.runBackward()
    #expect(bench.dx.values == bench.y.values)
  }

  @Test func `another step drops other entries`() throws {
    let bench = try bench(rate: 0.5, samples: 2)
    bench.runForward()
    let first = bench.y.values
    bench.random = bench.random.stream(1)
    bench.runForward()
    #expect(bench.y.values != first)
  }

  @Test func `an evaluation drops nothing`() throws {
    let bench = try bench(rate: 0.5, samples: 2)
    bench.isTraining = false
    bench.runForward()
    bench.runBackward()
    #expect(bench.y.values == bench.x.values && bench.dx.values == bench.dy.values)
  }

  @Test func `dropout is random only if its rate is above zero`() throws {
    #expect(try makeLayer("dropout", [("rate", 0)]).plan(for: [[3]]).isRandom == false)
    #expect(try makeLayer("dropout").plan(for: [[3]]).isRandom)
  }
}
