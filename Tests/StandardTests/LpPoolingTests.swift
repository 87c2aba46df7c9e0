import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// One window of References/lp_pooling.json, computed with mpmath.
private struct LpCase: Decodable {
  let dtype: String
  let p: String
  let normalize: Bool
  let x: [String]
  let y: String
  let slopes: [String]
  let pSlope: String?

  var name: String { "\(dtype), p = \(p), normalize: \(normalize), x = \(x)" }

  var exponent: Double { Double(p)! }

  func layer(learned: Bool = false) throws -> any Layer {
    try makeLayer(
      "lp_pooling",
      [
        ("global", true), ("p", ConfigValue(.double(exponent))),
        ("normalize", ConfigValue(.bool(normalize))),
        ("allow_p_below_one", ConfigValue(.bool(exponent < 1))),
        ("learned", ConfigValue(.bool(learned))),
      ])
  }
}

private let lpCases: [LpCase] = try! Repository.reference("lp_pooling.json")

@Suite struct LpPoolingTests {
  @Test func `values and derivatives agree with mpmath in float64`() throws {
    for window in lpCases where window.dtype == "float64" { try compare(window, Double.self) }
  }

  @Test func `values and derivatives agree with mpmath in float32`() throws {
    for window in lpCases where window.dtype == "float32" { try compare(window, Float.self) }
  }

  private func compare<S: Scalar>(_ window: LpCase, _: S.Type) throws {
    let bench = try LayerBench<S>(window.layer(), inputs: [[window.x.count]], samples: 1)
    bench.x.values = window.x.map { S(Double($0)!) }
    bench.dy.values = [1]
    bench.runForward()
    bench.runBackward()
    expectNear(bench.y.values[0], window.y, ulps: 6, "\(window.name): y")
    for (slope, expected) in zip(bench.dx.values, window.slopes) {
      // x/m and y are each rounded once before the power of p − 1.
      let ulps = window.exponent.isFinite ? 6 + 2 * window.exponent : 0
      expectNear(slope, expected, ulps: ulps, "\(window.name): slope")
    }
    #expect(bench.damaged == [])
  }

  @Test func `the derivative by p agrees with mpmath`() throws {
    for window in lpCases where window.dtype == "float64" {
      guard let expected = window.pSlope, window.exponent > 1, window.y != "inf" else { continue }
      let bench = try LayerBench<Double>(
        window.layer(learned: true), inputs: [[window.x.count]], samples: 1)
      let parameter = bench.plan.parameters[0]
      #expect(parameter.name == "rho" && parameter.shape == [1])
      let rho = try #require(parameter.initial.options["value"]?.number)
      bench.parameters[0].values = [rho]
      bench.x.values = window.x.map { Double($0)! }
      bench.dy.values = [1]
      bench.runForward()
      bench.runBackward()
      // ∂p/∂ρ = 1/(1 + e^(−ρ)). Σw ln r − ln u cancels, so the error is that of y/p.
      let y = Double(window.y)!
      let slope = bench.gradients[0].values[0] * (1 + exp(-rho))
      #expect(
        abs(slope - Double(expected)!) <= 1e-14 * y + Double.leastNonzeroMagnitude,
        "\(window.name): ∂y/∂p = \(slope), expected \(expected)")
      #expect(
        abs(bench.y.values[0] - y) <= 1e-14 * y + Double.leastNonzeroMagnitude, "\(window.name): y")
    }
  }

  /// Every fast path compared with the general one for almost the same p.
  @Test(arguments: [1, 2, 3, 4.0]) func `fast paths agree with the general one`(p: Double) throws {
    try withEvery("seed", in: 0..<50) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "lp")
      let x = (0..<5).map { random.normal(at: $0) * exp(random.normal(at: 10 + $0) * 3) }
      for normalize in [false, true] {
        let results = try [p, p.nextUp].map { p in
          let layer = try makeLayer(
            "lp_pooling",
            [
              ("global", true), ("p", ConfigValue(.double(p))),
              ("normalize", ConfigValue(.bool(normalize))),
            ])
          let bench = try LayerBench<Double>(layer, inputs: [[5]], samples: 1)
          bench.x.values = x
          bench.dy.values = [1]
          bench.runForward()
          bench.runBackward()
          return bench.y.values + bench.dx.values
        }
        for (fast, general) in zip(results[0], results[1]) {
          #expect(
            abs(fast - general) <= 1e-13 * abs(general), "seed \(seed), normalize \(normalize)")
        }
      }
    }
  }

  @Test func `p = 3 in float32 is exact if the cube is`() throws {
    let bench = try LayerBench<Float>(
      makeLayer("lp_pooling", [("window", 2), ("p", 3)]), inputs: [[4]], samples: 1)
    bench.x.values = [-5, 0, 0, 1024]
    bench.runForward()
    #expect(bench.y.values == [5, 1024])
  }

  @Test(arguments: [1, 1.5, 2, 3, 4, 700, Double.infinity])
  func `NaN gives NaN, else infinity gives infinity`(p: Double) throws {
    for normalize in [false, true] {
      let layer = try makeLayer(
        "lp_pooling",
        [
          ("window", 3), ("p", ConfigValue(.double(p))),
          ("normalize", ConfigValue(.bool(normalize))),
        ])
      let bench = try LayerBench<Double>(layer, inputs: [[12]], samples: 1)
      bench.x.values = [1, .nan, 2, -.infinity, 1, 0, .infinity, .nan, 0, .nan, 0, 0]
      bench.dy.values = [1, 1, 1, 1]
      bench.runForward()
      bench.runBackward()
      let y = bench.y.values
      #expect(y[0].isNaN && y[1] == .infinity && y[2].isNaN && y[3].isNaN, "p = \(p): \(y)")
      let dx = bench.dx.values
      #expect(dx[1].isNaN && dx[7].isNaN && dx[9].isNaN, "p = \(p): \(dx)")
      // The infinite entry dominates the window; for p = 1, only signs matter.
      let share = normalize && p.isFinite ? pow(3, -1 / p) : 1
      let others: [Double] = p == 1 ? [share, 0] : [0, 0]
      #expect(abs(dx[3] + share) < 1e-12 && Array(dx[4...5]) == others, "p = \(p): \(dx)")
    }
  }

  @Test func `the first of equal entries takes the gradient of p = inf`() throws {
    let bench = try LayerBench<Double>(
      makeLayer("lp_pooling", [("window", 3), ("p", ConfigValue(.double(.infinity)))]),
      inputs: [[6]],
      samples: 1)
    bench.x.values = [1, -2, 2, 0, 0, 0]
    bench.dy.values = [5, 5]
    bench.runForward()
    bench.runBackward()
    #expect(bench.y.values == [2, 0])
    #expect(bench.dx.values == [0, -5, 0, 0, 0, 0])
  }

  @Test func `padding adds no values and no entries`() throws {
    let bench = try LayerBench<Double>(
      makeLayer(
        "lp_pooling", [("window", 3), ("padding", 1), ("stride", 2), ("normalize", true)]),
      inputs: [[1, 3, 3]], samples: 1)
    bench.x.values = [1, 1, 1, 1, -2, 1, 1, 1, 1]
    bench.runForward()
    // Four entries in each corner: √((1 + 1 + 1 + 4)/4).
    #expect(bench.y.values == Array(repeating: 1.75.squareRoot(), count: 4))
  }

  @Test func `a learned p starts at its option and stays above 1`() throws {
    for p in [1.0001, 1.5, 2, 30, 800] {
      let layer = try makeLayer(
        "lp_pooling", [("global", true), ("p", ConfigValue(.double(p))), ("learned", true)])
      let rho = try #require(layer.plan(for: [[2]]).parameters[0].initial.options["value"]?.number)
      #expect(abs(1 + max(rho, 0) + log1p(exp(-abs(rho))) - p) <= 1e-15 * p)
      let bench = try LayerBench<Double>(layer, inputs: [[2]], samples: 1)
      bench.x.values = [3, -4]
      bench.dy.values = [1]
      for (rho, y): (Double, Double) in [(-1e4, 7), (-1e308, 7), (1e4, 4), (1e308, 4)] {
        bench.parameters[0].values = [rho]
        bench.runForward()
        bench.runBackward()
        #expect(bench.y.values == [y] && bench.gradients[0].values[0].isFinite)
      }
    }
  }
}

/// Expects that `value` is within this number of units in the last place of the number in the
/// text, and within one step of the denormals.
private func expectNear<S: Scalar>(
  _ value: S, _ expected: String, ulps: Double, _ name: String
) {
  let exact = Double(expected)!
  let rounded = S(exact)
  if value == rounded { return }
  let tolerance = Double(S.ulpOfOne) * ulps * abs(exact) + 2 * Double(S.leastNonzeroMagnitude)
  #expect(
    abs(Double(value) - exact) <= tolerance, "\(name) is \(value), expected \(expected)")
}
