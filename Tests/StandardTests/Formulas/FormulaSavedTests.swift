import Conformance
import NNExp
import TestSupport
import Testing

@testable import Standard

/// The values that the forward pass of a formula saves for its backward pass.
@Suite struct FormulaSavedTests {
  /// A formula, and the values that forward saves per entry.
  static let formulas: [(text: String, saved: Int)] = [
    // σ(x) and tanh(x) are y itself.
    ("1 / (1 + exp(−x))", 0), ("tanh(x)", 0), ("exp(x)", 0), ("max(x, 0)", 0), ("3x² + x", 0),
    ("x·σ(x)", 1), ("x·erf(x)", 1), ("sin(x)·tanh(x)", 2), ("exp(x)·log(2 + x²)", 2),
    ("exp(σ(x)·x)", 1),
  ]

  @Test(arguments: formulas)
  func `only what takes longer to compute than to load is saved`(text: String, saved: Int) throws {
    let plan = try makeLayer("formula", [("y", ConfigValue(.string(text)))]).plan(for: [[7]])
    #expect(plan.scratch[1].isPerSample)
    #expect(plan.scratch[1].count == 7 * saved, "\(text)")
  }

  @Test func `a window's numbers are saved once per window or entry`() throws {
    let plan = try makeLayer(
      "formula", [("y", "(Σᵢ |xᵢ|^p)^(1/p)"), ("window", 2), ("constants", .map([("p", 3)]))]
    ).plan(for: [[8]])
    // The root of the sum, and the ratio of each of two entries to the largest.
    #expect(plan.scratch[1].count == 4 + 4 * 2)
  }

  @Test(arguments: formulas.map(\.text))
  func `backward has the bits of computing everything again`(text: String) throws {
    try compare(text, as: Double.self)
    try compare(text, as: Float.self)
  }

  private func compare<S: KernelScalar>(_ text: String, as type: S.Type) throws {
    var generator = SeededGenerator(seed: 3)
    let count = 600
    var x = (0..<count).map { _ in S(Double.random(in: -2...2, using: &generator)) }
    let bench = try LayerBench<S>(
      makeLayer("formula", [("y", ConfigValue(.string(text)))]), inputs: [[5]],
      samples: count / 5)
    bench.x.values = x
    bench.dy.fill(1.25)
    bench.runForward()
    bench.runBackward()

    let formula = try Formula(text, inputs: ["x"])
    let room = formula.room(entries: 1, width: formula.width(entries: 1), expanded: 0)
    var (memory, dy, dx) = (
      [S](repeating: 0, count: room), [S](repeating: 1.25, count: count),
      [S](repeating: 0, count: count)
    )
    withUnsafeMutablePointers(&memory, &x, &dy, &dx) { memory, x, dy, dx in
      StripRun<S>.with(formula.backward(S.self), entries: 1, memory: memory) { run in
        run.set(.input(0), to: x)
        run.set(.cotangent, to: dy)
        run.set(.inputGradient(0), to: dx)
        run.begin()
        for first in stride(from: 0, to: count, by: run.width) {
          run.runStrip(from: first, columns: min(run.width, count - first))
        }
      }
    }
    #expect(bench.dx.values.map { Double($0).bitPattern } == dx.map { Double($0).bitPattern })
  }

  private func withUnsafeMutablePointers<S>(
    _ a: inout [S], _ b: inout [S], _ c: inout [S], _ d: inout [S],
    _ body: (
      UnsafeMutablePointer<S>, UnsafeMutablePointer<S>, UnsafeMutablePointer<S>,
      UnsafeMutablePointer<S>
    ) -> Void
  ) {
    a.withUnsafeMutableBufferPointer { a in
      b.withUnsafeMutableBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          d.withUnsafeMutableBufferPointer { d in
            body(a.baseAddress!, b.baseAddress!, c.baseAddress!, d.baseAddress!)
          }
        }
      }
    }
  }
}
