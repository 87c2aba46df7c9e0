import Conformance
import TestSupport
import Testing

@testable import NNExp

/// Convolution compared with its definition as seven nested loops.
@Suite struct ConvolutionTests {
  @Test func `values follow the definition`() throws {
    var planned = 0
    try withEvery("seed", in: 0..<200) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "convolution values")
      let pick = random.pick
      let groups = pick(1...3, 0)
      let (inputs, outputs) = (groups * pick(1...3, 1), groups * pick(1...3, 2))
      let (rows, columns) = (pick(1...9, 3), pick(1...9, 4))
      let options =
        windowOptions(pick) + [
          ("channels", ConfigValue(.int(outputs))), ("groups", ConfigValue(.int(groups))),
        ]
      let layer = try makeLayer("convolution", options)
      let shape: Shape = [inputs, rows, columns]
      guard let plan = try? layer.plan(for: [Port(shape)]) else { return }
      planned += 1
      let bench = try LayerBench<Double>(layer, inputs: [Port(shape)], samples: 2)
      for (k, buffer) in (bench.inputs + bench.parameters).enumerated() {
        buffer.values = buffer.values.indices.map { random.stream(k).normal(at: $0) }
      }
      bench.runForward()

      let (x, w, b) = (bench.x.values, bench.parameters[0].values, bench.parameters[1].values)
      let window = plan.parameters[0].shape
      func pair(_ key: String) -> (Int, Int) {
        guard case .list(let items)? = ConfigValue.map(options)[key]?.content else { return (0, 0) }
        return (items[0].integer!, items[1].integer!)
      }
      let (stride, padding, dilation) = (pair("stride"), pair("padding"), pair("dilation"))
      var expected: [Double] = []
      for s in 0..<2 {
        for o in 0..<outputs {
          for r in 0..<plan.output[1] {
            for c in 0..<plan.output[2] {
              var sum = b[o]
              for i in 0..<window[1] {
                for u in 0..<window[2] {
                  for v in 0..<window[3] {
                    let row = r * stride.0 + u * dilation.0 - padding.0
                    let column = c * stride.1 + v * dilation.1 - padding.1
                    guard (0..<rows).contains(row), (0..<columns).contains(column) else { continue }
                    let channel = o / (outputs / groups) * window[1] + i
                    let weight = w[((o * window[1] + i) * window[2] + u) * window[3] + v]
                    sum += weight * x[((s * inputs + channel) * rows + row) * columns + column]
                  }
                }
              }
              expected.append(sum)
            }
          }
        }
      }
      expectClose(
        bench.y.values, expected, 1e-13,
        "seed \(seed): \(ConfigValue.map(options).flow) on \(shape)")
    }
    #expect(planned > 100)
  }

  /// Larger images, windows and channels, which fill whole registers, and many weights for few
  /// positions, for which windows are stored as a matrix; forward and backward, in both
  /// precisions, on each instruction set in turn.
  @Test func `values and gradients follow the definition`() throws {
    func compare<S: Scalar>(_ type: S.Type, _ tolerance: Double) throws {
      let isas = InstructionSet.allCases.filter(\.isSupported)
      var (direct, byMatrix) = (0, 0)
      withEvery("seed", in: 0..<72) { seed in
        let random = RandomStream(seed: UInt64(seed), purpose: "convolution gradients")
        let pick = random.pick
        let groups = pick(1...3, 0)
        let isHeavy = seed % 6 == 5
        let inputs = isHeavy ? pick(6...9, 1) : pick(1...(seed % 3 == 0 ? 6 : 2), 1)
        let units = isHeavy ? pick(6...20, 2) : pick(1...(seed % 3 == 1 ? 18 : 2), 2)
        let window = isHeavy ? (pick(4...7, 3), pick(4...7, 4)) : (pick(1...7, 3), pick(1...7, 4))
        let padding = seed % 2 == 0 ? (0, 0) : (pick(0...3, 5), pick(0...3, 6))
        let dilation = seed % 4 == 1 ? (pick(1...3, 9), pick(1...3, 10)) : (1, 1)
        let places = isHeavy ? (1, pick(1...2, 8)) : (pick(1...5, 7), pick(1...34, 8))
        let (rows, columns) = (
          max(1, places.0 + (window.0 - 1) * dilation.0 - 2 * padding.0),
          max(1, places.1 + (window.1 - 1) * dilation.1 - 2 * padding.1)
        )
        func pair(_ pair: (Int, Int)) -> ConfigValue {
          ConfigValue(.list([ConfigValue(.int(pair.0)), ConfigValue(.int(pair.1))]))
        }
        let options = [
          ("channels", ConfigValue(.int(groups * units))), ("groups", ConfigValue(.int(groups))),
          ("window", pair(window)), ("padding", pair(padding)), ("dilation", pair(dilation)),
        ]
        let shape: Shape = [groups * inputs, rows, columns]
        // Up to eight samples with few positions share a sum.
        let samples = isHeavy ? 2 : pick(1...11, 11)
        guard
          let bench = try? LayerBench<S>(
            makeLayer("convolution", options), inputs: [Port(shape)], samples: samples)
        else { return }
        for (k, buffer) in (bench.inputs + bench.parameters + [bench.dy]).enumerated() {
          buffer.values = buffer.values.indices.map { S(random.stream(k).normal(at: $0)) }
        }
        func doubles(_ buffer: GuardedBuffer<S>) -> [Double] { buffer.values.map { Double($0) } }
        let (x, dy) = (doubles(bench.x), doubles(bench.dy))
        let (w, b) = (doubles(bench.parameters[0]), doubles(bench.parameters[1]))
        var (y, dx, dw) = (dy.map { _ in 0.0 }, x.map { _ in 1.0 }, w.map { _ in 1.0 })
        var db = b.map { _ in 1.0 }
        let output = bench.plan.output
        var j = 0
        for s in 0..<samples {
          for o in 0..<(groups * units) {
            for r in 0..<output[1] {
              for c in 0..<output[2] {
                y[j] = b[o]
                db[o] += dy[j]
                for i in 0..<inputs {
                  let channel = s * groups * inputs + o / units * inputs + i
                  for u in 0..<window.0 {
                    let row = r + u * dilation.0 - padding.0
                    guard row >= 0, row < rows else { continue }
                    for v in 0..<window.1 {
                      let column = c + v * dilation.1 - padding.1
                      guard column >= 0, column < columns else { continue }
                      let weight = ((o * inputs + i) * window.0 + u) * window.1 + v
                      let place = (channel * rows + row) * columns + column
                      y[j] += w[weight] * x[place]
                      dx[place] += w[weight] * dy[j]
                      dw[weight] += x[place] * dy[j]
                    }
                  }
                }
                j += 1
              }
            }
          }
        }
        let isa = isas[seed / 6 % isas.count]
        isa.perform { bench.runForward() }
        let what = "\(S.self), seed \(seed): \(ConfigValue.map(options).flow) on \(shape), \(isa)"
        expectClose(doubles(bench.y), y, tolerance, "y, " + what)
        isa.perform { bench.runBackward(prefill: 1) }
        expectClose(doubles(bench.dx), dx, tolerance, "dx, " + what)
        expectClose(doubles(bench.gradients[0]), dw, tolerance, "dw, " + what)
        expectClose(doubles(bench.gradients[1]), db, tolerance, "db, " + what)
        #expect(bench.damaged == [], "\(what)")
        if window != (1, 1) {
          if bench.plan.scratch.count > 3 { direct += 1 } else { byMatrix += 1 }
        }
      }
      #expect(direct > 30 && byMatrix > 5, "\(direct) direct, \(byMatrix) by matrix")
    }
    try compare(Double.self, 1e-13)
    try compare(Float.self, 2e-5)
  }

  @Test func `the plan gives shapes and cost`() throws {
    let layer = try makeLayer("convolution", [("channels", 8), ("window", 5), ("groups", 2)])
    let plan = try layer.plan(for: [[4, 28, 20]])
    #expect(plan.output == [8, 24, 16])
    #expect(plan.parameters.map(\.name) == ["weight", "bias"])
    #expect(plan.parameters.map(\.shape) == [[8, 2, 5, 5], [8]])
    #expect(plan.work == 8 * 24 * 16 * 50)
  }
}
