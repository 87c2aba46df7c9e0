import NNExp

/// The limited-memory BFGS method: quasi-Newton steps from the last changes of weights and
/// gradients.
///
/// One step makes up to `max_iterations` moves w ← w + τd, where d = −Hg.
/// H is built from the history's pairs s = Δw, y = Δg (the two-loop recursion). It evaluates
/// the loss again, so that it needs the full batch.
///
/// τ is the learning rate, multiplied by min(1, 1/‖g‖₁) in the first move. With `line_search:
/// strong_wolfe`, the search begins at this length.
/// - Source: Liu and Nocedal 1989; the algorithm and its stopping rules are
///   those of PyTorch's LBFGS.
struct LBFGS: Optimizer, Component {
  static let typeName = "lbfgs"
  static let foreignNames = ["bfgs", "limited_memory_bfgs"]
  static let documentation = Documentation(
    "quasi-Newton steps from the last few changes of weights and gradients (full batch)",
    equation: """
      s = Δw, y = Δg of the last moves;  d = −Hg by the two-loop recursion
      w ← w + τd      up to max_iterations moves per step
      """,
    example: "optimizer: {type: lbfgs, learning_rate: 1, line_search: strong_wolfe}",
    source: "Liu and Nocedal 1989; Nocedal and Wright 2006, algorithms 3.5, 3.6 and 7.4")

  enum LineSearch: String, CaseIterable, Sendable {
    case none
    case strongWolfe = "strong_wolfe"
  }

  let learningRate: Double
  let maxIterations: Int
  let maxEvaluations: Int
  let gradientTolerance: Double
  let changeTolerance: Double
  let historySize: Int
  let lineSearch: LineSearch

  init(from options: inout Options) {
    learningRate = options.learningRate(default: 1)
    options.suggest("max_iterations", for: "max_iter")
    maxIterations = options.int(
      "max_iterations", default: 20, in: 1...1_000_000, "maximum number of moves per step")
    maxEvaluations =
      options.optionalInt(
        "max_evaluations", in: 1...,
        "approximate maximum of evaluations per step (default: 1.25 per move)")
      ?? maxIterations * 5 / 4
    gradientTolerance = options.double(
      "tolerance_gradient", default: 1e-7, in: .nonnegative,
      "stops if no entry of g is larger in absolute value")
    changeTolerance = options.double(
      "tolerance_change", default: 1e-9, in: .nonnegative,
      "stops if the loss and all weights change less")
    historySize = options.int(
      "history_size", default: 10, in: 1...1000,
      "number of pairs kept; each needs two vectors of memory")
    lineSearch = options.choice(
      "line_search", default: LineSearch.strongWolfe, "none: always move by τ")
  }

  var memory: OptimizerMemory {
    OptimizerMemory(
      vectors: 2 * historySize + (lineSearch == .none ? 2 : 5), scalars: 4 + 2 * historySize,
      needsFullBatch: true)
  }

  func step<S: Scalar>(_ pass: OptimizerStep<S>) {
    guard let evaluate = pass.evaluate else {
      preconditionFailure("lbfgs needs a pass that evaluates")
    }
    let g = pass.g
    let memory = LBFGSMemory(pass, historySize: historySize)
    let d = memory.direction
    var loss = pass.loss
    var evaluations = 1
    if maximumNorm(g) <= gradientTolerance { return }

    for iteration in 1...maxIterations {
      memory.moves += 1
      let isFirst = memory.moves == 1
      if !isFirst { memory.remember(g) }
      memory.setDirection(g)
      memory.previous.update(from: g)
      let lossBefore = loss

      memory.length = isFirst ? min(1, 1 / sumNorm(g)) * pass.learningRate : pass.learningRate
      let slope = dot(g, d)
      if slope > -changeTolerance { return }

      var isOptimal = false
      if lineSearch == .strongWolfe {
        var search = StrongWolfe(
          pass, memory, loss: loss, slope: slope,
          maximumTrials: maxEvaluations - evaluations, evaluate: evaluate)
        search.run()
        (loss, memory.length) = (search.loss, search.length)
        evaluations += search.evaluations
        isOptimal = maximumNorm(g) <= gradientTolerance
      } else {
        move(pass.w, by: memory.length, along: d)
        // The engine evaluates the last move at the next step.
        if iteration != maxIterations {
          loss = evaluate()
          evaluations += 1
          isOptimal = maximumNorm(g) <= gradientTolerance
        }
      }
      if evaluations >= maxEvaluations || isOptimal { return }
      if maximumNorm(d) * abs(memory.length) <= changeTolerance { return }
      if abs(loss - lossBefore) < changeTolerance { return }
    }
  }
}

/// The numbers that L-BFGS keeps between moves and steps, all stored in the engine's memory.
///
/// Vectors: d, the previous g, the history's y and s alternately (a ring buffer), then three
/// for the line search. Scalars: the number of moves, the number of pairs, the index of the
/// oldest pair, τ, then ρ = 1/(y·s) of each pair and memory for the recursion's α.
struct LBFGSMemory<S: Scalar> {
  private let vectors: Tensors<S>
  private let scalars: Tensor<Double>
  private let historySize: Int

  init(_ pass: OptimizerStep<S>, historySize: Int) {
    vectors = pass.vectors
    scalars = pass.scalars
    self.historySize = historySize
  }

  var direction: Tensor<S> { vectors[0] }
  var previous: Tensor<S> { vectors[1] }

  /// The vectors of the line search: the starting point, and a gradient at each end.
  func search(_ index: Int) -> Tensor<S> { vectors[2 + 2 * historySize + index] }

  var moves: Double {
    get { scalars[0] }
    nonmutating set { scalars[0] = newValue }
  }

  /// τ of the last move.
  var length: Double {
    get { scalars[3] }
    nonmutating set { scalars[3] = newValue }
  }

  private var pairs: Int { Int(scalars[1]) }

  /// The index in the ring buffer of the pair with this age, 0 for the oldest.
  private func slot(_ age: Int) -> Int { (Int(scalars[2]) + age) % historySize }
  private func y(_ slot: Int) -> Tensor<S> { vectors[2 + 2 * slot] }
  private func s(_ slot: Int) -> Tensor<S> { vectors[3 + 2 * slot] }

  /// Stores the pair of the last move if the curvature along it is positive.
  func remember(_ g: Tensor<S>) {
    let τ = S(length)
    let next = pairs == historySize ? slot(0) : slot(pairs)
    // y·s is computed before anything is stored, because a pair that is not kept must not
    // overwrite the oldest.
    var ys = 0.0
    for i in g.indices {
      ys += Double((g[i] - previous[i])) * Double(direction[i] * τ)
    }
    if !(ys > 1e-10) { return }
    let (y, s) = (y(next), s(next))
    for i in g.indices {
      y[i] = g[i] - previous[i]
      s[i] = direction[i] * τ
    }
    if pairs == historySize {
      scalars[2] = Double(slot(1))
    } else {
      scalars[1] += 1
    }
    scalars[4 + next] = 1 / ys
  }

  /// d ← −Hg by the two-loop recursion. H starts as the identity times (y·s)/(y·y) of the
  /// newest pair.
  func setDirection(_ g: Tensor<S>) {
    let d = direction
    for i in g.indices { d[i] = -g[i] }
    if pairs == 0 { return }
    for age in stride(from: pairs - 1, through: 0, by: -1) {
      let slot = slot(age)
      let α = dot(s(slot), d) * scalars[4 + slot]
      scalars[4 + historySize + slot] = α
      move(d, by: -α, along: y(slot))
    }
    let newest = slot(pairs - 1)
    let scale = S(1 / (scalars[4 + newest] * dot(y(newest), y(newest))))
    for i in d.indices { d[i] *= scale }
    for age in 0..<pairs {
      let slot = slot(age)
      let β = dot(y(slot), d) * scalars[4 + slot]
      move(d, by: scalars[4 + historySize + slot] - β, along: s(slot))
    }
  }
}
