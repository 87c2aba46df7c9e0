import NNExp

/// Pooling by a norm of learned order around a learned center.
///
///     dᵢ  = xᵢ − cᵢ,   p = 1 + ln(1 + e^ρ) ≥ 1        one ρ per group
///     y   = ((1/N) Σᵢ |dᵢ|ᵖ)^(1/p)                    over a group of N features
///     ∂xᵢ += ∂y · (1/N) sign(dᵢ) (|dᵢ| / y)^(p−1)     (0 where dᵢ = 0);  ∂cᵢ −= the same
///     ∂ρ  += ∂y · (y/p)(Σᵢ wᵢ ln rᵢ − ln u) · 1/(1 + e^−ρ)
///
/// with m = maxᵢ |dᵢ|, rᵢ = |dᵢ|/m, u = ((1/N) Σ rᵢᵖ)^(1/p), y = m·u and wᵢ = rᵢᵖ/Σ rⱼᵖ. In
/// this form, nothing overflows unless y does.
///
/// - Shape: any of groups·size numbers → `[groups]`; a group is `size` consecutive numbers
/// - Source: Gulcehre, Cho, Pascanu, Bengio 2013, "Learned-norm pooling for deep
///   feedforward and recurrent neural networks", eqs. 4 and 5. The linear map that
///   the paper uses is a `dense` layer before this one.
struct LearnedNorm: Layer, Component {
  static let typeName = "learned_norm"
  static let documentation = Documentation(
    "pooling by a norm of learned order around a learned center",
    equation: """
      y = ((1/N) Σᵢ |xᵢ − cᵢ|ᵖ)^(1/p),  p = 1 + ln(1 + e^ρ)
      """,
    shapes: "any of groups·size numbers → [groups]",
    example: "- {type: learned_norm, size: 4, p: 3}",
    source: "Gulcehre, Cho, Pascanu, Bengio 2013, \"Learned-norm pooling\"")

  static let examples = [
    Example(["size": 3], inputs: [6]),
    Example(["size": 4, "p": 1.5], inputs: [2, 2, 2]),
    Example(["size": 2, "p": 8], inputs: [4]),
  ]

  private let size: Int
  private let rho: Double

  init(from options: inout Options) {
    size = options.int("size", in: 1..., "N: features per group")
    let p = options.double("p", default: 3, in: .above(1), "initial order")
    // The inverse of p = 1 + ln(1 + e^ρ), stable for large p.
    rho = p - 1 + Double.log(-Double.expm1(1 - p))
    if !rho.isFinite { options.reject("p", "p is too close to 1: no finite ρ gives \(p)") }
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let count = inputs[0].count
    guard count > 0, count % size == 0 else {
      throw Diagnostic("groups of \(size) do not divide the \(count) numbers of \(inputs[0])")
    }
    return Plan(
      output: [count / size],
      parameters: [
        .init("center", [count], initial: .zeros),
        .init("rho", [count / size], initial: .constant(rho)),
      ],
      work: Shape([20, count]).count)
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let flat = graph.reshape(node.inputs[0], to: [node.inputPorts[0].count])
    let d = graph.add("Abs", graph.add("Sub", flat, graph.constant(node.parameters[0])))
    let groups = graph.reshape(d, to: [node.outputPorts[0].count, size])
    let axes = graph.integers([2])
    let m = graph.add("ReduceMax", groups, axes)
    // The orders are constants: y = m (Σᵢ (|dᵢ|/m)ᵖ / N)^(1/p), and 0 if m is 0.
    let orders = node.parameters[1].numbers.map { order($0) }
    let p = graph.constant(orders, [orders.count, 1])
    let isZero = graph.add("Equal", m, graph.constant(0))
    let r = graph.add("Div", groups, graph.add("Where", isZero, graph.constant(1), m))
    let mean = graph.add("ReduceMean", graph.add("Pow", r, p), axes)
    let root = graph.constant(orders.map { 1 / $0 }, [orders.count, 1])
    let y = graph.add("Mul", m, graph.add("Pow", mean, root))
    return [graph.reshape(y, to: node.outputPorts[0].shape)]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y, c, rho) = (pass.x, pass.y, pass.parameters[0], pass.parameters[1])
    for s in 0..<pass.samples {
      for g in rho.indices {
        let m = largest(x, c, s, g)
        // For m = 0, ∞ or NaN, y is m.
        y[s &* rho.count &+ g] =
          m > 0 && m < .infinity ? m * factor(x, c, s, g, m, order(rho[g])) : m
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, y, dy) = (pass.x, pass.y, pass.dy)
    let (c, rho) = (pass.parameters[0], pass.parameters[1])
    let (dx, dc, dRho) = (pass.dx, pass.gradients[0], pass.gradients[1])
    for s in 0..<pass.samples {
      for g in rho.indices {
        let o = s &* rho.count &+ g
        let m = largest(x, c, s, g)
        guard m > 0 else { continue }
        let p = order(rho[g])
        let u = factor(x, c, s, g, m, p)
        var sum: S = 0
        var weighted: S = 0
        for k in 0..<size {
          let j = g &* size &+ k
          let d = x[s &* c.count &+ j] - c[j]
          if d == 0 { continue }
          let r = abs(d) / m
          let slope = dy[o] / S(size) * S.pow(r / u, p - 1)
          dx[s &* c.count &+ j] += d < 0 ? -slope : slope
          dc[j] -= d < 0 ? -slope : slope
          let w = S.pow(r, p)
          sum += w
          if w != 0 { weighted += w * S.log(r) }
        }
        let dp = dy[o] * (y[o] / p) * (weighted / sum - S.log(u))
        dRho[g] += dp / (1 + S.exp(-rho[g]))
      }
    }
  }

  /// p = 1 + ln(1 + e^ρ).
  @inline(__always)
  private func order<S: Scalar>(_ rho: S) -> S { 1 + max(rho, 0) + S.log1p(S.exp(-abs(rho))) }

  /// m = maxᵢ |dᵢ|; NaN if there is one.
  @inline(__always)
  private func largest<S: Scalar>(_ x: Tensor<S>, _ c: Tensor<S>, _ s: Int, _ g: Int) -> S {
    var m: S = 0
    for k in 0..<size {
      let j = g &* size &+ k
      let size = abs(x[s &* c.count &+ j] - c[j])
      if !(size <= m) { m = size }
    }
    return m
  }

  /// u = y/m.
  @inline(__always)
  private func factor<S: Scalar>(
    _ x: Tensor<S>, _ c: Tensor<S>, _ s: Int, _ g: Int, _ m: S, _ p: S
  ) -> S {
    var sum: S = 0
    for k in 0..<size {
      let j = g &* size &+ k
      sum += S.pow(abs(x[s &* c.count &+ j] - c[j]) / m, p)
    }
    return S.pow(sum / S(size), 1 / p)
  }
}

func register(in registry: inout Registry) { registry.register(LearnedNorm.self) }
