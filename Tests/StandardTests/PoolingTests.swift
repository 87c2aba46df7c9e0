import Conformance
import NNExp
import TestSupport
import Testing

/// Pooling compared with its definition: each entry is tested for being in a window.
@Suite struct PoolingTests {
  private struct Geometry {
    let window: (Int, Int)
    let stride: (Int, Int)
    let padding: (Int, Int)
    let dilation: (Int, Int)
    let ceiling: Bool

    var options: [(String, ConfigValue)] {
      func node(_ pair: (Int, Int)) -> ConfigValue {
        [ConfigValue(.int(pair.0)), ConfigValue(.int(pair.1))]
      }
      return [
        ("window", node(window)), ("stride", node(stride)), ("padding", node(padding)),
        ("dilation", node(dilation)), ("ceil_mode", ConfigValue(.bool(ceiling))),
      ]
    }
  }

  /// The starts of windows along an axis, found by trying all.
  private func starts(
    _ length: Int, _ window: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ ceiling: Bool
  ) -> [Int] {
    let extent = (window - 1) * dilation + 1
    var starts: [Int] = []
    var start = -padding
    while start + extent <= length + padding {
      starts.append(start)
      start += stride
    }
    // The rest is a whole window, or a part of one within a stride.
    let covered = starts.last.map { $0 + extent } ?? (-padding + extent - stride)
    if ceiling, covered < length + padding, start < length { starts.append(start) }
    return starts
  }

  @Test func `windows have the entries of the definition`() throws {
    var planned = 0
    try withEvery("seed", in: 0..<400) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "pooling")
      let pick = random.pick
      let g = Geometry(
        window: (pick(1...4, 0), pick(1...4, 1)), stride: (pick(1...4, 2), pick(1...4, 3)),
        padding: (pick(0...3, 4), pick(0...3, 5)), dilation: (pick(1...3, 6), pick(1...3, 7)),
        ceiling: pick(0...1, 8) == 1)
      let (rows, columns) = (pick(1...9, 9), pick(1...9, 10))
      let trace = "seed \(seed): \(ConfigValue.map(g.options).flow) on \(rows) × \(columns)"

      let rowStarts = starts(
        rows, g.window.0, g.stride.0, g.padding.0, g.dilation.0, g.ceiling)
      let columnStarts = starts(
        columns, g.window.1, g.stride.1, g.padding.1, g.dilation.1, g.ceiling)
      let x = distinctValues(rows * columns, random)
      var windows: [(entries: [Int], countWithPadding: Int)] = []
      for rowStart in rowStarts {
        for columnStart in columnStarts {
          var window: (entries: [Int], countWithPadding: Int) = ([], 0)
          for u in 0..<g.window.0 {
            for v in 0..<g.window.1 {
              let (r, c) = (rowStart + u * g.dilation.0, columnStart + v * g.dilation.1)
              if r < rows + g.padding.0 && c < columns + g.padding.1 {
                window.countWithPadding += 1
              }
              if (0..<rows).contains(r) && (0..<columns).contains(c) {
                window.entries.append(r * columns + c)
              }
            }
          }
          windows.append(window)
        }
      }
      let isPossible = !windows.isEmpty && windows.allSatisfy { !$0.entries.isEmpty }
      let shape: Shape = [1, rows, columns]
      for (type, extra, definition) in [
        ("max_pooling", [], { (window: [Double], _: Int) in window.max()! }),
        ("average_pooling", [], { window, _ in window.reduce(0, +) / Double(window.count) }),
        ("average_pooling", [("count_padding", true)], { $0.reduce(0, +) / Double($1) }),
        ("lp_pooling", [("p", 1)], { window, _ in window.reduce(0) { $0 + abs($1) } }),
      ] as [(String, [(String, ConfigValue)], ([Double], Int) -> Double)] {
        let layer = try makeLayer(type, g.options + extra)
        let plan = try? layer.plan(for: [Port(shape)])
        #expect((plan != nil) == isPossible, "\(trace)")
        guard let plan, isPossible else { continue }
        planned += 1
        #expect(plan.output == [1, rowStarts.count, columnStarts.count], "\(trace)")
        let bench = try LayerBench<Double>(layer, inputs: [Port(shape)], samples: 1)
        bench.x.values = x
        bench.runForward()
        let expected = windows.map { definition($0.entries.map { x[$0] }, $0.countWithPadding) }
        expectClose(bench.y.values, expected, 1e-14, "\(type) \(trace)")
      }
    }
    #expect(planned > 400)
  }

  @Test func `a vector is pooled in groups of features`() throws {
    let bench = try LayerBench<Double>(
      makeLayer("max_pooling", [("window", 3)]), inputs: [[7]], samples: 1)
    bench.x.values = [1, 5, 2, -3, -1, -2, 9]
    bench.dy.values = [10, 20]
    bench.runForward()
    bench.runBackward()
    #expect(bench.y.values == [5, -1])
    #expect(bench.dx.values == [0, 10, 0, 0, 20, 0, 0])
  }

  @Test func `the first of equal entries wins, and NaN wins over all`() throws {
    let bench = try LayerBench<Double>(
      makeLayer("max_pooling", [("window", 4)]), inputs: [[12]], samples: 1)
    bench.x.values =
      [1, 7, 7, 7, .infinity, .nan, .infinity, .nan] + [
        -.infinity, -.infinity, -.infinity, -.infinity,
      ]
    bench.dy.values = [1, 2, 3]
    bench.runForward()
    bench.runBackward()
    #expect(bench.y.values[0] == 7 && bench.y.values[1].isNaN && bench.y.values[2] == -.infinity)
    #expect(bench.dx.values == [0, 1, 0, 0, 0, 2, 0, 0, 3, 0, 0, 0])
  }

  @Test func `global pooling covers the whole plane`() throws {
    for (shape, output): (Shape, Shape) in [([2, 3, 2], [2, 1, 1]), ([6], [1])] {
      let layer = try makeLayer("average_pooling", [("global", true)])
      #expect(try layer.plan(for: [Port(shape)]).output == output)
      let bench = try LayerBench<Double>(layer, inputs: [Port(shape)], samples: 1)
      bench.x.values = shape == [6] ? [1, 2, 3, 4, 5, 6] : Array(1...12).map(Double.init)
      bench.runForward()
      #expect(bench.y.values == (shape == [6] ? [3.5] : [3.5, 9.5]))
    }
  }
}
