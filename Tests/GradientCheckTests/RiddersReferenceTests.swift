import Foundation
import GradientCheck
import NNExp
import TestSupport
import Testing

/// Compares the tableau with 60-digit arithmetic (Tests/References/ridders_mpmath.py).
@Suite struct RiddersReferenceTests {
  struct Case: Decodable {
    struct Entry: Decodable {
      let row: Int
      let column: Int
      let a: Double
      let t: Double
      let r: Double
    }
    let function: String
    let x: Double
    let h: Double
    let derivative: Double
    let tableau: [Entry]
  }

  static let functions: [String: @Sendable (Double) -> Double] = [
    "exp": { exp($0) },
    "sin": { sin($0) },
    "sigmoid": { 1 / (1 + exp(-$0)) },
    "tanh": { tanh($0) },
    "log": { log($0) },
    "lp3": { cbrt(pow(abs($0), 3) + 8) },
    "reciprocal": { 1 / $0 },
  ]

  @Test func theChosenEntryIsOneOfTheExactTableau() throws {
    let cases = try Repository.reference("ridders_mpmath.json", as: [Case].self)
    #expect(cases.count == 9)
    for reference in cases {
      let f = try #require(Self.functions[reference.function])
      let x = reference.x
      #expect(NumericDerivative.firstStep(at: x) == reference.h)
      // A goal of 0 requests the best entry; 1e-3 stops at an early row.
      for goal in [0, 1e-9, 1e-3] {
        let found = NumericDerivative.of(
          at: x, base: f(x), step: reference.h, goal: goal, f)
        let row = (0..<10).first { reference.h / Double(1 << $0) == found.step }
        let matches = reference.tableau.filter { entry in
          entry.row == row
            && abs(found.roundoff - entry.r) <= 1e-9 * entry.r
            && abs(found.value - entry.a) <= entry.r
            && abs(found.truncation - entry.t) <= 3 * entry.r
        }
        #expect(matches.count == 1, "\(reference.function) at \(x), goal \(goal): \(found)")
        #expect(abs(found.value - reference.derivative) <= found.bound)
        #expect(!found.isKinked)
      }
    }
  }
}
