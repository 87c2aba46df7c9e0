import NNExp
import Testing

/// Convolution against its definition, seven loops deep.
@Suite struct ConvolutionTests {
  @Test func `values are the definition's`() throws {
    var planned = 0
    for seed in 0..<200 {
      let random = RandomStream(seed: UInt64(seed), purpose: "convolution values")
      func pick(_ range: ClosedRange<Int>, _ at: Int) -> Int {
        range.lowerBound + random.integer(below: range.count, at: at)
      }
      let groups = pick(1...3, 0)
      let (inputs, outputs) = (groups * pick(1...3, 1), groups * pick(1...3, 2))
      let (rows, columns) = (pick(1...9, 3), pick(1...9, 4))
      let options =
        windowOptions(pick) + [
          ("channels", Node(.int(outputs))), ("groups", Node(.int(groups))),
        ]
      let layer = try makeLayer("convolution", options)
      let shape: Shape = [inputs, rows, columns]
      guard let plan = try? layer.plan(for: [shape]) else { continue }
      planned += 1
      let bench = try LayerBench<Double>(layer, inputs: [shape], samples: 2)
      for (k, buffer) in (bench.inputs + bench.parameters).enumerated() {
        buffer.values = buffer.values.indices.map { random.stream(k).normal(at: $0) }
      }
      bench.forward()

      let (x, w, b) = (bench.x.values, bench.parameters[0].values, bench.parameters[1].values)
      let window = plan.parameters[0].shape
      func pair(_ key: String) -> (Int, Int) {
        guard case .list(let items)? = Node.map(options)[key]?.content else { return (0, 0) }
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
        bench.y.values, expected, 1e-13, "seed \(seed): \(Node.map(options).flow) on \(shape)")
    }
    #expect(planned > 100)
  }

  @Test func `shapes and cost are told`() throws {
    let layer = try makeLayer("convolution", [("channels", 8), ("window", 5), ("groups", 2)])
    let plan = try layer.plan(for: [[4, 28, 20]])
    #expect(plan.output == [8, 24, 16])
    #expect(plan.parameters.map(\.name) == ["weight", "bias"])
    #expect(plan.parameters.map(\.shape) == [[8, 2, 5, 5], [8]])
    #expect(plan.work == 8 * 24 * 16 * 50)
  }
}
