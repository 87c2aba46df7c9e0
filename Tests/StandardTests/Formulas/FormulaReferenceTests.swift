import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// Random formulas against References/formulas.tsv: values and derivatives of SymPy.
@Suite struct FormulaReferenceTests {
  /// A line of the file.
  struct Case {
    let formula: String
    let point: [Double]
    /// The value, ∂/∂x and ∂/∂w.
    let results: [Double]
    /// The relative error of float64 arithmetic.
    let error: Double
  }

  static func cases() throws -> [Case] {
    let text = try String(contentsOf: Repository.test("References/formulas.tsv"), encoding: .utf8)
    return text.split(separator: "\n").map { line in
      let fields = line.split(separator: "\t").map(String.init)
      let numbers = fields.dropFirst().map { Double($0) ?? .nan }
      return Case(
        formula: fields[0], point: Array(numbers[0..<2]), results: Array(numbers[2..<5]),
        error: numbers[5])
    }
  }

  @Test func `values and derivatives agree with SymPy`() throws {
    var count = 0
    for reference in try FormulaReferenceTests.cases() {
      let layer = try makeLayer(
        "formula",
        [
          ("y", ConfigValue(.string(reference.formula))),
          ("inputs", .map([("x", "a"), ("w", "b")])),
        ])
      let found = try results(of: layer, at: reference.point, as: Double.self)
      for (value, expected) in zip(found, reference.results) {
        let bound = (1e-13 + 20 * reference.error) * abs(expected)
        if !(abs(value - expected) <= bound) {
          Issue.record("\(reference.formula) at \(reference.point): \(value), not \(expected)")
        }
      }
      count += 1
    }
    #expect(count >= 10_000)
  }

  private func results<S: Scalar>(
    of layer: any Layer, at point: [Double], as type: S.Type
  ) throws -> [S] {
    let bench = try LayerBench<S>(layer, inputs: [[1], [1]], samples: 1)
    for (input, value) in zip(bench.inputs, point) { input.values = [S(value)] }
    bench.dy.fill(1)
    bench.runForward()
    bench.runBackward()
    return [bench.y.values[0], bench.dInputs[0].values[0], bench.dInputs[1].values[0]]
  }
}
