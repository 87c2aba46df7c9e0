import Conformance
import TestSupport
import Testing

@testable import NNExp
@testable import Standard

/// Winograd's filters and the direct method compared with the plain product of windows.
@Suite struct FastConvolutionTests {
  @Test func `Winograd's filters give the plain product`() throws {
    func compare<S: KernelScalar>(_ type: S.Type, _ tolerance: Double) throws {
      var larger = 0
      try withEvery("seed", in: 0..<24) { seed in
        let random = RandomStream(seed: UInt64(seed), purpose: "winograd")
        let pick = random.pick
        let window = seed % 3 == 0 ? (3, 3) : (pick(3...12, 8), pick(3...12, 9))
        let geometry = Geometry(
          groups: seed % 5 == 4 ? 2 : 1, inputs: pick(16...35, 1), units: pick(16...35, 2),
          window: window, stride: (1, 1),
          padding: (pick(0...(window.0 - 1), 3), pick(0...(window.1 - 1), 4)),
          positions: (3 + pick(0...14, 5), [3, 4, 6, 7, 8, 14, 16, 30][pick(0...7, 6)]))
        let isCompared = try comparison(
          type, geometry, samples: pick(1...5, 7), seed: seed, tolerance, random
        ) { WinogradConvolution<S>.suits($0) }
        if isCompared && window != (3, 3) { larger += 1 }
      }
      #expect(larger > 5)
    }
    try compare(Double.self, 1e-13)
    try compare(Float.self, 1e-5)
  }

  /// Strides, and images that are computed in several bands of rows.
  @Test func `the direct method gives the plain product`() throws {
    func compare<S: KernelScalar>(_ type: S.Type, _ tolerance: Double) throws {
      var compared = 0
      try withEvery("seed", in: 0..<16) { seed in
        let random = RandomStream(seed: UInt64(seed), purpose: "direct convolution")
        let pick = random.pick
        let isLarge = seed % 4 == 3
        let stride = isLarge && seed % 8 == 3 ? (1, 1) : (pick(1...4, 8), pick(1...4, 9))
        let window = (stride.0 * pick(1...3, 10), pick(1...7, 11))
        let geometry = Geometry(
          groups: seed % 5 == 4 ? 2 : 1, inputs: pick(isLarge ? 4...6 : 1...18, 1),
          units: pick(1...18, 2), window: window, stride: stride,
          padding: (pick(0...(window.0 - 1), 3), pick(0...(window.1 - 1), 4)),
          positions: isLarge
            ? (pick(60...99, 5), pick(90...120, 6)) : (pick(1...9, 5), pick(1...40, 6)),
          rest: (pick(0...(stride.0 - 1), 12), pick(0...(stride.1 - 1), 13)))
        let isCompared = try comparison(
          type, geometry, samples: isLarge ? 1 : pick(1...9, 7), seed: seed, tolerance, random
        ) { DirectConvolution<S>.suits($0) && !WinogradConvolution<S>.suits($0) }
        if isCompared { compared += 1 }
      }
      #expect(compared > 8)
    }
    try compare(Double.self, 1e-13)
    try compare(Float.self, 2e-5)
  }

  /// The sizes of a convolution of images.
  private struct Geometry {
    let groups: Int
    let inputs: Int
    let units: Int
    let window: (Int, Int)
    let stride: (Int, Int)
    let padding: (Int, Int)
    let positions: (Int, Int)
    /// The rows and columns after the last window.
    var rest = (0, 0)

    var shape: Shape {
      [
        groups * inputs,
        max(0, (positions.0 - 1) * stride.0 + window.0 + rest.0 - 2 * padding.0),
        max(0, (positions.1 - 1) * stride.1 + window.1 + rest.1 - 2 * padding.1),
      ]
    }

    var options: [(String, ConfigValue)] {
      func pair(_ pair: (Int, Int)) -> ConfigValue {
        ConfigValue(.list([ConfigValue(.int(pair.0)), ConfigValue(.int(pair.1))]))
      }
      return [
        ("channels", ConfigValue(.int(groups * units))), ("groups", ConfigValue(.int(groups))),
        ("window", pair(window)), ("stride", pair(stride)), ("padding", pair(padding)),
      ]
    }

    func sizes(_ output: Shape) -> ConvolutionSizes {
      ConvolutionSizes(
        rows: Window(
          size: window.0, stride: stride.0, padding: padding.0, paddingAfter: padding.0),
        columns: Window(
          size: window.1, stride: stride.1, padding: padding.1, paddingAfter: padding.1),
        groups: groups, input: shape, output: output)
    }
  }

  /// Compares the layer's passes with those of the plain product, if it uses the method; false otherwise.
  private func comparison<S: KernelScalar>(
    _ type: S.Type, _ geometry: Geometry, samples: Int, seed: Int, _ tolerance: Double,
    _ random: RandomStream, uses: (ConvolutionSizes) -> Bool
  ) throws -> Bool {
    let shape = geometry.shape
    guard shape.axes.allSatisfy({ $0 > 0 }) else { return false }
    let layer = try makeLayer("convolution", geometry.options)
    let plan = try layer.plan(for: [Port(shape)])
    let plain = PlainConvolution(sizes: geometry.sizes(plan.output), plan: plan)
    guard uses(plain.sizes) else { return false }
    let found = try LayerBench<S>(layer, inputs: [Port(shape)], samples: samples)
    let wanted = try LayerBench<S>(plain, inputs: [Port(shape)], samples: samples)
    for bench in [found, wanted] {
      for (k, buffer) in (bench.inputs + bench.parameters + [bench.dy]).enumerated() {
        buffer.values = buffer.values.indices.map { S(random.stream(k).normal(at: $0)) }
      }
    }
    wanted.runForward()
    wanted.runBackward(prefill: 1)
    let isas = InstructionSet.allCases.filter(\.isSupported)
    let isa = isas[seed % isas.count]
    isa.perform {
      found.runForward()
      found.runBackward(prefill: 1)
    }
    let what =
      "\(S.self), seed \(seed): \(ConfigValue.map(geometry.options).flow) on \(shape), \(isa)"
    #expect(found.damaged == [], "\(what)")
    for (a, b) in zip([found.y] + found.sums, [wanted.y] + wanted.sums) {
      expectClose(
        a.values.map { Double($0) }, b.values.map { Double($0) }, tolerance, "\(a.name), \(what)")
    }
    return true
  }

  @Test func `small images and few channels do not take Winograd's filters`() {
    func suits(_ channels: Int, _ extent: Int, window: Int = 3, stride: Int = 1) -> Bool {
      let axis = Window(
        size: window, stride: stride, padding: window / 2, paddingAfter: window / 2)
      let output = (extent - 1) / stride + 1
      return WinogradConvolution<Float>.suits(
        ConvolutionSizes(
          rows: axis, columns: axis, groups: 1, input: [channels, extent, extent],
          output: [16, output, output]))
    }
    #expect(suits(16, 28) && suits(16, 4) && suits(64, 7))
    #expect(!suits(15, 28) && !suits(16, 5) && !suits(16, 2))
    #expect(suits(16, 28, window: 5) && suits(16, 32, window: 11))
    #expect(!suits(16, 28, window: 4) && !suits(16, 28, stride: 2) && !suits(16, 9, window: 7))
  }
}

/// The same convolution by the product of windows.
private struct PlainConvolution: Layer, Component {
  static let typeName = "plain_convolution"
  let sizes: ConvolutionSizes
  let plan: Plan

  init(sizes: ConvolutionSizes, plan: Plan) {
    self.sizes = sizes
    var plan = plan
    plan.scratch = Im2colConvolution<Double>.scratch(for: sizes)
    plan.canStoreInputGradient = false
    self.plan = plan
  }

  init(from options: inout Options) { preconditionFailure("not declared in a file") }

  func plan(for inputs: [Port]) -> Plan { plan }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    Im2colConvolution(sizes: sizes, scratch: pass.scratch).forward(
      pass.x.start, weight: pass.parameters[0].start, bias: pass.parameters[1].start,
      into: pass.y.start, samples: pass.samples)
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    Im2colConvolution(sizes: sizes, scratch: pass.scratch).backward(
      pass.x.start, pass.dy.start, weight: pass.parameters[0].start, to: pass.gradients[0].start,
      bias: pass.gradients[1].start, dx: pass.dx.start, samples: pass.samples)
  }
}
