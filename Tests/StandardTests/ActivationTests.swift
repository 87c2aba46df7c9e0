import Conformance
import Foundation
import NNExp
import Testing

/// Activations at extreme numbers, for which simple formulas fail.
@Suite struct ActivationTests {
  /// y and dx (for ∂y = 1) of an elementwise layer.
  private func run<S: Scalar>(
    _ type: String, _ options: [(String, ConfigValue)] = [], at x: [S]
  ) throws -> (y: [S], dx: [S]) {
    let bench = try LayerBench<S>(makeLayer(type, options), inputs: [[x.count]], samples: 1)
    bench.x.values = x
    bench.dy.values = x.map { _ in 1 }
    bench.runForward()
    bench.runBackward()
    return (bench.y.values, bench.dx.values)
  }

  @Test func sigmoidIsExactAtExtremes() throws {
    let far = try run("sigmoid", at: [-1000, 1000, 0, -.infinity, .infinity] as [Double])
    #expect(far.y == [0, 1, 0.5, 0, 1])
    #expect(far.dx == [0, 0, 0.25, 0, 0])
    // e⁻¹⁰⁰ is a denormal in float32, e⁻⁷⁴⁰ in float64.
    #expect(try run("sigmoid", at: [-100] as [Float]).y == [Float(exp(-100.0))])
    #expect(try run("sigmoid", at: [-740] as [Double]).y == [exp(-740)])
    #expect(try run("sigmoid", at: [-30] as [Double]).y == [9.357622968839299e-14])
  }

  @Test func tanhIsExactAtExtremes() throws {
    let far = try run("tanh", at: [-1000, 1000, 0, 1e-300] as [Double])
    #expect(far.y == [-1, 1, 0, 1e-300])
    #expect(far.dx == [0, 0, 1, 1])
  }

  @Test func rectifiersAreExactAtExtremes() throws {
    let least = Double.leastNonzeroMagnitude
    let x = [-1e308, -0.0, 0, least, 1e308]
    let relu = try run("relu", at: x)
    #expect(relu.y == [0, 0, 0, least, 1e308])
    #expect(relu.dx == [0, 0, 0, 1, 1])
    let leaky = try run("leaky_relu", [("slope", 0.25)], at: x)
    #expect(leaky.y == [-0.25e308, 0, 0, least, 1e308])
    #expect(leaky.dx == [0.25, 0.25, 0.25, 1, 1])
  }

  @Test func eluIsExactAtExtremes() throws {
    let far = try run("elu", [("alpha", 2)], at: [-1000, -1e-300, 0, 1000] as [Double])
    #expect(far.y == [-2, -2e-300, 0, 1000])
    #expect(far.dx == [0, 2, 2, 1])
  }

  @Test func geluIsExactAtExtremes() throws {
    for approximation in ["none", "tanh"] {
      let options: [(String, ConfigValue)] = [
        ("approximation", ConfigValue(.string(approximation)))
      ]
      let far = try run(
        "gelu", options, at: [-1e308, -1e200, -40, 0, 40, 1e200, 1e308] as [Double])
      #expect(far.y == [0, 0, 0, 0, 40, 1e200, 1e308])
      #expect(far.dx == [0, 0, 0, 0.5, 1, 1, 1])
      let single = try run("gelu", options, at: [-1e38, 1e30] as [Float])
      #expect(single.y == [0, 1e30] && single.dx == [0, 1])
    }
  }

  @Test func softplusIsExactAtExtremes() throws {
    let far = try run("softplus", at: [-1000, -50, 0, 50, 1000, 1e308] as [Double])
    #expect(far.y == [0, exp(-50), log(2), 50, 1000, 1e308])
    #expect(far.dx == [0, exp(-50), 0.5, 1, 1, 1])
    // No threshold: e⁻²⁵ is not lost.
    #expect(try run("softplus", at: [25] as [Double]).y == [25 + exp(-25)])
    let sharp = try run("softplus", [("beta", 1e300)], at: [-1, 1e10] as [Double])
    #expect(sharp.y == [0, 1e10] && sharp.dx == [0, 1])
  }

  @Test(arguments: [
    "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "softmax", "log_softmax",
    "silu", "mish", "log_sigmoid", "softsign", "selu", "hard_sigmoid", "hard_swish", "hard_tanh",
    "relu6", "prelu",
  ])
  func `NaN gives NaN`(type: String) throws {
    #expect(try run(type, at: [.nan] as [Double]).y[0].isNaN)
    #expect(try run(type, at: [.nan] as [Float]).y[0].isNaN)
    #expect(try run(type, at: [1, .nan] as [Double]).y[1].isNaN)
  }
}

@Suite struct SoftmaxTests {
  @Test(arguments: ["softmax", "log_softmax"]) func `softmax of inputs that lie far apart is exact`(
    type: String
  ) throws {
    let bench = try LayerBench<Double>(makeLayer(type), inputs: [[3]], samples: 3)
    bench.x.values = [1000, 0, -1000, -1e308, -1e308, -1e308, 5, 5, 5]
    bench.dy.values = Array(repeating: 1, count: 9)
    bench.runForward()
    bench.runBackward()
    let third = 1.0 / 3
    if type == "softmax" {
      #expect(bench.y.values == [1, 0, 0] + Array(repeating: third, count: 6))
      expectClose(bench.dx.values, Array(repeating: 0, count: 9), 1e-16)
    } else {
      #expect(bench.y.values.prefix(3) == [0, -1000, -2000])
      // The kernel of ln(1 + x) is within 2 ULP.
      #expect(bench.y.values.dropFirst(3).allSatisfy { abs($0 + log(3)) <= log(3).ulp })
      expectClose(bench.dx.values, [-2, 1, 1, 0, 0, 0, 0, 0, 0], 1e-15)
    }
  }

  @Test func `softmax of an image runs over its channels`() throws {
    let bench = try LayerBench<Double>(makeLayer("softmax"), inputs: [[2, 1, 3]], samples: 2)
    bench.x.values = [0, 1, 2, log(3), 1, 2, 0, 0, 0, 0, 0, 0]
    bench.runForward()
    expectClose(
      bench.y.values, [0.25, 0.5, 0.5, 0.75, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 1e-15)
  }
}
