import Conformance
import TestSupport
import Testing

@testable import NNExp
@testable import Standard

/// Formulas that combine the numbers of long samples, which are computed in place.
@Suite struct SampleStripTests {
  /// Each with its parameters: b is one number, w has one per feature.
  static let formulas: [(text: String, parameters: String)] = [
    ("exp(xᵢ) / Σⱼ exp(xⱼ)", ""), ("log(exp(xᵢ) / Σⱼ exp(xⱼ))", ""),
    ("x / sqrt(mean(x²) + 1e-5)", ""), ("x − mean(x)", ""), ("sum(x²)", ""),
    ("mean(x)·x²", ""), ("(Σᵢ |xᵢ|^3)^(1/3)", ""), ("sum(x)·sum(x²)", ""),
    ("sum(2 + x)·sum(3)", ""),
    ("x / max(|x|)", ""), ("max(x)", ""), ("b·x / sum(|x|)", "b"), ("w·x + mean(w·x²)", "w"),
    ("sum(w·tanh(x))", "w"), ("mean(|x|^b)^(1/b)", "b"), ("log(Σ exp(b·x))", "b"),
    ("b·mean(x)", "b"), ("prod(1 + w/1000)·x", "w"), ("b·w·x − min(w·x)", "bw"),
  ]

  /// Lengths of one and of several rows, with and without a part of a vector, and a prime number.
  private static let lengths = [64, 65, 100, 513, 784, 1009]

  /// The numbers are those of the expression and of its gradient, node by node.
  @Test(arguments: formulas)
  func longSamplesHaveTheValuesOfTheExpression(text: String, names: String) throws {
    let parameters = names.map {
      Formula.Parameter(
        name: String($0), initial: 1.5, extent: $0 == "b" ? .scalar : .features, range: nil)
    }
    let layer = try FormulaLayer(text, parameters: parameters)
    var steps = try #require(FormulaSteps(layer.formula, letters: ["x"]))
    let gradients = steps.gradients()
    try withEvery("length", in: SampleStripTests.lengths) { length in
      let random = RandomStream(seed: 5, purpose: text).stream(length)
      let samples = 2
      let bench = try LayerBench<Double>(layer, inputs: [[length]], samples: samples)
      bench.x.values = (0..<samples * length).map { random.normal(at: $0) }
      bench.dy.values = bench.dy.values.indices.map { random.normal(at: 100_000 + $0) }
      for k in parameters.indices {
        bench.parameters[k].values = bench.parameters[k].values.indices.map {
          1.25 + 0.25 * random.uniform(at: 200_000 + 1_000 * k + $0)
        }
      }
      bench.runForward()
      bench.runBackward()
      let outputs = bench.y.values.count / samples
      var expected = parameters.indices.map { bench.parameters[$0].values.map { _ in 0.0 } }
      for sample in 0..<samples {
        let part = sample * length..<(sample + 1) * length
        let dy = Array(bench.dy.values[sample * outputs..<(sample + 1) * outputs])
        let numbers = steps.numbers(
          inputs: [Array(bench.x.values[part])], parameters: bench.parameters.map(\.values),
          cotangent: dy)
        let y = Array(numbers[steps.value].prefix(outputs))
        compare(Array(bench.y.values[sample * outputs..<(sample + 1) * outputs]), y, "y, \(length)")
        let dx = gradients.inputs[0].map { numbers[$0] } ?? Array(repeating: 0, count: length)
        compare(Array(bench.dx.values[part]), dx, "∂x, \(length)")
        for k in parameters.indices {
          guard let gradient = gradients.parameters[k].map({ numbers[$0] }) else { continue }
          for i in expected[k].indices { expected[k][i] += gradient[i] }
        }
      }
      for k in parameters.indices {
        compare(bench.gradients[k].values, expected[k], "∂\(parameters[k].name), \(length)")
      }
    }
  }

  private func compare(_ found: [Double], _ expected: [Double], _ what: String) {
    #expect(found.count == expected.count, "\(what)")
    let size = expected.map(abs).max() ?? 0
    for (i, (a, b)) in zip(found, expected).enumerated()
    where !(abs(a - b) <= 1e-11 * max(size, 1e-3)) {
      Issue.record("\(what) [\(i)]: \(a), expected \(b)")
      return
    }
  }

  /// The same bits with every instruction set, and if the batch is divided.
  @Test(arguments: formulas.filter(\.parameters.isEmpty).map(\.text))
  func theBitsDependOnTheSampleOnly(text: String) throws {
    func results<S: Scalar>(_ samples: Range<Int>, _ type: S.Type) throws -> [S] {
      let bench = try LayerBench<S>(FormulaLayer(text), inputs: [[784]], samples: samples.count)
      let random = RandomStream(seed: 8, purpose: text)
      bench.x.values = (samples.lowerBound * 784..<samples.upperBound * 784).map {
        S(random.normal(at: $0))
      }
      bench.dy.fill(1)
      bench.runForward()
      bench.runBackward()
      return bench.y.values + bench.dx.values
    }
    func compare<S: Scalar>(_ type: S.Type) throws {
      let whole = try results(0..<5, type)
      let outputs = whole.count - 5 * 784
      for isa in InstructionSet.allCases where isa.isSupported {
        #expect(try isa.perform { try results(0..<5, type) } == whole, "\(isa)")
      }
      let part = try results(2..<4, type)
      #expect(
        Array(part[0..<2 * outputs / 5]) == Array(whole[2 * outputs / 5..<4 * outputs / 5]))
      #expect(part.suffix(2 * 784) == whole[outputs + 2 * 784..<outputs + 4 * 784])
    }
    try compare(Float.self)
    try compare(Double.self)
  }
}
