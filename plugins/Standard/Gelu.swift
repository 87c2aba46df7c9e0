import NNExp

/// The Gaussian error linear unit.
///
///     y    = x·Φ(x),  Φ(x) = ½(1 + erf(x/√2)),  φ(x) = e^(−x²/2) / √(2π)
///     ∂x  += ∂y · (Φ(x) + x·φ(x))
///
/// With `approximation: tanh`:
///
///     y    = ½x(1 + t),  t = tanh u,  u = √(2/π)(x + 0.044715x³)
///     ∂x  += ∂y · (½(1 + t) + ½x(1 − t²)u′)
struct Gelu: Layer, Component {
  static let typeName = "gelu"
  static let documentation = Documentation(
    "the Gaussian error linear unit",
    equation: """
      y = x·Φ(x) with Φ(x) = ½(1 + erf(x/√2));  ∂x += ∂y · (Φ(x) + x·e^(−x²/2)/√(2π))
      approximation tanh: y = ½x(1 + t), t = tanh(√(2/π)(x + 0.044715x³));  \
      ∂x += ∂y · (½(1 + t) + ½x(1 − t²)√(2/π)(1 + 0.134145x²))
      """,
    shapes: "any shape → the same shape",
    example: "- {type: gelu, approximation: tanh}",
    source: "Hendrycks, Gimpel 2016, \"Gaussian error linear units\"")

  private enum Approximation: String, CaseIterable { case none, tanh }

  private let approximation: Approximation

  init(from options: inout Options) {
    approximation = options.choice(
      "approximation", default: Approximation.none,
      "none: the exact form; tanh: the published approximation")
  }

  func equations(for inputs: [Port]) -> Equations {
    switch approximation {
    case .none:
      Equations(
        elementwise: "f", value: #"u \Phi(u)"#, slope: #"\Phi(x) + x \otimes \phi(x)"#,
        where: [
          #"\Phi(u) = \frac{1}{2} (1 + \erf(u / \sqrt{2}))"#,
          #"\phi(u) = \frac{1}{\sqrt{2 \pi}} e^{-u^2 / 2}"#,
        ])
    case .tanh:
      Equations(
        elementwise: "f", value: #"\frac{1}{2} u (1 + \tanh v(u))"#,
        slope: #"\frac{1}{2} (1 + \tanh v(x)) + \frac{1}{2} x \otimes (1 - \tanh^2 v(x)) "#
          + #"\otimes v'(x)"#,
        where: [
          #"v(u) = \sqrt{2 / \pi} (u + 0.044715 u^3)"#,
          #"v'(u) = \sqrt{2 / \pi} (1 + 0.134145 u^2)"#,
        ])
    }
  }

  func plan(for inputs: [Port]) -> Plan { Plan(output: inputs[0].shape) }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let x = node.inputs[0]
    let bend: OperatorGraph.Value
    switch approximation {
    case .none:
      // ½(1 + erf(x/√2))
      bend = graph.add("Erf", graph.add("Mul", x, graph.constant(0.5.squareRoot())))
    case .tanh:
      // √(2/π)(x + 0.044715x³)
      let cube = graph.add("Mul", graph.add("Mul", x, x), x)
      let sum = graph.add("Add", x, graph.add("Mul", graph.constant(0.044715), cube))
      bend = graph.add(
        "Tanh", graph.add("Mul", graph.constant((2 / Double.pi).squareRoot()), sum))
    }
    let share = graph.add("Add", bend, graph.constant(1))
    return [graph.add("Mul", graph.add("Mul", x, graph.constant(0.5)), share)]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    switch approximation {
    case _ where S.self == Double.self:
      for i in y.indices { y[i] = x[i] * GeluTail(x[i], isTanh: approximation == .tanh).share }
    case .none:
      for i in y.indices { y[i] = x[i] * normalDistribution(x[i]) }
    case .tanh:
      for i in y.indices { y[i] = tanhArgument(x[i]) }
      map(.tanh, y, into: y)
      for i in y.indices { y[i] = x[i] / 2 * (1 + y[i]) }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, dx, dy) = (pass.x, pass.dx, pass.dy)
    if S.self == Double.self {
      for i in dx.indices { dx[i] += dy[i] * GeluTail(x[i], isTanh: approximation == .tanh).slope }
      return
    }
    inBlocks(of: dx.count) { block, room in
      let first = block.lowerBound
      switch approximation {
      case .none:
        for i in block { room[i &- first] = -x[i] * x[i] / 2 }
        map(.exp, room, into: room)
        let peak = 1 / (2 * S.pi).squareRoot()
        for i in block {
          dx[i] += dy[i] * (normalDistribution(x[i]) + x[i] * (peak * room[i &- first]))
        }
      case .tanh:
        for i in block { room[i &- first] = tanhArgument(x[i]) }
        map(.tanh, room, into: room)
        let rate = (2 / S.pi).squareRoot()
        for i in block {
          let t = room[i &- first]
          let flatness = (1 - t) * (1 + t)
          // For large |x| the tanh is constant, and u′ may be infinite.
          let bend = flatness == 0 ? 0 : x[i] / 2 * flatness * (rate * (1 + 0.134145 * x[i] * x[i]))
          dx[i] += dy[i] * ((1 + t) / 2 + bend)
        }
      }
    }
  }

  private func normalDistribution<S: Scalar>(_ x: S) -> S {
    (1 + S.erf(x * S(0.5).squareRoot())) / 2
  }

  private func tanhArgument<S: Scalar>(_ x: S) -> S {
    (2 / S.pi).squareRoot() * (x + 0.044715 * x * x * x)
  }
}

/// y/x and y′ of one number, exact far below zero too, where 1 + erf and 1 + tanh cancel.
///
/// Rounding x²/2 would change e^(−x²/2) by up to x²/4 units in the last place, so the arguments of
/// exponentials have twice the digits. For float64, which checks gradients.
private struct GeluTail<S: Scalar> {
  /// Φ(x), or σ(2u) = ½(1 + tanh u).
  let share: S
  let slope: S

  init(_ x: S, isTanh: Bool) { self = isTanh ? .init(byTanhOf: x) : .init(byErfOf: x) }

  /// Φ(x) = ½erfc(−x/√2);  y′ = Φ(x) + x·e^(−x²/2)/√(2π).
  private init(byErfOf x: S) {
    let square = x * x
    let power = S.exp(-square / 2)
    let bell = power - power * (productError(x, x) / 2)
    if x < 0 {
      let root = S(0x1.6a09e667f3bcdp-1)  // √½, and below its rounding error
      let lost = -productError(x, root) + x * S(0x1.bdd3413b26456p-55)
      share = (S.erfc(-x * root) - lost * bell * S(0x1.20dd750429b6dp+0)) / 2
    } else {
      share = (1 + S.erf(x * S(0.5).squareRoot())) / 2
    }
    slope = share + x * (bell / (2 * S.pi).squareRoot())
  }

  /// s = σ(2u), 2u = x(k + cx²);  y′ = s + x·s(1 − s)·(k + 3cx²).
  private init(byTanhOf x: S) {
    // k = √(8/π) and c = 0.044715k, each with its rounding error.
    let (k, kLow) = (S(0x1.9884533d43651p+0), S(-0x1.cbc0d30ebfd15p-54))
    let (c, cLow) = (S(0x1.2444f2a4d8b4bp-4), S(-0x1.6c843a29d1c70p-61))
    let square = x * x
    let bend = c * square
    let bendLow = productError(c, square) + c * productError(x, x) + cLow * square
    let sum = k + bend
    let part = sum - k
    let sumLow = (k - (sum - part)) + (bend - part) + (kLow + bendLow)
    let u = x * sum
    let low = productError(x, sum) + x * sumLow
    let e = S.exp(-abs(u))
    let (near, far) = (e / (1 + e), 1 / (1 + e))
    let shift = near * far * (low.isFinite ? low : 0)
    share = (u < 0 ? near : far) + shift
    let rest = (u < 0 ? far : near) - shift
    // Far out s or 1 − s is 0, while k + 3cx² may be infinite.
    slope = share + (share * rest == 0 ? 0 : x * (share * rest) * (k + 3 * bend))
  }
}
