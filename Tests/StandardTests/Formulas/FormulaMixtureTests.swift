import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// Random formulas that mix numbers of the sample with numbers per entry.
@Suite struct FormulaMixtureTests {
  /// A formula of the input x, of the number a, and of b, which has a number per feature.
  private indirect enum Term {
    case x, a, b
    case add(Term, Term), subtract(Term, Term), multiply(Term, Term)
    case tanh(Term)
    case sum(Term), mean(Term), softmax(Term), norm(Term)

    static func random(_ depth: Int, _ generator: inout SeededGenerator) -> Term {
      func term() -> Term { random(depth - 1, &generator) }
      let kind =
        depth == 0
        ? Int.random(in: 0..<4, using: &generator)
        : Int.random(
          in: 4..<13, using: &generator)
      switch kind {
      case 0, 1: return .x
      case 2: return .a
      case 3: return .b
      case 4, 5: return .add(term(), term())
      case 6: return .subtract(term(), term())
      case 7: return .multiply(term(), term())
      case 8: return .tanh(term())
      case 9: return .sum(term())
      case 10: return .mean(term())
      case 11: return .softmax(term())
      default: return .norm(term())
      }
    }

    var text: String {
      switch self {
      case .x: "x"
      case .a: "a"
      case .b: "b"
      case .add(let u, let v): "(\(u.text) + \(v.text))"
      case .subtract(let u, let v): "(\(u.text) − (\(v.text)))"
      case .multiply(let u, let v): "(\(u.text))·(\(v.text))"
      case .tanh(let u): "tanh(\(u.text))"
      case .sum(let u): "sum(\(u.text))/8"
      case .mean(let u): "mean(\(u.text))"
      case .softmax(let u): "exp(tanh(\(u.text)))/sum(exp(tanh(\(u.text))))"
      case .norm(let u): "sqrt(mean((\(u.text))²) + 1)"
      }
    }

    /// The input and the parameters that occur.
    var names: Set<String> {
      switch self {
      case .x, .a, .b: [text]
      case .add(let u, let v), .subtract(let u, let v), .multiply(let u, let v):
        u.names.union(v.names)
      case .tanh(let u), .sum(let u), .mean(let u), .softmax(let u), .norm(let u): u.names
      }
    }

    /// True if every entry of a sample has its own number.
    var isPerEntry: Bool {
      switch self {
      case .x, .b: true
      case .a, .sum, .mean, .norm: false
      case .add(let u, let v), .subtract(let u, let v), .multiply(let u, let v):
        u.isPerEntry || v.isPerEntry
      case .tanh(let u): u.isPerEntry
      // The quotient by a sum over entries is one for all, if the numerator is.
      case .softmax(let u): u.isPerEntry
      }
    }

    func values(_ x: [Double], _ a: Double, _ b: [Double]) -> [Double] {
      func of(_ u: Term) -> [Double] { u.values(x, a, b) }
      func each(_ numbers: [Double], _ f: (Double) -> Double) -> [Double] { numbers.map(f) }
      func pairs(_ u: Term, _ v: Term, _ f: (Double, Double) -> Double) -> [Double] {
        zip(of(u), of(v)).map(f)
      }
      let n = x.count
      switch self {
      case .x: return x
      case .a: return Array(repeating: a, count: n)
      case .b: return b
      case .add(let u, let v): return pairs(u, v, +)
      case .subtract(let u, let v): return pairs(u, v, -)
      case .multiply(let u, let v): return pairs(u, v, *)
      case .tanh(let u): return each(of(u)) { Foundation.tanh($0) }
      case .sum(let u): return Array(repeating: of(u).reduce(0, +) / 8, count: n)
      case .mean(let u): return Array(repeating: of(u).reduce(0, +) / Double(n), count: n)
      case .softmax(let u):
        let powers = each(of(u)) { Foundation.exp(Foundation.tanh($0)) }
        let sum = powers.reduce(0, +)
        return each(powers) { $0 / sum }
      case .norm(let u):
        let mean = of(u).reduce(0) { $0 + $1 * $1 } / Double(n)
        return Array(repeating: (mean + 1).squareRoot(), count: n)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4]) func `values and derivatives are those of differences`(
    depth: Int
  ) throws {
    var generator = SeededGenerator(seed: UInt64(31 + depth))
    var tried = 0
    while tried < 150 {
      let term = Term.random(depth, &generator)
      // A formula must depend on its input.
      guard term.names.contains("x") else { continue }
      tried += 1
      try check(term, &generator)
    }
  }

  private func check(_ term: Term, _ generator: inout SeededGenerator) throws {
    let count = Int.random(in: 1...9, using: &generator)
    let layer = try makeLayer(
      "formula",
      [
        ("y", ConfigValue(.string(term.text))),
        (
          "parameters",
          .map(
            [
              ("a", .map([("initial", 0.5), ("shape", "scalar")])),
              ("b", .map([("initial", 0.5), ("shape", "features")])),
            ].filter { term.names.contains($0.0) })
        ),
      ])
    let bench = try LayerBench<Double>(layer, inputs: [[count]], samples: 2)
    func number() -> Double { Double.random(in: -1.5...1.5, using: &generator) }
    bench.x.values = (0..<2 * count).map { _ in number() }
    let names = ["a", "b"].filter(term.names.contains)
    for buffer in bench.parameters { buffer.values = buffer.values.map { _ in number() } }
    bench.dy.values = bench.dy.values.map { _ in number() }
    bench.runForward()
    bench.runBackward()

    let width = bench.y.values.count / 2
    let start = (x: bench.x.values, parameters: bench.parameters.map(\.values))
    func outputs(_ x: [Double], _ parameters: [[Double]]) -> [Double] {
      let all = Dictionary(uniqueKeysWithValues: zip(names, parameters))
      return (0..<2).flatMap { sample in
        term.values(
          Array(x[sample * count..<(sample + 1) * count]), all["a"]?[0] ?? 0,
          all["b"] ?? Array(repeating: 0, count: count)
        ).prefix(width)
      }
    }
    #expect(width == (term.isPerEntry ? count : 1), "\(term.text)")
    let dy = bench.dy.values
    func loss(_ x: [Double], _ parameters: [[Double]]) -> Double {
      zip(outputs(x, parameters), dy).reduce(0) { $0 + $1.0 * $1.1 }
    }
    compare(bench.y.values, outputs(start.x, start.parameters), 1e-12, "y of \(term.text)")
    let step = 1e-5
    func slopes(_ count: Int, _ change: (Int, Double) -> Double) -> [Double] {
      (0..<count).map { (change($0, step) - change($0, -step)) / (2 * step) }
    }
    let dx = slopes(start.x.count) { index, by in
      var x = start.x
      x[index] += by
      return loss(x, start.parameters)
    }
    compare(bench.dx.values, dx, 1e-6, "∂x of \(term.text), \(count) entries")
    for k in names.indices {
      let gradient = slopes(start.parameters[k].count) { index, by in
        var parameters = start.parameters
        parameters[k][index] += by
        return loss(start.x, parameters)
      }
      compare(
        bench.gradients[k].values, gradient, 1e-6, "∂\(names[k]) of \(term.text), \(count) entries")
    }
  }

  private func compare(_ found: [Double], _ expected: [Double], _ error: Double, _ what: String) {
    #expect(found.count == expected.count, "\(what)")
    let size = max(1, expected.map(abs).max() ?? 0)
    for (a, b) in zip(found, expected) where !(abs(a - b) <= error * size) {
      Issue.record("\(what): \(found), not \(expected)")
      return
    }
  }
}
