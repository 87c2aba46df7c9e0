import Conformance
import TestSupport
import Testing

@testable import NNExp
@testable import Standard

/// Winograd's filters compared with the plain product of windows.
@Suite struct WinogradConvolutionTests {
  @Test func `values and gradients are those of the plain product`() throws {
    func compare<S: KernelScalar>(_ type: S.Type, _ tolerance: Double) throws {
      let isas = InstructionSet.allCases.filter(\.isSupported)
      try withEvery("seed", in: 0..<16) { seed in
        let random = RandomStream(seed: UInt64(seed), purpose: "winograd")
        let pick = random.pick
        let groups = seed % 5 == 4 ? 2 : 1
        let (inputs, units) = (pick(16...35, 1), pick(16...35, 2))
        let padding = (pick(0...2, 3), pick(0...2, 4))
        // Sizes at which at least half of the tiles' numbers are positions.
        let positions = (3 + pick(0...14, 5), [3, 4, 6, 7, 8, 14, 16, 30][pick(0...7, 6)])
        let shape: Shape = [
          groups * inputs, positions.0 + 2 - 2 * padding.0, positions.1 + 2 - 2 * padding.1,
        ]
        func pair(_ a: Int, _ b: Int) -> ConfigValue {
          ConfigValue(.list([ConfigValue(.int(a)), ConfigValue(.int(b))]))
        }
        let options: [(String, ConfigValue)] = [
          ("channels", ConfigValue(.int(groups * units))), ("groups", ConfigValue(.int(groups))),
          ("window", 3), ("padding", pair(padding.0, padding.1)),
        ]
        guard shape.axes.allSatisfy({ $0 > 0 }) else { return }
        let layer = try makeLayer("convolution", options)
        let output = try layer.plan(for: [Port(shape)]).output
        let plain = PlainConvolution(
          sizes: ConvolutionSizes(
            rows: Window(
              size: 3, stride: 1, padding: padding.0, paddingAfter: padding.0),
            columns: Window(
              size: 3, stride: 1, padding: padding.1, paddingAfter: padding.1), groups: groups,
            input: shape,
            output: output), plan: try layer.plan(for: [Port(shape)]))
        guard WinogradConvolution<S>.suits(plain.sizes) else { return }
        let samples = pick(1...5, 7)
        let found = try LayerBench<S>(layer, inputs: [Port(shape)], samples: samples)
        let wanted = try LayerBench<S>(plain, inputs: [Port(shape)], samples: samples)
        for bench in [found, wanted] {
          for (k, buffer) in (bench.inputs + bench.parameters + [bench.dy]).enumerated() {
            buffer.values = buffer.values.indices.map { S(random.stream(k).normal(at: $0)) }
          }
        }
        wanted.runForward()
        wanted.runBackward(prefill: 1)
        let isa = isas[seed % isas.count]
        isa.perform {
          found.runForward()
          found.runBackward(prefill: 1)
        }
        let what = "\(S.self), seed \(seed): \(ConfigValue.map(options).flow) on \(shape), \(isa)"
        #expect(found.damaged == [], "\(what)")
        for (a, b) in zip([found.y] + found.sums, [wanted.y] + wanted.sums) {
          expectClose(
            a.values.map { Double($0) }, b.values.map { Double($0) }, tolerance,
            "\(a.name), \(what)")
        }
      }
    }
    try compare(Double.self, 1e-13)
    try compare(Float.self, 1e-5)
  }

  @Test func `small images and few channels take other methods`() {
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
    #expect(!suits(16, 28, window: 5) && !suits(16, 28, stride: 2))
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
