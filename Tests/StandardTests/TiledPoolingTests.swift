import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// Lp pooling over windows that do not overlap, which is computed by whole rows.
@Suite struct TiledPoolingTests {
  private struct Geometry {
    let channels: Int
    let rows: Int
    let columns: Int
    let height: Int
    let width: Int

    init(_ random: RandomStream) {
      func extent(_ location: Int, _ most: Int) -> Int {
        1 + random.integer(below: most, at: location)
      }
      channels = extent(0, 3)
      height = extent(1, 3)
      width = extent(2, 4)
      // At the far edges, fewer entries than a window are left over.
      rows = height * extent(3, 4) + random.integer(below: height, at: 4)
      columns = width * extent(5, 9) + random.integer(below: width, at: 6)
    }

    var count: Int { rows * columns }
    var outputRows: Int { rows / height }
    var outputColumns: Int { columns / width }

    /// The entries of every window, in the order of the output.
    var windows: [[Int]] {
      var windows: [[Int]] = []
      for sample in 0..<(2 * channels) {
        for r in 0..<outputRows {
          for c in 0..<outputColumns {
            windows.append(
              (0..<(height * width)).map {
                sample * count + (r * height + $0 / width) * columns + c * width + $0 % width
              })
          }
        }
      }
      return windows
    }

    func options(p: Double, normalize: Bool) -> [(String, ConfigValue)] {
      [
        ("window", ConfigValue(.list([ConfigValue(.int(height)), ConfigValue(.int(width))]))),
        ("p", ConfigValue(.double(p))), ("normalize", ConfigValue(.bool(normalize))),
        ("allow_p_below_one", ConfigValue(.bool(p < 1))),
      ]
    }
  }

  private func bench(
    _ g: Geometry, p: Double, normalize: Bool, x: [Double]
  ) throws -> LayerBench<Double> {
    let bench = try LayerBench<Double>(
      makeLayer("lp_pooling", g.options(p: p, normalize: normalize)),
      inputs: [[g.channels, g.rows, g.columns]], samples: 2)
    bench.x.values = x
    bench.dy.values = bench.dy.values.indices.map { Double($0 % 7) - 2.5 }
    bench.runForward()
    bench.runBackward()
    #expect(bench.damaged == [])
    return bench
  }

  @Test(arguments: [0.5, 1, 1.7, 2, 3, 4, 40])
  func `random images agree with the formula`(p: Double) throws {
    try withEvery("seed", in: 0..<40) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "tiles")
      let g = Geometry(random)
      let x = (0..<(2 * g.channels * g.count)).map {
        random.integer(below: 5, at: 1000 + $0) == 0 ? 0 : random.normal(at: 5000 + $0)
      }
      let normalize = seed % 2 == 1
      let bench = try bench(g, p: p, normalize: normalize, x: x)
      var dx = x.map { _ in 0.0 }
      for (j, window) in g.windows.enumerated() {
        let share = normalize ? 1 / Double(window.count) : 1
        let y = pow(window.reduce(0) { $0 + share * pow(abs(x[$1]), p) }, 1 / p)
        let close = abs(bench.y.values[j] - y) <= 2e-14 * y
        #expect(close, "seed \(seed), \(g), y[\(j)] is \(bench.y.values[j]), not \(y)")
        for i in window where x[i] != 0 {
          let slope = share * pow(abs(x[i]) / y, p - 1)
          dx[i] += bench.dy.values[j] * (x[i] < 0 ? -slope : slope)
        }
      }
      expectClose(bench.dInputs[0].values, dx, 1e-13, "seed \(seed), \(g), dx")
    }
  }

  /// Numbers of extreme sizes: every window gives the same result as by itself.
  @Test(arguments: [0.5, 1, 1.7, 2, 3, 4, 40])
  func `extremes stay in their window`(p: Double) throws {
    let hostile = [
      0, -0.0, .leastNonzeroMagnitude, -0x1p-1040, 1e-200, -1e-160, 1e-100, 1, -2, 1e100, -1e160,
      1e200, 1.7e308, .infinity, .nan,
    ]
    try withEvery("seed", in: 0..<40) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "extremes")
      let g = Geometry(random)
      let x = (0..<(2 * g.channels * g.count)).map {
        random.integer(below: 4, at: 1000 + $0) != 0
          ? random.normal(at: 5000 + $0)
          : hostile[random.integer(below: hostile.count, at: 9000 + $0)]
      }
      let bench = try bench(g, p: p, normalize: seed % 2 == 1, x: x)
      for (j, window) in g.windows.enumerated() {
        let alone = try LayerBench<Double>(
          makeLayer(
            "lp_pooling",
            [
              ("global", true), ("p", ConfigValue(.double(p))),
              ("normalize", ConfigValue(.bool(seed % 2 == 1))),
              ("allow_p_below_one", ConfigValue(.bool(p < 1))),
            ]), inputs: [[window.count]], samples: 1)
        alone.x.values = window.map { x[$0] }
        alone.dy.values = [bench.dy.values[j]]
        alone.runForward()
        alone.runBackward()
        expectSame(bench.y.values[j], alone.y.values[0], "seed \(seed), y of \(alone.x.values)")
        for (k, i) in window.enumerated() {
          expectSame(
            bench.dInputs[0].values[i], alone.dInputs[0].values[k],
            "seed \(seed), dx[\(k)] of \(alone.x.values)")
        }
      }
    }
  }

  private func expectSame(_ a: Double, _ b: Double, _ what: String) {
    let isSame = a == b || a.isNaN && b.isNaN || abs(a - b) <= 1e-13 * abs(b)
    if !isSame { Issue.record("p: \(what) is \(a), alone \(b)") }
  }
}
