import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// The values that an initializer gives a parameter of this shape.
private func filled(
  _ name: String, _ shape: Shape, _ entries: Rule.Entries = [:], seed: UInt64 = 1
) throws -> [Double] {
  let values = GuardedBuffer(Array(repeating: 99.0, count: shape.count), shape: shape)
  try Rule.initializer(name, entries).fill(
    values.tensor, random: RandomStream(seed: seed, purpose: "initial values"))
  return values.values
}

private func moments(_ x: [Double]) -> (mean: Double, deviation: Double) {
  let mean = x.reduce(0, +) / Double(x.count)
  let square = x.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(x.count)
  return (mean, square.squareRoot())
}

@Test func scaledInitializersHaveTheirBoundsAndMoments() throws {
  // Fans of [200, 300]: 300 in, 200 out.
  let cases: [(name: String, entries: Rule.Entries, deviation: Double, isUniform: Bool)] = [
    ("glorot_uniform", [:], (2 / 500.0).squareRoot(), true),
    ("glorot_uniform", ["gain": 3], 3 * (2 / 500.0).squareRoot(), true),
    ("glorot_normal", [:], (2 / 500.0).squareRoot(), false),
    ("he_uniform", [:], (2 / 300.0).squareRoot(), true),
    ("he_uniform", ["mode": "fan_out"], (2 / 200.0).squareRoot(), true),
    ("he_normal", [:], (2 / 300.0).squareRoot(), false),
    ("he_normal", ["mode": "fan_out", "gain": 1], (1 / 200.0).squareRoot(), false),
    ("uniform", [:], 0.1 / 12.0.squareRoot(), true),
    ("normal", ["standard_deviation": 2], 2, false),
  ]
  for (name, entries, deviation, isUniform) in cases {
    let values = try filled(name, [200, 300], entries)
    let (mean, found) = moments(values)
    #expect(abs(mean) < 5 * deviation / 245, "\(name) \(entries)")
    #expect(abs(found / deviation - 1) < 0.015, "\(name) \(entries)")
    let largest = values.map { abs($0) }.max()! / deviation
    if isUniform {
      #expect(largest <= 3.0.squareRoot() * (1 + 1e-15), "\(name) \(entries)")
      #expect(largest > 1.73, "\(name) \(entries)")
    } else {
      #expect(largest > 3.5, "\(name) \(entries)")
    }
  }
}

@Test func fansOfAConvolutionCountItsWindow() throws {
  // [8, 4, 3, 3]: 36 in, 72 out.
  let uniform = try filled("glorot_uniform", [8, 4, 3, 3])
  let bound = (6 / 108.0).squareRoot()
  #expect(uniform.allSatisfy { abs($0) <= bound })
  #expect(uniform.map { abs($0) }.max()! > 0.95 * bound)
  let he = try filled("he_uniform", [8, 4, 3, 3], ["mode": "fan_out", "gain": 1])
  #expect(he.map { abs($0) }.max()! <= (3 / 72.0).squareRoot())
}

@Test func initializersArePureFunctionsOfTheirStream() throws {
  for name in standardRegistry.initializers.names where name != "values" && name != "constant" {
    let first = try filled(name, [6, 5])
    #expect(try filled(name, [6, 5]) == first, "\(name)")
    if name != "zeros" && name != "ones" {
      #expect(try filled(name, [6, 5], seed: 2) != first, "\(name)")
    }
    #expect(first.allSatisfy { $0 != 99 && $0.isFinite }, "\(name)")
    #expect(try filled(name, [0, 5]) == [], "\(name)")
  }
}

@Test func plainInitializersGiveTheirDeclaredValues() throws {
  #expect(try filled("zeros", [3]) == [0, 0, 0])
  #expect(try filled("ones", [3]) == [1, 1, 1])
  #expect(try filled("constant", [2], ["value": 0.35]) == [0.35, 0.35])
  let uniform = try filled("uniform", [1000], ["minimum": 2, "maximum": 3])
  #expect(uniform.allSatisfy { $0 >= 2 && $0 <= 3 })
  #expect(abs(moments(uniform).mean - 2.5) < 0.05)
  let shifted = try filled("normal", [3], ["mean": 7, "standard_deviation": 0])
  #expect(shifted == [7, 7, 7])
  // The difference of the bounds may overflow.
  let wide = try filled("uniform", [1000], ["minimum": -1.7e308, "maximum": 1.7e308])
  #expect(wide.allSatisfy { $0.isFinite })
  #expect(try filled("uniform", [2], ["minimum": 0.1, "maximum": 0.1]) == [0.1, 0.1])
}

@Test func orthogonalMatricesAreOrthogonal() throws {
  for (rows, columns) in [(1, 1), (5, 5), (40, 7), (7, 40), (1, 9), (9, 1), (60, 60)] {
    try withEvery("seed", in: 0..<3) { seed in
      let q = try filled("orthogonal", [rows, columns], ["gain": 2], seed: UInt64(seed))
      let isWide = rows < columns
      let count = min(rows, columns)
      for a in 0..<count {
        for b in 0..<count {
          var sum = 0.0
          for k in 0..<max(rows, columns) {
            sum +=
              isWide
              ? q[a * columns + k] * q[b * columns + k] : q[k * columns + a] * q[k * columns + b]
          }
          #expect(
            abs(sum - (a == b ? 4 : 0)) < 1e-13, "\(rows)×\(columns), seed \(seed), \(a) \(b)")
        }
      }
    }
  }
}

@Test func orthogonalTensorsAreFlattenedBehindTheirRows() throws {
  #expect(try filled("orthogonal", [4, 2, 3, 3]) == filled("orthogonal", [4, 18]))
}

@Test func orthogonalMatricesAreSpreadEvenly() throws {
  // The first entry of a 2×2 rotation or reflection has mean 0 and mean square ½; both signs of
  // the determinant occur.
  var square = 0.0
  var sum = 0.0
  var reflections = 0
  try withEvery("seed", in: 0..<2000) { seed in
    let q = try filled("orthogonal", [2, 2], seed: UInt64(seed))
    sum += q[0]
    square += q[0] * q[0]
    if q[0] * q[3] - q[1] * q[2] < 0 { reflections += 1 }
  }
  #expect(abs(sum / 2000) < 0.08)
  #expect(abs(square / 2000 - 0.5) < 0.04)
  #expect(abs(reflections - 1000) < 115)
}

@Test func valuesAreUsedAsWritten() throws {
  let nested: ConfigValue = [[0.15, 0.2], [0.25, 0.3], [1, -2]]
  #expect(try filled("values", [3, 2], ["values": nested]) == [0.15, 0.2, 0.25, 0.3, 1, -2])
  let flat: ConfigValue = [1, 2, 3, 4, 5, 6]
  #expect(try filled("values", [3, 2], ["values": flat]) == [1, 2, 3, 4, 5, 6])
  #expect(try filled("values", [6], ["values": flat]) == [1, 2, 3, 4, 5, 6])
  let deep: ConfigValue = [[[[1, 2]], [[3, 4]]]]
  #expect(try filled("values", [1, 2, 1, 2], ["values": deep]) == [1, 2, 3, 4])
}

@Test func valuesThatDoNotFitAreLocated() throws {
  let source = SourceFile(name: "a.yaml", lines: ["values: [[1, 2], [3, 4, 5]]"])
  func list(_ column: Int, _ items: ConfigValue...) -> ConfigValue {
    ConfigValue(.list(items), at: NNExp.SourceLocation(source: source, line: 1, column: column))
  }
  let ragged = list(9, list(10, 1, 2), list(18, 3, 4, 5))
  #expect(
    errorText { try filled("values", [2, 2], ["values": ragged]) } == """
      a.yaml:1:18: error: found a list of 3 in values, but axis 2 of the shape [2, 2] needs 2
          values: [[1, 2], [3, 4, 5]]
                           ^
      """)
  #expect(
    errorText { try filled("values", [3, 2], ["values": ragged]) } == """
      a.yaml:1:9: error: found a list of 2 in values, but axis 1 of the shape [3, 2] needs 3
          values: [[1, 2], [3, 4, 5]]
                  ^
      """)
  #expect(
    errorText { try filled("values", [2], ["values": ragged]) } == """
      a.yaml:1:10: error: values is nested deeper than the shape [2]
          values: [[1, 2], [3, 4, 5]]
                   ^
      """)
  func fact(_ values: ConfigValue, _ shape: Shape) -> String {
    errorText { try filled("values", shape, ["values": values]) }
  }
  #expect(
    fact([1, 2, 3], [2, 2]) == "error: values has 3 numbers, but shape [2, 2] needs 4")
  #expect(fact([1], [2, 2]) == "error: values has 1 number, but shape [2, 2] needs 4")
  #expect(
    fact([[1, 2], 3], [2, 2])
      == "error: values must be lists nested as the shape [2, 2], found the number 3")
}

@Test func initializerOptionsAreChecked() {
  func errors(_ name: String, _ entries: Rule.Entries) -> String {
    errorText { try Rule.initializer(name, entries) }
  }
  #expect(
    errors("values", [:])
      == "error: missing 'values': a list of numbers, nested or flat, is required")
  #expect(
    errors("values", ["values": 3])
      == "error: values must be a list of numbers, found the number 3")
  #expect(
    errors("values", ["values": [[1, "x"], [ConfigValue(.double(.nan))]]]) == """
      error: values must be finite numbers, found the text 'x'
      error: values must be finite numbers, found the number nan
      """)
  #expect(
    errors("constant", [:]) == "error: missing 'value': a number (finite) is required")
  #expect(
    errors("uniform", ["minimum": 1]) == "error: minimum 1 is above maximum 0.05")
  #expect(
    errors("normal", ["standard_deviation": -1])
      == "error: standard_deviation must be a number ≥ 0, found the number -1")
  #expect(
    errors("he_normal", ["mode": "fan-in"]) == """
      error: mode must be one of: fan_in, fan_out, found the text 'fan-in'; did you mean 'fan_in'?
      """)
  #expect(
    errorText { try filled("orthogonal", [3]) }
      == "error: orthogonal needs a matrix, found a parameter of shape [3]")
}
