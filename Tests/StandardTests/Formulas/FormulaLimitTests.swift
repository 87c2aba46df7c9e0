import Conformance
import NNExp
import TestSupport
import Testing

/// Formulas at zeros, ties, infinities and NaN.
@Suite struct FormulaLimitTests {
  /// A formula at a point, with its value and slope there.
  static let limits: [(formula: String, x: Double, y: Double, slope: Double)] = [
    ("log(1 + exp(x))", 1000, 1000, 1), ("log(1 + exp(x))", -1000, 0, 0),
    ("1 / (1 + exp(-x))", 1000, 1, 0), ("1 / (1 + exp(-x))", -800, 0, 0),
    ("exp(x) / (1 + exp(x))", 1000, 1, 0), ("tanh(x)", 400, 1, 0),
    ("(exp(x) − exp(−x)) / (exp(x) + exp(−x))", 800, 1, 0),
    ("x·½(1 + erf(x/√2))", 50, 50, 1), ("x·½(1 + erf(x/√2))", -50, 0, 0),
    ("(x > 0)·x + (x ≤ 0)·(exp(x) − 1)", 1000, 1000, 1),
    ("max(x, 0)", 0, 0, 0), ("max(0, x)", 0, 0, 0), ("|x|", 0, 0, 0), ("|x|^1.5", 0, 0, 0),
    ("|x|^0.5", 0, 0, 0), ("x²", 0, 0, 0), ("x³", -2, -8, 12), ("x^5", -2, -32, 80),
    ("√(x²)", -3, 3, -1), ("exp(x) − 1", 1e-20, 1e-20, 1), ("log(1 + x)", 1e-20, 1e-20, 1),
    ("1 − exp(−x²)", 1e-10, 1e-20, 2e-10), ("x^x", 0, 1, -.infinity),
    ("2^x", 3, 8, 5.545177444479562),
    ("sqrt(x)", 4, 2, 0.25), ("x < 1", 0, 1, 0), ("sign(x)·x", -2, 2, -1),
    ("x − floor(x)", -2.25, 0.75, 1), ("floor(x)", 2.5, 2, 0),
  ]

  @Test(arguments: limits)
  func `a formula has its limit`(formula: String, x: Double, y: Double, slope: Double) throws {
    let (value, derivative) = try evaluate(formula, [x])
    #expect(abs(value[0] - y) <= 4 * abs(y).ulp, "\(formula) at \(x) is \(value[0])")
    if formula != "x^x" {
      #expect(
        abs(derivative[0] - slope) <= 8 * max(abs(slope), 1e-300).ulp,
        "the slope of \(formula) at \(x) is \(derivative[0])")
    }
  }

  @Test(arguments: [
    "x + 1", "x·2", "|x|", "exp(x)", "log(x)", "tanh(x)", "σ(x)", "erf(x)", "sin(x)", "x²",
    "√x", "max(x, 0)", "min(0, x)", "log(1 + exp(x))", "x^1.7",
  ])
  func `the value for NaN is NaN`(formula: String) throws {
    #expect(try evaluate(formula, [.nan]).y[0].isNaN)
  }

  @Test func `floor is the largest integer below, with any number`() throws {
    var numbers: [Double] = [
      0, -0.0, .infinity, -.infinity, .nan, 0.5, -0.5, 1, -1, 0x1p-1074, -0x1p-1074, 1e300, -1e300,
    ]
    for k in 0..<54 {
      let x = Double(sign: .plus, exponent: k, significand: 1)
      numbers += [x, x.nextUp, x.nextDown, x - 0.5, x + 0.5].flatMap { [$0, -$0] }
    }
    let y = try evaluate("floor(x)", numbers).y
    for (x, y) in zip(numbers, y) {
      let expected = x.rounded(.down)
      #expect(y.bitPattern == expected.bitPattern || y.isNaN && expected.isNaN, "floor of \(x)")
    }
  }

  @Test func `the first of equal entries has the slope of a maximum`() throws {
    #expect(try evaluate("max(x)", [1, 3, 3, 2]).dx == [0, 1, 0, 0])
    #expect(try evaluate("min(x)", [5, 3, 3]).dx == [0, 1, 0])
  }

  @Test func `products of zeros have their slopes`() throws {
    #expect(try evaluate("prod(x)", [2, 0, 3]).dx == [0, 6, 0])
    #expect(try evaluate("prod(x)", [0, 0, 3]).dx == [0, 0, 0])
  }

  @Test func `a sum of exponentials neither overflows nor vanishes`() throws {
    let (y, dx) = try evaluate("log(Σᵢ exp(xᵢ))", [1000, 1000])
    #expect(abs(y[0] - 1000.6931471805599) < 1e-12 && dx == [0.5, 0.5])
    #expect(try evaluate("log(Σᵢ exp(xᵢ))", [-2000, -2000]).dx == [0.5, 0.5])
    #expect(try evaluate("log(Σᵢ exp(xᵢ))", [-.infinity, -.infinity]).y == [-.infinity])
  }

  private func evaluate(_ formula: String, _ x: [Double]) throws -> (y: [Double], dx: [Double]) {
    let bench = try LayerBench<Double>(
      makeLayer("formula", [("y", ConfigValue(.string(formula)))]), inputs: [[x.count]], samples: 1)
    bench.x.values = x
    bench.dy.fill(1)
    bench.runForward()
    bench.runBackward()
    return (bench.y.values, bench.dx.values)
  }
}
