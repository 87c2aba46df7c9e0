import Foundation
import NNExp
import TestSupport
import Testing

@testable import Sweeps

@Suite struct SamplingTests {
  @Test func sobolPointsAreThoseOfSciPy() throws {
    let points = try SciPy.read().sobol
    for (index, point) in points.enumerated() {
      #expect(point.indices.map { sobolPoint(index, $0) } == point, "point \(index)")
    }
  }

  @Test func haltonPointsAreThoseOfSciPy() throws {
    let points = try SciPy.read().halton
    for (index, point) in points.enumerated() {
      for (dimension, expected) in point.enumerated() {
        let unshifted = SamplingMethod.halton.coordinate(
          index, dimension, RandomStream(seed: 0, purpose: "test"))
        let origin = SamplingMethod.halton.coordinate(
          0, dimension, RandomStream(seed: 0, purpose: "test"))
        // The seed shifts all points of a dimension by the same amount, modulo 1.
        let distance = (unshifted - origin - expected).magnitude
        #expect(min(distance, abs(1 - distance)) < 1e-15, "point \(index), \(dimension)")
      }
    }
  }

  /// The shift by the seed preserves the sequence's property: every coordinate of 2^k points is
  /// once in each of 2^k equal cells.
  @Test func shiftedSobolIsStratified() {
    withEvery("seed", in: [0, 1, 12345] as [UInt64]) { seed in
      let random = RandomStream(seed: seed, purpose: "sweep")
      for dimension in 0..<13 {
        let cells = (0..<256).map {
          Int(SamplingMethod.sobol.coordinate($0, dimension, random) * 256)
        }
        #expect(Set(cells).count == 256, "seed \(seed), dimension \(dimension)")
      }
    }
  }

  /// For all methods: points are in [0, 1), depend on the seed, and differ between dimensions.
  @Test(arguments: SamplingMethod.allCases)
  func coordinatesAreUniformAndFollowTheSeed(method: SamplingMethod) {
    let points = [3, 4].map { (seed: UInt64) in
      let random = RandomStream(seed: seed, purpose: "sweep")
      return (0..<2).map { dimension in
        (0..<1000).map { method.coordinate($0, dimension, random) }
      }
    }
    #expect(points.joined().joined().allSatisfy { (0..<1).contains($0) })
    #expect(points[0][0] != points[1][0])
    #expect(points[0][0] != points[0][1])
    for coordinates in points.joined() {
      let mean = coordinates.reduce(0, +) / 1000
      #expect(abs(mean - 0.5) < 0.04, "\(mean)")
    }
  }

  // MARK: Distributions

  private func distribution(_ kind: String, _ values: ConfigValue) throws -> Distribution {
    try Distribution(.map([(kind, values)]), of: "train.x")
  }

  /// The ends of [0, 1), and numbers between them.
  private let positions = [0, 0.1, 0.25, 0.5, 0.75, 1 - 0x1p-53]

  @Test func uniformValuesStayInTheirRange() throws {
    let uniform = try distribution("uniform", [-2, 6])
    let values = positions.map { Double(uniform.value(at: $0))! }
    #expect(values[0] == -2 && values[3] == 2 && values[5] <= 6)
    // The width may overflow.
    let wide = try distribution("uniform", [-1e308, 1e308])
    #expect(positions.allSatisfy { abs(Double(wide.value(at: $0))!) <= 1e308 })
  }

  /// Equal parts of [0, 1) give equal ratios, and rounding never leaves the range.
  @Test func logUniformValuesStayInTheirRange() throws {
    let rates = try distribution("log_uniform", [1e-4, 1])
    for (position, expected) in [(0, 1e-4), (0.25, 1e-3), (0.5, 1e-2), (0.75, 0.1)] {
      let value = Double(rates.value(at: position))!
      #expect(abs(value - expected) < 1e-12 * expected)
    }
    for (low, high) in [
      (1e-4, 1), (0.1, 0.3), (Double.leastNonzeroMagnitude, 1.7e308), (3, 3.0000001),
    ] {
      let distribution = try distribution(
        "log_uniform", [.init(.double(low)), .init(.double(high))])
      withEvery("seed", in: 0..<200) { seed in
        let position = RandomStream(seed: UInt64(seed), purpose: "test").uniform(at: 0)
        for position in positions + [position] {
          let value = Double(distribution.value(at: position))!
          #expect(value >= low && value <= high, "\(low) to \(high) at \(position): \(value)")
        }
      }
    }
  }

  /// Both ends occur, as often as any other value.
  @Test func integersReachBothEndsEquallyOften() throws {
    let die = try distribution("integer", [1, 6])
    let rolls = (0..<6000).map { die.value(at: (Double($0) + 0.5) / 6000) }
    for face in 1...6 { #expect(rolls.count { $0 == "\(face)" } == 1000, "\(face)") }
    let wide = try distribution("integer", [-9_007_199_254_740_991, 9_007_199_254_740_991])
    #expect(wide.value(at: 0) == "-9007199254740991")
    #expect(wide.value(at: 1 - 0x1p-53) == "9007199254740991")
  }

  @Test func everyChoiceHasAnEqualShare() throws {
    let choice = try distribution("choice", ["sum", 2, [1, 2], true])
    #expect(positions.map(choice.value(at:)) == ["sum", "sum", "2", "[1, 2]", "true", "true"])
  }

  private static let errors: [(ConfigValue, String)] = [
    (.map([("uniform", [1])]), "uniform must be [low, high], two finite numbers, low < high"),
    (
      .map([("uniform", [2, 1])]),
      "uniform must be [low, high], two finite numbers, low < high"
    ),
    (
      .map([("log_uniform", [0, 1])]),
      "log_uniform must be [low, high], two numbers > 0, low < high"
    ),
    (
      .map([("integer", [0.5, 2])]),
      "integer must be [low, high], two integers below 2^53, low < high"
    ),
    (
      .map([("integer", [0, 9_223_372_036_854_775_807])]),
      "integer must be [low, high], two integers below 2^53, low < high"
    ),
    (.map([("choice", [])]), "choice has no values; give it at least one"),
    (.map([("choice", 1)]), "choice must be a list, found the number 1"),
    (.map([("unifrom", [0, 1])]), "unknown distribution 'unifrom'; did you mean 'uniform'?"),
    (
      0.5,
      "'train.x' must be one of {uniform: [a, b]}, {log_uniform: [a, b]}, {integer: [a, b]} and "
        + "{choice: […]}, found the number 0.5"
    ),
  ]

  @Test(arguments: errors)
  func wrongDistributionsAreReported(_ node: ConfigValue, _ message: String) {
    #expect {
      try Distribution(node, of: "train.x")
    } throws: { error in
      (error as? Diagnostic)?.message == message
    }
  }
}
