import Foundation
import NNExp
import TestSupport
import Testing

@testable import GradientCheck

@Suite struct NumericDerivativeTests {
  private func derivative(
    at x: Double, isCareful: Bool = false, _ f: (Double) -> Double
  ) -> NumericDerivative {
    NumericDerivative.of(
      at: x, base: f(x), step: NumericDerivative.firstStep(at: x), goal: 1e-9,
      isCareful: isCareful, f)
  }

  private func verdict(
    of a: Double, _ numeric: NumericDerivative, scale: Double = 0
  ) -> Verdict {
    Verdict.judge(a, against: numeric, scale: scale, tolerance: 1e-6).0
  }

  @Test func theBoundHoldsOnThousandsOfSmoothFunctions() {
    let count = 4000
    var signsCaught = 0
    var percentsCaught = 0
    var evaluations = 0
    var widths: [Double] = []
    withEvery("seed", in: 0..<count) { seed in
      let model = SigmoidLp(seed: seed)
      let exact = model.derivative
      let found = derivative(at: model.value, model.loss)
      #expect(abs(found.value - exact) <= found.bound, "seed \(seed): \(exact), \(found)")
      #expect(!found.isKinked, "seed \(seed)")
      #expect(verdict(of: exact, found) != .fail, "seed \(seed)")
      // A wrong derivative can be too small to detect, but it never passes.
      for (wrong, isCaught) in [
        (-exact, { signsCaught += 1 }), (1.01 * exact, { percentsCaught += 1 }),
      ] {
        let verdict = verdict(of: wrong, found)
        #expect(verdict == .fail || verdict == .inconclusive, "seed \(seed): \(verdict)")
        if verdict == .fail { isCaught() }
      }
      evaluations += found.evaluations
      widths.append(found.bound / abs(exact))
    }
    widths.sort()
    #expect(signsCaught * 100 >= count * 97, "\(signsCaught) of \(count)")
    #expect(percentsCaught * 100 >= count * 96, "\(percentsCaught) of \(count)")
    #expect(widths[count / 2] < 1e-9, "median bound \(widths[count / 2])")
    #expect(evaluations < 9 * count, "\(Double(evaluations) / Double(count)) an entry")
  }

  @Test func theBoundHoldsForPolynomialsOfEveryScale() {
    withEvery("seed", in: 0..<2000) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "polynomials")
      let scale = pow(10, 12 * random.uniform(at: 0) - 6)
      let c = (1...6).map { scale * random.normal(at: $0) }
      let x = pow(10, 4 * random.uniform(at: 7) - 2) * (seed % 2 == 0 ? 1 : -1)
      let found = derivative(at: x) { x in c.reduce(0) { $0 * x + $1 } }
      // The summation of the exact derivative has a rounding error too: a few units in the
      // last place of its terms.
      var exact = 0.0
      var size = 0.0
      for (i, a) in c.dropLast().enumerated() {
        let term = Double(5 - i) * a * pow(x, Double(4 - i))
        exact += term
        size += abs(term)
      }
      #expect(
        abs(found.value - exact) <= found.bound + 4e-16 * size, "seed \(seed): \(exact), \(found)")
    }
  }

  /// A loss near 0 is far less exact than its magnitude suggests. Without a measurement of
  /// its noise, half of these checks fail.
  @Test func trainedNetworksRaiseNoFalseAlarm() {
    var suspected = 0
    var proven = 0
    var flat = 0
    let count = 3000
    withEvery("seed", in: 0..<count) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "residual")
      let residual = pow(10, -2 - 8 * random.uniform(at: 0))
      let model = SigmoidLp(seed: seed, residual: residual)
      let exact = model.derivative
      var found = derivative(at: model.value, model.loss)
      if verdict(of: exact, found) == .fail {
        suspected += 1
        found = derivative(at: model.value, isCareful: true, model.loss)
      }
      // Saturated units without an effect are left to the checker.
      if found.value == 0 {
        flat += 1
      } else {
        #expect(
          verdict(of: exact, found) != .fail, "seed \(seed), residual \(residual): \(found)")
      }
      if verdict(of: exact, found) == .pass { proven += 1 }
    }
    #expect(suspected < count / 10, "\(suspected)")
    #expect(proven > count / 2, "\(proven)")
    #expect(flat < count / 100, "\(flat)")
  }

  @Test func kinksAtThePointAreDetected() {
    typealias Kink = (name: String, slopes: ClosedRange<Double>, f: (Double) -> Double)
    let kinks: [Kink] = [
      ("|x|", -1...1, { abs($0) }),
      ("relu", 0...1, { max(0, $0) }),
      ("leaky", 0.01...1, { $0 < 0 ? 0.01 * $0 : $0 }),
      ("max(x, 3x)", 1...3, { max($0, 3 * $0) }),
      ("bent", -0.5...0.5, { 0.5 * abs($0) + 20 * $0 * $0 + 1 }),
    ]
    for (name, slopes, f) in kinks {
      let found = derivative(at: 0, f)
      #expect(found.isKinked, "\(name): \(found)")
      #expect(abs(found.slopeLeft - slopes.lowerBound) < 1e-6, "\(name): \(found)")
      #expect(abs(found.slopeRight - slopes.upperBound) < 1e-6, "\(name): \(found)")
      let width = slopes.upperBound - slopes.lowerBound
      for part in [0, 0.3, 0.5, 1] {
        #expect(verdict(of: slopes.lowerBound + part * width, found) == .kink, "\(name)")
      }
      for outside in [slopes.lowerBound - 0.01, slopes.upperBound + 0.01] {
        #expect(verdict(of: outside, found) == .fail, "\(name), \(outside)")
      }
    }
  }

  @Test func aPowerOfOneAndAHalfIsAKinkOfSlopeZero() {
    let found = derivative(at: 0) { pow(abs($0), 1.5) }
    #expect(found.isKinked)
    #expect(verdict(of: 0, found) == .kink)
    #expect(verdict(of: 0.5, found) == .fail)
  }

  /// There is a kink within h₀, but not at x; the steps shrink until they avoid it.
  @Test func kinksBesideThePointAreAvoided() {
    for exponent in stride(from: -1.5, through: -6, by: -0.25) {
      for (side, slope) in [(1.0, 0.25), (-1.0, 1.25)] {
        let distance = side * pow(10, exponent)
        let found = derivative(at: 0) { 0.25 * $0 + max(0, $0 - distance) }
        #expect(!found.isKinked, "distance \(distance): \(found)")
        #expect(verdict(of: slope, found) == .pass, "distance \(distance): \(found)")
        #expect(verdict(of: 1.01 * slope, found) == .fail, "distance \(distance)")
      }
    }
  }

  /// Many consecutive ReLUs, none of them at x.
  @Test func theBoundHoldsForPiecewiseLinearSums() {
    withEvery("seed", in: 0..<500) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "piecewise")
      let hinges = (0..<20).map { (random.normal(at: 2 * $0), random.normal(at: 2 * $0 + 1)) }
      let x = random.normal(at: 99)
      let found = derivative(at: x) { x in
        hinges.reduce(0.0) { $0 + $1.1 * max(0, x - $1.0) }
      }
      let exact = hinges.reduce(0.0) { $0 + (x > $1.0 ? $1.1 : 0) }
      #expect(abs(found.value - exact) <= found.bound, "seed \(seed): \(exact), \(found)")
      #expect(!found.isKinked, "seed \(seed)")
      #expect(verdict(of: exact, found) != .fail, "seed \(seed)")
    }
  }

  @Test func sharpButSmoothFunctionsHaveNoKink() {
    for steepness in [1.0, 30, 1e3, 1e5] {
      for x in [0, 0.1 / steepness, 1 / steepness] {
        let found = derivative(at: x) { tanh(steepness * $0) }
        let c = cosh(steepness * x)
        let exact = steepness / (c * c)
        #expect(!found.isKinked, "\(steepness), \(x)")
        #expect(verdict(of: exact, found) == .pass, "\(steepness), \(x): \(found)")
      }
    }
  }

  @Test func saturationProvesNothing() {
    let flat = derivative(at: 50) { tanh($0) }
    #expect(flat.value == 0)
    #expect(verdict(of: 0, flat) == .inconclusive)
    // In a tensor that is not flat, a zero is a proof.
    #expect(verdict(of: 0, flat, scale: 1) == .zero)
    #expect(verdict(of: 1e-6, flat, scale: 1) == .fail)
  }

  @Test func aLossThatIsZeroEverywhereProvesNothing() {
    let nothing = derivative(at: 1) { _ in 0 }
    #expect(nothing.bound > 0)
    #expect(verdict(of: 0, nothing) == .inconclusive)
    #expect(verdict(of: 1, nothing) == .fail)
  }

  @Test func tinyGradientsAreHeldToTheSameStandard() {
    // The default tolerances of torch.gradcheck accept the wrong derivative.
    let found = derivative(at: 0.5) { 1e-6 * sin($0) }
    #expect(verdict(of: 1e-6 * cos(0.5), found) == .pass)
    #expect(verdict(of: 2e-6 * cos(0.5), found) == .fail)
  }

  @Test func aLossThatIsNotFiniteNearbyProvesNothing() {
    #expect(verdict(of: 1, derivative(at: 1) { _ in .nan }) == .inconclusive)
    #expect(verdict(of: 1, derivative(at: 1) { $0 * .infinity }) == .inconclusive)
    #expect(verdict(of: 1, derivative(at: .infinity) { $0 }) == .inconclusive)
    // The function is finite only at x.
    #expect(verdict(of: 1, derivative(at: 1) { $0 == 1 ? 0 : .nan }) == .inconclusive)
    // The analytic gradient is NaN.
    #expect(verdict(of: .nan, derivative(at: 1) { $0 }) == .nonfinite)
    #expect(verdict(of: .infinity, derivative(at: 1) { $0 }) == .nonfinite)
  }

  /// At the edge of its domain, a function has a slope on one side only.
  @Test func aDomainThatEndsAtThePointGivesAOneSidedSlope() {
    let right = derivative(at: 0) { $0 < 0 ? .nan : exp(2 * $0) }
    #expect(verdict(of: 2, right) == .pass, "\(right)")
    #expect(verdict(of: 2.001, right) == .fail)
    let left = derivative(at: 1) { $0 > 1 ? .infinity : sin($0) }
    #expect(verdict(of: cos(1), left) == .pass, "\(left)")
    #expect(verdict(of: -cos(1), left) == .fail)
    #expect(verdict(of: 1, derivative(at: 0) { $0.squareRoot() }) == .inconclusive)
  }

  /// The first step around 0.001 leaves the domain of log(x); smaller steps stay within it.
  @Test func aDomainThatEndsWithinTheFirstStepIsRespected() {
    for x in [1e-3, 1e-4, 1e-5, 1e-12, 1e-30] {
      let found = derivative(at: x) { log($0) }
      #expect(verdict(of: 1 / x, found) == .pass, "\(x): \(found)")
      #expect(verdict(of: 1.01 / x, found) == .fail, "\(x)")
    }
  }

  @Test func evaluationsAreLimited() {
    var random = SeededGenerator(seed: testSeed)
    for f in [
      { (_: Double) in Double.random(in: 0...1, using: &random) }, { $0 < 0 ? 0 : 1 },
      { sin(1e9 * $0) }, { $0 == 0 ? 0 : sin(1 / $0) }, { abs($0).squareRoot() },
    ] {
      var count = 0
      let found = derivative(at: 0) {
        count += 1
        return f($0)
      }
      #expect(found.evaluations == count - 1)  // But for f(x), which the caller has.
      #expect(found.evaluations <= 148)
    }
  }
}
