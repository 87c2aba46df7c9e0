import Conformance
@testable import NNExp
@testable import Standard
import TestSupport
import Testing

/// Formulas of the shipped layers against the layers.
@Suite struct FormulaLayerTests {
  /// A layer, its formula, and the largest difference in units in the last place.
  struct Pair: CustomStringConvertible {
    let type: String
    let options: [(String, ConfigValue)]
    let formula: String
    var more: [(String, ConfigValue)] = []
    var ulp = 4.0
    /// The difference grows with the rounding error of the argument of an exponential.
    var ulpPerSquare = 0.0
    /// The numbers that smaller ones are compared with: terms of this size cancel.
    var least = 0.0
    /// True if float32 is compared with the layer in float64, because the layer loses digits.
    var isMoreExact = false

    var description: String { "\(type): \(formula)" }
  }

  static let activations: [Pair] = [
    .init(type: "sigmoid", options: [], formula: "1 / (1 + exp(−x))"),
    .init(type: "sigmoid", options: [], formula: "exp(x) / (1 + exp(x))"),
    .init(type: "tanh", options: [], formula: "(exp(x) − exp(−x)) / (exp(x) + exp(−x))"),
    .init(type: "tanh", options: [], formula: "tanh(x)"),
    .init(type: "relu", options: [], formula: "max(x, 0)"),
    .init(type: "relu", options: [], formula: "(x > 0)·x"),
    .init(
      type: "leaky_relu", options: [("slope", 0.1)], formula: "max(x, 0) + a·min(x, 0)",
      more: [("constants", .map([("a", 0.1)]))]),
    .init(type: "elu", options: [("alpha", 1.5)], formula: "(x > 0)·x + (x ≤ 0)·1.5·(exp(x) − 1)"),
    .init(type: "softplus", options: [], formula: "log(1 + exp(x))"),
    .init(
      type: "softplus", options: [("beta", 3)], formula: "ln(1 + e^(β·x)) / β",
      more: [("constants", .map([("beta", 3)]))], ulpPerSquare: 2),
    .init(
      type: "gelu", options: [], formula: "½x·(1 + erf(x/√2))", ulpPerSquare: 3,
      least: 0.5, isMoreExact: true),
    .init(
      type: "gelu", options: [("approximation", "tanh")],
      formula: "½x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))", ulpPerSquare: 6,
      least: 0.5, isMoreExact: true),
  ]

  @Test(arguments: activations) func `an activation agrees`(pair: Pair) throws {
    var generator = SeededGenerator(seed: 7)
    var x = (0..<400).map { _ in Double.random(in: -6...6, using: &generator) }
    x += [1, -1, 9, -9, 1e-9, -1e-9, 0.5]
    try compare(pair, [[x.count]], x, as: Double.self)
    try compare(pair, [[x.count]], x, as: Float.self)
  }

  static let norms: [Pair] =
    [1, 1.5, 2, 3, 7.3].flatMap { p -> [Pair] in
      let constants: (String, ConfigValue) = ("constants", .map([("p", ConfigValue(.double(p)))]))
      return [
        .init(
          type: "lp_pooling", options: [("window", 2), ("p", ConfigValue(.double(p)))],
          formula: "(Σᵢ |xᵢ|^p)^(1/p)", more: [("window", 2), constants],
          // In float32, 7.3 itself is rounded.
          ulp: p == 7.3 ? 24 : 12, isMoreExact: true),
        .init(
          type: "lp_pooling",
          options: [
            ("window", 3), ("stride", 2), ("padding", 1), ("p", ConfigValue(.double(p))),
            ("normalize", true),
          ], formula: "mean(|x|^p)^(1/p)",
          more: [("window", 3), ("stride", 2), ("padding", 1), constants],
          ulp: p == 7.3 ? 24 : 12, isMoreExact: true),
      ]
    } + [
      .init(
        type: "lp_pooling", options: [("window", 2), ("p", ConfigValue(.double(.infinity)))],
        formula: "maxᵢ |xᵢ|", more: [("window", 2)]),
      .init(
        type: "max_pooling", options: [("window", 3), ("stride", 1), ("padding", 1)],
        formula: "max(x)", more: [("window", 3), ("stride", 1), ("padding", 1)]),
      .init(
        type: "average_pooling", options: [("window", 2)], formula: "mean(x)",
        more: [("window", 2)], least: 1),
    ]

  @Test(arguments: norms) func `pooling agrees`(pair: Pair) throws {
    var generator = SeededGenerator(seed: 3)
    let x = (0..<3 * 2 * 7 * 6).map { _ in Double.random(in: -2...2, using: &generator) }
    try compare(pair, [[2, 7, 6]], x, as: Double.self)
    try compare(pair, [[2, 7, 6]], x, as: Float.self)
  }

  /// Windows of every kind: pairs, overlapping, with gaps, beyond the edges, over features.
  static let geometries: [(input: Port, options: [(String, ConfigValue)])] = [
    ([64], [("window", 2)]),
    ([64], [("window", 3), ("stride", 2), ("padding", 1)]),
    ([2, 6, 40], [("window", 2)]),
    ([2, 6, 41], [("window", 3), ("stride", 1), ("padding", 1)]),
    ([2, 9, 30], [("window", [2, 3]), ("stride", [1, 2])]),
    ([1, 9, 31], [("window", 3), ("stride", 3), ("dilation", [1, 2]), ("ceil_mode", true)]),
    ([2, 7, 25], [("window", 2), ("stride", 1), ("dilation", 2), ("padding", 1)]),
    ([3, 5, 5], [("global", true)]),
    ([40, 2, 2], [("window", 2)]),
  ]

  @Test(arguments: geometries.indices) func `windows agree`(index: Int) throws {
    let (input, options) = FormulaLayerTests.geometries[index]
    var generator = SeededGenerator(seed: 13)
    // Several strips of windows, and ties.
    let x = (0..<9 * input.shape.count).map { _ in
      (Double.random(in: -2...2, using: &generator) * 16).rounded() / 16
    }
    // The layer adds up the shares of overlapping windows in another order than the formula.
    for (type, formula, ulp) in [
      ("max_pooling", "max(x)", 1.0), ("average_pooling", "mean(x)", 2),
    ] {
      let pair = Pair(type: type, options: options, formula: formula, more: options, ulp: ulp)
      try compare(pair, [input], x, as: Double.self)
      try compare(pair, [input], x, as: Float.self)
    }
  }

  @Test func `norms neither overflow nor vanish`() throws {
    for scale in [1e-200, 1e200] {
      let x = [3 * scale, -4 * scale, 0, 0]
      let bench = try LayerBench<Double>(
        makeLayer("formula", [("y", "sqrt(sum(x²))"), ("window", 2)]), inputs: [[4]], samples: 1)
      bench.x.values = x
      bench.dy.fill(1)
      bench.runForward()
      bench.runBackward()
      #expect(abs(bench.y.values[0] / (5 * scale) - 1) < 1e-15)
      #expect(bench.y.values[1] == 0)
      #expect(abs(bench.dx.values[0] - 0.6) < 1e-15 && abs(bench.dx.values[1] + 0.8) < 1e-15)
      #expect(bench.dx.values[2...] == [0, 0])
    }
  }

  @Test func `a learned p agrees`() throws {
    let built = try makeLayer("lp_pooling", [("window", 2), ("p", 2.5), ("learned", true)])
    let formula = try makeLayer(
      "formula",
      [
        ("y", "(Σᵢ |xᵢ|^p)^(1/p)"), ("window", 2),
        (
          "parameters",
          .map([("p", .map([("initial", 2.5), ("range", [1, ConfigValue(.double(.infinity))])]))])
        ),
      ])
    var generator = SeededGenerator(seed: 5)
    let x = (0..<32).map { _ in Double.random(in: -2...2, using: &generator) }
    let benches = try [built, formula].map { layer in
      let bench = try LayerBench<Double>(layer, inputs: [[2, 4, 4]], samples: 1)
      bench.x.values = x
      bench.dy.fill(1)
      bench.parameters[0].values = [1.2]
      bench.runForward()
      bench.runBackward()
      return bench
    }
    for (a, b) in zip(benches[0].y.values, benches[1].y.values) { #expect(abs(a - b) < 1e-14) }
    for (a, b) in zip(benches[0].dx.values, benches[1].dx.values) { #expect(abs(a - b) < 1e-14) }
    let slopes = benches.map { $0.gradients[0].values[0] }
    #expect(abs(slopes[0] - slopes[1]) < 1e-13)
  }

  @Test(arguments: ["exp(xᵢ) / Σⱼ exp(xⱼ)", "exp(x)/sum(exp(x))"])
  func `softmax agrees, far out too`(text: String) throws {
    let pair = Pair(type: "softmax", options: [], formula: text, ulp: 8, least: 1)
    try compare(pair, [[5]], [1, 2, 3, 4, 5, -1000, 0, 1000, 3, 1, 0, 0, 0, 0, 0], as: Double.self)
    let log = Pair(
      type: "log_softmax", options: [], formula: "log(exp(xᵢ) / Σⱼ exp(xⱼ))", ulp: 8, least: 1)
    try compare(log, [[5]], [1, 2, 3, 4, 5, -1000, 0, 1000, 3, 1, 0, 0, 0, 0, 0], as: Double.self)
  }

  @Test func `the bits are the same on every instruction set and in every part of a batch`() throws
  {
    let layers: [([(String, ConfigValue)], Shape)] = [
      ([("y", "x·σ(x) + sin(x)·erf(x) + |x|^1.7")], [37]),
      ([("y", "(Σᵢ |xᵢ|^2.5)^0.4"), ("window", 3), ("stride", 2)], [2, 9, 8]),
      ([("y", "exp(xᵢ) / Σⱼ exp(xⱼ)")], [11]),
    ]
    for (options, shape) in layers {
      var generator = SeededGenerator(seed: 11)
      let x = (0..<9 * shape.count).map { _ in Float.random(in: -3...3, using: &generator) }
      func results(_ range: Range<Int>) throws -> [Float] {
        let bench = try LayerBench<Float>(
          makeLayer("formula", options), inputs: [Port(shape)], samples: range.count)
        bench.x.values = Array(x[range.lowerBound * shape.count..<range.upperBound * shape.count])
        bench.dy.fill(1)
        bench.runForward()
        bench.runBackward()
        return bench.y.values + bench.dx.values
      }
      let whole = try results(0..<9)
      for isa in InstructionSet.allCases where isa.isSupported {
        let found = try isa.perform { try results(0..<9) }
        #expect(found.map(\.bitPattern) == whole.map(\.bitPattern), "\(isa)")
      }
      let outputs = whole.count - 9 * shape.count
      let part = try results(4..<6)
      let count = outputs / 9
      #expect(Array(part[0..<2 * count]) == Array(whole[4 * count..<6 * count]))
    }
  }

  @Test func `several inputs and broadcasting over leading axes`() throws {
    let layer = try makeLayer(
      "formula", [("y", "g ⊗ tanh(h)"), ("inputs", .map([("g", "a"), ("h", "b")]))])
    let bench = try LayerBench<Double>(layer, inputs: [[3], [2, 3]], samples: 2)
    bench.inputs[0].values = [1, 2, 3, 4, 5, 6]
    bench.inputs[1].values = (0..<12).map { 0.1 * Double($0) }
    bench.dy.fill(1)
    bench.runForward()
    bench.runBackward()
    for i in 0..<12 {
      let g = Double(i / 6 * 3 + i % 3 + 1)
      #expect(abs(bench.y.values[i] - g * Double.tanh(0.1 * Double(i))) < 1e-14)
    }
    let first = Double.tanh(0) + Double.tanh(0.3)
    #expect(abs(bench.dInputs[0].values[0] - first) < 1e-15)
  }

  /// Any shapes that can be repeated to a common one, over samples and strips of any size.
  @Test func `inputs are repeated along axes of extent 1`() throws {
    let layer = try makeLayer(
      "formula", [("y", "g ⊗ tanh(h)"), ("inputs", .map([("g", "a"), ("h", "b")]))])
    try withEvery("seed", in: 0..<40) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "repeated inputs")
      let common = (0..<random.pick(1...4, 0)).map { random.pick(1...9, 1 + $0) }
      func repeated(_ first: Int) -> [Int] {
        let axes = common.enumerated().map { axis, extent in
          random.pick(0...2, first + axis) == 0 ? 1 : extent
        }
        let omits = axes.count > 1 && random.pick(0...1, first + 9) == 1
        return Array(axes.dropFirst(omits ? 1 : 0))
      }
      let (g, h) = (repeated(20), repeated(40))
      let samples = random.pick(1...5, 60)
      let ports = [Port(Shape(g)), Port(Shape(h))]
      let bench = try LayerBench<Double>(layer, inputs: ports, samples: samples)
      for k in 0..<2 {
        let start = 1_000 * (k + 1)
        bench.inputs[k].values = bench.inputs[k].values.indices.map {
          random.normal(at: start * 100 + $0)
        }
      }
      bench.dy.fill(1)
      bench.runForward()
      bench.runBackward()
      let y = try BroadcastAxes.shape(of: ports)
      let at = [g, h].map { BroadcastAxes(Shape($0), over: y).positions }
      var slopes = [g, h].map { [Double](repeating: 0, count: samples * Shape($0).count) }
      for sample in 0..<samples {
        for i in 0..<y.count {
          let (a, b) = (sample * Shape(g).count + at[0][i], sample * Shape(h).count + at[1][i])
          let (x, t) = (bench.inputs[0].values[a], Double.tanh(bench.inputs[1].values[b]))
          #expect(abs(bench.y.values[sample * y.count + i] - x * t) <= 1e-14 * max(1, abs(x)))
          slopes[0][a] += t
          slopes[1][b] += x * (1 - t * t)
        }
      }
      for k in 0..<2 {
        for (found, expected) in zip(bench.dInputs[k].values, slopes[k]) {
          #expect(abs(found - expected) <= 1e-11 * max(1, abs(expected)), "\(g) and \(h)")
        }
      }
    }
  }

  private func compare<S: Scalar>(
    _ pair: Pair, _ shapes: [Port], _ x: [Double], as type: S.Type
  ) throws {
    let x = x.map { Double(S($0)) }
    let formula = try makeLayer("formula", [("y", ConfigValue(.string(pair.formula)))] + pair.more)
    let found = try results(of: formula, shapes, x, as: S.self)
    let layer = try makeLayer(pair.type, pair.options)
    let expected =
      pair.isMoreExact
      ? try results(of: layer, shapes, x, as: Double.self)
      : try results(of: layer, shapes, x, as: S.self)
    for (name, a, b) in [("y", expected.y, found.y), ("∂x", expected.dx, found.dx)] {
      for i in a.indices {
        let size = S(max(abs(a[i]), pair.least, Double(S.leastNormalMagnitude)))
        let bound = pair.ulp + pair.ulpPerSquare * x[i % x.count] * x[i % x.count]
        if !(abs(a[i] - b[i]) <= bound * Double(size.ulp)) {
          Issue.record("\(S.dtypeName) \(name)[\(i)] is \(b[i]), not \(a[i]), at \(x[i % x.count])")
        }
      }
    }
  }

  private func results<S: Scalar>(
    of layer: any Layer, _ shapes: [Port], _ x: [Double], as type: S.Type
  ) throws -> (y: [Double], dx: [Double]) {
    let bench = try LayerBench<S>(layer, inputs: shapes, samples: x.count / shapes[0].count)
    bench.x.values = x.map { S($0) }
    bench.dy.values = bench.dy.values.indices.map { S(1 + Double($0 % 5) / 4) }
    bench.runForward()
    bench.runBackward()
    return (bench.y.values.map { Double($0) }, bench.dx.values.map { Double($0) })
  }
}
