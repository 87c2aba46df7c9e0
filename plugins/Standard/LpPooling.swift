import NNExp

/// Lp pooling: the p-norm of every window.
///
///     y    = (Σᵢ |xᵢ|ᵖ)^(1/p)
///     ∂xᵢ += ∂y · sign(xᵢ) · (|xᵢ| / y)^(p−1)      (0 where xᵢ = 0)
///
/// With `normalize: true`, the sum is divided by the number n of entries, and so is the
/// gradient:
///
///     y    = ((1/n) Σᵢ |xᵢ|ᵖ)^(1/p)
///     ∂xᵢ += ∂y · (1/n) sign(xᵢ) · (|xᵢ| / y)^(p−1)
///
/// For p = ∞, y is the largest magnitude, and the first entry with it gets the gradient. p < 1
/// is not a norm and must be permitted by `allow_p_below_one`. If an entry is NaN, y is NaN;
/// otherwise, if one is infinite, y is infinite. See ``PowerMean`` for how overflow is avoided.
///
/// With `learned: true`, p is a parameter of the layer. It is stored as ρ, so that it stays
/// above 1 for any update:
///
///     p    = 1 + ln(1 + e^ρ)
///     ∂ρ  += 1/(1 + e^(−ρ)) · Σ ∂y · ∂y/∂p
///     ∂y/∂p = (y/p)(Σᵢ wᵢ ln|xᵢ| − ln y),  wᵢ = |xᵢ|ᵖ / Σⱼ |xⱼ|ᵖ,  0·ln 0 = 0
///
/// In three dimensions, y is the p-norm along the slices of the p-norms of the windows' rows and
/// columns.
///
/// - Shape: see ``Pooling``; ρ `[1]`
/// - Source: Tanaka 2013 (S2 of experiments/seeds/README.md), eqs. 32–33, where the sign is missing;
///   Gulcehre, Cho, Pascanu, Bengio 2013 for the learned p.
struct LpPooling: Layer, Component {
  static let typeName = "lp_pooling"
  static let foreignNames = [
    "lp_pool", "lp_pool1d", "lp_pool2d", "lp_pool3d", "global_lp_pool", "global_lp_pooling",
  ]
  static let documentation = Documentation(
    "the p-norm of every window",
    equation: """
      y = (Σᵢ |xᵢ|^p)^(1/p);  ∂xᵢ += ∂y · sign(xᵢ) (|xᵢ| / y)^(p−1), 0 where xᵢ = 0
      normalize: y = ((1/n) Σᵢ |xᵢ|^p)^(1/p);  ∂xᵢ has a factor 1/n
      learned: p = 1 + ln(1 + e^rho);  \
      ∂y/∂p = (y/p)(Σᵢ wᵢ ln|xᵢ| − ln y), wᵢ = |xᵢ|^p / Σⱼ |xⱼ|^p
      """,
    shapes: Pooling.shapes + ";  learned: rho [1]",
    example: "- {type: lp_pooling, window: 2, p: 3}",
    source: "Tanaka 2013, eqs. 32–33 (the sign is missing there); Gulcehre et al. 2013")

  private let pooling: Pooling
  private let p: Double
  private let normalizes: Bool
  private let isLearned: Bool

  init(from options: inout Options) {
    pooling = Pooling(from: &options)
    let allowsBelowOne = options.bool(
      "allow_p_below_one", default: false, "permit p below 1, for which y is not a norm")
    options.suggest("p", for: "norm_type")
    p = options.double(
      "p", default: 2,
      in: allowsBelowOne
        ? Interval(from: 0, to: .infinity, includesLower: false) : .atLeastOrInfinite(1),
      "the norm's exponent, .inf for the largest magnitude")
    normalizes = options.bool(
      "normalize", default: false, "divide the sum by the number of entries")
    isLearned = options.bool("learned", default: false, "learn p, starting from the given value")
    if isLearned, !(p > 1 && p.isFinite) {
      options.reject(
        "p",
        "a learned p must be finite and above 1 initially, found \(ConfigValue(.double(p)).flow)")
    }
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let input = inputs[0].shape
    var plan = try pooling.plan(for: input)
    if isLearned {
      let rho = Softplus.inverse(p - 1)
      plan.parameters = [.init("rho", [1], initial: .constant(rho))]
    } else if p == .infinity {
      plan.scratch = try pooling.maximaScratch(from: input, to: plan.output)
      return plan
    } else if isTiled(input, plan.output), let x = Planes(input) {
      plan.scratch = [.temporary(TiledPowerMean<Double>.room(x: x))]
      return plan
    }
    let stages = stages(from: input, to: plan.output)
    // float64 numbers, which take the room of two in float32.
    let room = stages.map { LpNorm.room(for: $0.geometry) }.max() ?? 0
    plan.scratch = [.temporary(room > .max / 2 ? .max : 2 * room)]
    if input.rank == 4 {
      let middle = pooling.middleCount(from: input, to: plan.output)
      plan.scratch += [.perSample(middle), .perSample(middle)]
    }
    return plan
  }

  /// The windows over planes whose p-norms are computed one after the other.
  private func stages(from input: Shape, to output: Shape) -> [PlaneWindows] {
    input.rank < 4
      ? [pooling.planes(from: input, to: output)]
      : [pooling.slices(from: input, to: output), pooling.depths(from: input, to: output)]
  }

  /// Whether the kernels for windows that do not overlap have this p.
  private func isTiled(_ input: Shape, _ output: Shape) -> Bool {
    !isLearned && (p == 1 || p == 2 || p == 3 || p == 4)
      && pooling.tile(from: input, to: output) != nil
  }

  func equations(for inputs: [Port]) -> Equations {
    if p == .infinity {
      return Equations(
        #"\eta_\infty"#, output: #"y_r = \max_{i \in R_r} |x_i|"#,
        inputs: [
          .init(
            derivative: #"\frac{\partial y_r}{\partial x_i} = \operatorname{sign}(x_i) "#
              + #"[i = \operatorname*{argmax}_{j \in R_r} |x_j|]"#,
            delta: #"\delta_{x_i} = \sum_r \delta_{y_r} \frac{\partial y_r}{\partial x_i}"#)
        ], remark: Pooling.remark + " […] is 1 if the condition is true, otherwise 0.",
        work: work(for: inputs[0].shape))
    }
    let share = normalizes ? #"\frac{1}{n_r} "# : ""
    let sum = share + #"\sum_{i \in R_r} |x_i|^p"#
    return Equations(
      #"\eta_p"#, output: #"y_r = \left( \#(sum) \right)^{1/p}"#,
      where: isLearned
        ? [
          #"p = 1 + \ln(1 + e^\rho)"#,
          #"w_{ri} = \frac{|x_i|^p}{\sum_{j \in R_r} |x_j|^p}"#,
        ] : [#"p = \#(Equations.number(p))"#],
      inputs: [
        .init(
          derivative: #"\frac{\partial y_r}{\partial x_i} = \#(share)\operatorname{sign}(x_i) "#
            + #"\left( \frac{|x_i|}{y_r} \right)^{p-1}"#,
          delta: #"\delta_{x_i} = \sum_{r : i \in R_r} \delta_{y_r} "#
            + #"\frac{\partial y_r}{\partial x_i}"#)
      ],
      parameters: isLearned
        ? [
          .init(
            "rho", symbol: #"\rho"#,
            gradient: #"\frac{\partial L}{\partial \rho} = \frac{1}{1 + e^{-\rho}} "#
              + #"\sum_r \delta_{y_r} \frac{y_r}{p} "#
              + #"\left( \sum_i w_{ri} \ln |x_i| - \ln y_r \right)"#)
        ] : [],
      remark: Pooling.remark + (normalizes ? " nᵣ is the number of these." : ""),
      work: work(for: inputs[0].shape))
  }

  private func work(for input: Shape) -> Equations.Work? {
    let normalizes = normalizes && p < .infinity
    guard let entries = pooling.entries(from: input, normalizes: normalizes) else { return nil }
    let (p, isLearned) = (p, isLearned)
    return { tensor, index, sample in
      entries.entry(
        tensor, index, sample,
        p: isLearned ? LearnedExponent.rounded(sample.parameters[0][0]) : p)
    }
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let p = isLearned ? 1 + Softplus.of(node.parameters[0].numbers[0]) : p
    // ONNX's LpPool takes integers. A larger power of large numbers would overflow.
    if !normalizes, (1...4).contains(p), p == p.rounded(),
      let y = pooling.add("LpPool", to: &graph, node, attributes: [("p", .integer(Int(p)))])
    {
      return [y]
    }
    let x = pooling.entries(of: graph.add("Abs", node.inputs[0]), 0, &graph, node)
    let axes = graph.integers([-1])
    let m = graph.add("ReduceMax", x, axes)
    var y = m
    if p < .infinity {
      // y = m·u,  u = (Σ (|xᵢ|/m)ᵖ)^(1/p);  0 if m is 0
      let isZero = graph.add("Equal", m, graph.constant(0))
      let divisor = graph.add("Where", isZero, graph.constant(1), m)
      let power = graph.add("Pow", graph.add("Div", x, divisor), graph.constant(p))
      var sum = graph.add("ReduceSum", power, axes)
      if normalizes {
        let counts = pooling.counts(node, withPadding: false)
        let shape = node.outputPorts[0].shape.axes + [1]
        sum = graph.add("Div", sum, graph.constant(counts, shape))
      }
      y = graph.add("Mul", m, graph.add("Pow", sum, graph.constant(1 / p)))
    }
    return [graph.reshape(y, to: node.outputPorts[0].shape)]
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    if p == .infinity { return pooling.forwardMaxima(pass, isAbsolute: true) }
    if let tiled = tiled(pass.x, pass.y, pass.scratch) { return tiled.forward(pass) }
    let p = isLearned ? LearnedExponent.rounded(pass.parameters[0][0]) : S(p)
    let (input, output) = (pass.x.shape, pass.y.shape)
    guard input.rank == 4 else {
      return forward(
        pass.x.start, into: pass.y.start, pooling.planes(from: input, to: output), p, pass)
    }
    let middle = pass.scratch[1].start
    forward(pass.x.start, into: middle, pooling.slices(from: input, to: output), p, pass)
    forward(middle, into: pass.y.start, pooling.depths(from: input, to: output), p, pass)
  }

  private func forward<S: KernelScalar>(
    _ x: UnsafePointer<S>, into y: UnsafeMutablePointer<S>, _ windows: PlaneWindows, _ p: S,
    _ pass: ForwardPass<S>
  ) {
    let (norm, planes) = (norm(p), pass.samples &* windows.x.channels)
    let isComplete = withRoom(pass.scratch) {
      S.lpWindowPool(x, norm, of: windows.geometry, into: y, planes: planes, room: $0)
    }
    guard !isComplete else { return }
    windows.forward(x, into: y, planes: planes, by: PowerMean(p: p, normalizes: normalizes)) {
      $0.isNaN
    }
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    if p == .infinity { return pooling.backwardMaxima(pass, isAbsolute: true) }
    if S.self == Float.self || p == 1, let tiled = tiled(pass.x, pass.y, pass.scratch) {
      return tiled.backward(pass)
    }
    let (input, output) = (pass.x.shape, pass.y.shape)
    var dp: S = 0
    if input.rank == 4 {
      let (middle, dMiddle) = (pass.scratch[1].start, pass.scratch[2].start)
      dMiddle.update(
        repeating: 0, count: pass.samples &* pooling.middleCount(from: input, to: output))
      dp += backward(
        middle, pass.y.start, pass.dy.start, to: dMiddle,
        pooling.depths(from: input, to: output), pass)
      dp += backward(
        pass.x.start, middle, dMiddle, to: pass.dx.start,
        pooling.slices(from: input, to: output), pass)
    } else {
      dp = backward(
        pass.x.start, pass.y.start, pass.dy.start, to: pass.dx.start,
        pooling.planes(from: input, to: output), pass)
    }
    if isLearned { pass.gradients[0][0] += dp * value(of: .logistic, pass.parameters[0][0]) }
  }

  /// Adds the gradients of x. Returns that of p if it is learned.
  private func backward<S: KernelScalar>(
    _ x: UnsafePointer<S>, _ y: UnsafePointer<S>, _ dy: UnsafePointer<S>,
    to dx: UnsafeMutablePointer<S>, _ windows: PlaneWindows, _ pass: BackwardPass<S>
  ) -> S {
    let planes = pass.samples &* windows.x.channels
    let rho = isLearned ? pass.parameters[0][0] : 0
    if S.self == Double.self, p != 1 {
      var rule = PrecisePowerMean<S>(
        p: isLearned ? LearnedExponent.precise(rho) : (S(p), 0), normalizes: normalizes,
        isLearned: isLearned)
      windows.backward(x, y, dy, to: dx, planes: planes, by: &rule)
      return rule.dp
    }
    var rule = LearnedPowerMean(
      power: PowerMean(
        p: isLearned ? LearnedExponent.rounded(rho) : S(p), normalizes: normalizes))
    let norm = norm(rule.power.p)
    var dp = 0.0
    let isComplete = withRoom(pass.scratch) { room in
      withUnsafeMutablePointer(to: &dp) { dp in
        S.addLpWindowVJP(
          x, norm, of: windows.geometry, y, dy, to: dx, dp: isLearned ? dp : nil, planes: planes,
          room: room)
      }
    }
    if !isComplete {
      let (least, most) = (norm.least, norm.most)
      let isMissing = { (y: S) in y != 0 && !(Double(y) >= least && Double(y) <= most) }
      if isLearned {
        windows.backward(x, y, dy, to: dx, planes: planes, by: &rule, where: isMissing)
      } else {
        windows.backward(x, y, dy, to: dx, planes: planes, by: &rule.power, where: isMissing)
      }
    }
    return S(dp) + rule.dp
  }

  /// p as the kernels need it. Beyond the bounds, powers of y underflow or y has lost digits.
  private func norm<S: Scalar>(_ p: S) -> LpNorm {
    let p = Double(p)
    let inverse = 1 / p
    let bound = value(of: .exp, 600 / max(p, 1))
    let least = max(1 / bound, Double(S.leastNormalMagnitude / S.ulpOfOne))
    let most = min(bound, Double(S.greatestFiniteMagnitude / 2))
    return LpNorm(
      p: p, inverseLow: ((1 - p * inverse) - productError(p, inverse)) / p,
      least: least, most: most, normalizes: normalizes)
  }

  /// The scratch memory as numbers of float64: it begins on a cache line.
  @inline(__always)
  private func withRoom<S: Scalar, R>(
    _ scratch: Tensors<S>, _ body: (UnsafeMutablePointer<Double>) -> R
  ) -> R {
    let bytes = scratch[0].count * MemoryLayout<S>.stride
    return scratch[0].start.withMemoryRebound(
      to: Double.self, capacity: bytes / MemoryLayout<Double>.stride, body)
  }

  /// Runs the kernels for windows that do not overlap, if the plan chose them.
  private func tiled<S: KernelScalar>(
    _ x: Tensor<S>, _ y: Tensor<S>, _ scratch: Tensors<S>
  ) -> TiledPowerMean<S>? {
    guard isTiled(x.shape, y.shape), let tile = pooling.tile(from: x.shape, to: y.shape),
      let planes = Planes(x.shape), let windows = Planes(y.shape)
    else { return nil }
    return TiledPowerMean(
      p: p, normalizes: normalizes, height: tile.height, width: tile.width, x: planes, y: windows,
      room: scratch[0])
  }
}
