import Conformance
import NNExp
import TestSupport
import Testing

/// The meaning of the notation.
@Suite struct FormulaTextTests {
  /// The value of a formula of x at some points.
  private func values(_ formula: String, _ x: [Double]) throws -> [Double] {
    let bench = try LayerBench<Double>(
      makeLayer("formula", [("y", ConfigValue(.string(formula)))]), inputs: [[x.count]], samples: 1)
    bench.x.values = x
    bench.runForward()
    return bench.y.values
  }

  static let operators: [(formula: String, value: Double)] = [
    ("-x^2", -9.0), ("2^x^2", 512), ("(2^x)^2", 64), ("x - 1 - 1", 1), ("x / 2 / 2", 0.75),
    ("2x + 1", 7), ("2(x + 1)", 8), ("x²·2", 18), ("x⁻¹", 1 / 3.0), ("|x - 5|·|x|", 6),
    ("||x - 5| - 7|", 5), ("√x·√x", 3), ("x < 4", 1), ("x ≥ 4", 0), ("x = 3", 1), ("x != 3", 0),
    ("max(x, 5, 4)", 5), ("min(x, 5)", 3), ("½x", 1.5), ("1e1 * x", 30), ("x·pi/π", 3),
    ("abs(-x)", 3), ("x - -1", 4), ("log(e^x)", 3), ("ln(exp(x))", 3), ("sqrt(x*x)", 3),
    ("{x + [1 − 1]}", 3), ("x − 1", 2), ("x × 2", 6), ("x ⊗ x", 9), ("sigma(x) - σ(x)", 0),
  ]

  @Test(arguments: operators)
  func `operators have their usual precedence`(formula: String, value: Double) throws {
    let found = try values(formula, [3])[0]
    #expect(abs(found - value) <= 4 * value.ulp, "\(formula) is \(found)")
  }

  static let reductions: [(formula: String, value: Double)] = [
    ("sum(x)", 6.0), ("Σᵢ xᵢ", 6), ("Σᵢ xᵢ + 1", 7), ("Σᵢ xᵢ + xᵢ²", 20), ("sum_i x_i·2", 12),
    ("2·Σᵢ xᵢ", 12), ("mean(x)", 2), ("maxᵢ |xᵢ|", 3), ("min_i x_i", 1), ("prod(x)", 6),
    ("∏ᵢ xᵢ", 6), ("Σᵢ (xᵢ − 1)² / 2", 2.5), ("Σᵢ 1·xᵢ - Σⱼ xⱼ", 0), ("max(x) - min(x)", 2),
    ("sum(x)^2", 36), ("(Σᵢ |xᵢ|^3)^(1/3)", 3.3019272488946263),
  ]

  @Test(arguments: reductions)
  func `a reduction extends over the terms with its index`(formula: String, value: Double) throws {
    let found = try values(formula, [1, -2, 3].map(abs))
    #expect(found.count == 1 && abs(found[0] - value) <= 4 * value.ulp, "\(formula) is \(found)")
  }

  /// Time and text that double with every level would take hours.
  @Test(arguments: ["tanh(", "sqrt(1 + ", "1/(2 + ", "tanh(x + "])
  func `a deep formula is explained`(function: String) throws {
    let depth = 30
    let formula =
      String(repeating: function, count: depth) + "x" + String(repeating: ")", count: depth)
    let equations = try makeLayer("formula", [("y", ConfigValue(.string(formula)))])
      .equations(for: [[2]])
    #expect(equations.output.utf8.count < 1000)
  }
}
