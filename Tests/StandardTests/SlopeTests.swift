import Conformance
import NNExp
import TestSupport
import Testing

/// Slopes in float64 against References/slopes.json, at inputs for which the plain formulas cancel: 1 − y of a
/// saturated unit, e^(−x²/2) of a large x, powers of a rounded quotient.
@Suite struct SlopeTests {
  @Test func `functions of one number have slopes within 4 ULP`() throws {
    for function in try SlopeReference.read().functions {
      let layer = try makeLayer(function.type, function.options.map { ($0, $1.node) })
      let name = "\(function.type) \(function.options)"
      let cases = function.cases
      let bench = try LayerBench<Double>(layer, inputs: [[cases.count]], samples: 1)
      bench.x.values = cases.map(\.x)
      bench.dy.fill(1)
      bench.runForward()
      bench.runBackward()
      for (slope, expected) in zip(bench.dx.values, cases) {
        expectWithin(4, slope, expected.slope, "\(name) at \(expected.x)")
      }
    }
  }

  @Test func `the slopes of one output of a softmax are within 4 ULP`() throws {
    for vector in try SlopeReference.read().vectors {
      let layer = try makeLayer(vector.type, [])
      let bench = try LayerBench<Double>(layer, inputs: [[vector.x.count]], samples: 1)
      bench.x.values = vector.x
      bench.dy.tensor[vector.of] = 1
      bench.runForward()
      bench.runBackward()
      for (i, (slope, expected)) in zip(bench.dx.values, vector.slopes).enumerated() {
        expectWithin(
          vector.type == "softmax" ? 6 : 4, slope, expected,
          "\(vector.type) of \(vector.x): ∂y[\(vector.of)]/∂x[\(i)]")
      }
    }
  }

  /// 4 ULP up to p = 8, p/2 beyond; the derivative by a learned p's parameter within 8.
  @Test func `Lp norms have slopes within 4 ULP`() throws {
    for norm in try SlopeReference.read().norms {
      let name = "p = \(norm.p), rho = \(norm.rho as Any), \(norm.normalize), x = \(norm.x)"
      let layer = try makeLayer(
        "lp_pooling",
        [
          ("global", true), ("p", ConfigValue(.double(norm.rho == nil ? norm.p : 2))),
          ("normalize", ConfigValue(.bool(norm.normalize))),
          ("learned", ConfigValue(.bool(norm.rho != nil))),
        ])
      let bench = try LayerBench<Double>(layer, inputs: [[norm.x.count]], samples: 1)
      bench.x.values = norm.x
      bench.dy.fill(1)
      if let rho = norm.rho { bench.parameters[0].values = [rho] }
      bench.runForward()
      bench.runBackward()
      for (i, (slope, expected)) in zip(bench.dx.values, norm.slopes).enumerated() {
        expectWithin(max(4, norm.p / 2), slope, expected, "\(name): slope \(i)")
      }
      if let expected = norm.byRho {
        expectWithin(8, bench.gradients[0].values[0], expected, "\(name): by rho")
      }
    }
  }

  private func expectWithin(
    _ bound: Double, _ value: Double, _ expected: SlopeReference.Number, _ what: String
  ) {
    let error = abs((value - expected.rounded) - expected.rest) / expected.rounded.ulp
    if !(error <= bound) {
      Issue.record("\(what) is \(value), not \(expected.rounded): \(error) ULP")
    }
  }
}

private struct SlopeReference: Decodable {
  /// A number in more digits than one has.
  struct Number: Decodable {
    let rounded: Double
    let rest: Double

    init(from decoder: any Decoder) throws {
      var pair = try decoder.unkeyedContainer()
      rounded = try pair.decode(Double.self)
      rest = try pair.decode(Double.self)
    }
  }

  struct Function: Decodable {
    struct Case: Decodable {
      let x: Double
      let slope: Number

      init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        x = try pair.decode(Double.self)
        slope = try pair.decode(Number.self)
      }
    }
    let type: String
    let options: [String: ReferenceOption]
    let cases: [Case]
  }

  struct Vector: Decodable {
    let type: String
    let x: [Double]
    let of: Int
    let slopes: [Number]
  }

  struct Norm: Decodable {
    let p: Double
    let rho: Double?
    let normalize: Bool
    let x: [Double]
    let slopes: [Number]
    let byRho: Number?

    private enum CodingKeys: String, CodingKey {
      case p, rho, normalize, x, slopes
      case byRho = "by_rho"
    }
  }

  let functions: [Function]
  let vectors: [Vector]
  let norms: [Norm]

  static func read() throws -> SlopeReference { try Repository.reference("slopes.json") }
}
