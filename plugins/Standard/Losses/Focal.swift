import NNExp

/// Cross-entropy with less weight on samples that are already classified well.
///
///     q    = softmax(z)ₜ,   h = 1 − q
///     ℓ    = −wₜ·hᵞ·ln q
///     ∂zₜ += wₜ·hᵞ(γ·q·ln q − h)
///     ∂zⱼ += wₜ·(hᵞ − γ·hᵞ⁻¹·q·ln q)·softmax(z)ⱼ,  j ≠ t
///
/// h is the sum over the other classes, so that it is exact if q is near 1. For γ = 0 the loss is
/// cross-entropy.
/// - Shape: output `[k]`, targets of k classes
/// - Source: Lin, Goyal, Girshick, He, Dollár 2017.
struct Focal: ClassWeightedLoss, Component {
  static let typeName = "focal"
  static let foreignNames = [
    "focal_loss", "focal_cross_entropy", "categorical_focal_crossentropy", "softmax_focal_loss",
  ]
  static let documentation = Documentation(
    "cross-entropy with less weight on samples that are classified well",
    equation: """
      q = softmax(z)ₜ,  h = 1 − q,  ℓ = −wₜ·h^γ·ln q
      ∂zₜ += wₜ·h^γ(γ·q·ln q − h)
      ∂zⱼ += wₜ·(h^γ − γ·h^(γ−1)·q·ln q)·softmax(z)ⱼ, j ≠ t
      """,
    shapes: "output [k], targets of k classes",
    example: "loss: {type: focal, gamma: 2}",
    source: "Lin, Goyal, Girshick, He, Dollár 2017, \"Focal loss for dense object detection\"")

  static let examples = [
    Example(output: [4], target: .classes(4)),
    Example(["gamma": 0], output: [2], target: .classes(2)),
    Example(["gamma": 0.5], output: [3], target: .classes(3)),
    Example(["class_weights": [0.5, 2, 1]], output: [3], target: .classes(3)),
  ]

  let gamma: Double
  /// w; empty for 1 each.
  var weights: [Double] = []
  let classWeights: ClassWeights
  let weightsLocation: SourceLocation?

  var learnsClasses: Bool { true }
  var outputMeaning: OutputMeaning { .jointLogits }

  init(from options: inout Options) {
    gamma = options.focusing()
    classWeights = ClassWeights.read(
      from: &options, default: [],
      "w: the factor of the loss of each class; all 1 if the list is empty")
    if case .list(let list) = classWeights { weights = list }
    weightsLocation = options.location(of: "class_weights")
  }

  func plan(output: Shape, target: Target) throws {
    guard case .classes(let count) = target else {
      throw Diagnostic(
        "focal needs targets that are classes, and they are numbers; for these use binary_focal")
    }
    guard output.count == count, count >= 2 else {
      throw Diagnostic(
        "the output \(output) does not fit targets of \(count) classes, which need [\(count)]"
          + (output.count == 1 ? "; for one output use binary_focal" : ""))
    }
    try requireWeights(for: output)
  }

  func equations(output: Shape, target: Target) -> Equations {
    let w = weights.isEmpty ? "" : "w_t "
    return Equations(
      "", output: #"-\#(w)h^\gamma \ln q"#,
      where: [
        #"q = \frac{e^{z_t}}{\sum_i e^{z_i}}"#, "h = 1 - q",
        #"\gamma = \#(Equations.number(gamma))"#,
      ],
      inputs: [
        .init(
          derivative: #"\frac{\partial \ell}{\partial z_j} = "#
            + #"\#(w)(\gamma h^{\gamma-1} q \ln q - h^\gamma) "#
            + #"([j = t] - \operatorname{softmax}(z)_j)"#)
      ],
      remark: "[…] is 1 if the condition is true, otherwise 0."
        + (weights.isEmpty ? "" : " " + weightsRemark))
  }

  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    var sum = 0.0
    SoftmaxRows.inBlocks(of: pass.z, samples: pass.samples, numbersEach: 5) { rows, room in
      let n = rows.samples.count
      let (rest, q) = (room.slice(0..<n), room.slice(n..<2 &* n))
      let (h, log) = (room.slice(2 &* n..<3 &* n), room.slice(3 &* n..<4 &* n))
      let power = room.slice(4 &* n..<5 &* n)
      addExponentials(pass, rows, rest: rest, own: q, others: h)
      for row in rows.rows {
        q[row] /= 1 + rest[row]
        h[row] /= 1 + rest[row]
      }
      map(.log1p, rest, into: log)
      NNExp.power(h, gamma, into: power)
      // The factor of the gradient, in place of ln.
      let slope = log
      for row in rows.rows {
        // If h is 0, so are the loss and its derivatives.
        if h[row] == 0 {
          slope[row] = 0
          continue
        }
        let own = rows.own(row, of: pass.t)
        let t = own &- rows.positions(row).lowerBound
        let w = weights.isEmpty ? power[row] : S(weights[t]) * power[row]
        let logQ = (pass.z[own] - pass.z[rows.top(row)]) - log[row]
        sum -= Double(w * logQ)
        slope[row] = pass.scale * (w * (S(gamma) * q[row] * logQ / h[row] - 1))
      }
      addGradient(pass, rows, rest: rest, h: h, slope: slope)
    }
    return sum
  }

  /// Σ e^(zⱼ−m) over all but the largest output, that of the class, and Σ over all but the class.
  ///
  /// A rest far below 1 that is stored separately stays exact.
  @inline(__always)
  private func addExponentials<S: Scalar>(
    _ pass: LossPass<S>, _ rows: SoftmaxRows<S>, rest: Tensor<S>, own: Tensor<S>,
    others: Tensor<S>
  ) {
    rest.fill(0)
    others.fill(0)
    rows.forEachPart { row, part, e in
      let (top, t) = (rows.top(row), rows.own(row, of: pass.t))
      var sums = (rest: rest[row], others: others[row])
      for i in part {
        let e = e[i &- part.lowerBound]
        sums.rest += i == top ? 0 : e
        sums.others += i == t ? 0 : e
        if i == t { own[row] = e }
      }
      (rest[row], others[row]) = sums
    }
  }

  /// Adds slope·([j = t] − softmax(z)ⱼ) to the gradient of each sample.
  @inline(__always)
  private func addGradient<S: Scalar>(
    _ pass: LossPass<S>, _ rows: SoftmaxRows<S>, rest: Tensor<S>, h: Tensor<S>, slope: Tensor<S>
  ) {
    guard let dz = pass.dz else { return }
    rows.forEachPart { row, part, e in
      let t = rows.own(row, of: pass.t)
      let (h, slope, divisor) = (h[row], slope[row], 1 + rest[row])
      for i in part {
        dz[i] += slope * (i == t ? h : -(e[i &- part.lowerBound] / divisor))
      }
    }
  }
}

/// Binary cross-entropy with less weight on outputs that are already right.
///
///     h    = t·σ(−z) + (1 − t)·σ(z)
///     ℓ    = Σⱼ hⱼᵞ·(w₁·t·softplus(−z) + w₀·(1 − t)·softplus(z))
///     ∂zⱼ += ∂ℓ/∂zⱼ, which is derived from the equation
///
/// - Source: Lin, Goyal, Girshick, He, Dollár 2017; torchvision's sigmoid_focal_loss, where w₁ is
///   `alpha` and w₀ is 1 − `alpha`.
struct BinaryFocal: NamedFormulaLoss {
  static let typeName = "binary_focal"
  static let foreignNames = [
    "sigmoid_focal_loss", "binary_focal_loss", "binary_focal_crossentropy",
  ]
  static let documentation = Documentation(
    "binary cross-entropy with less weight on outputs that are right, summed over the outputs",
    equation: """
      h = t·σ(−z) + (1 − t)·σ(z)
      ℓ = Σⱼ h^γ·(w₁·t·softplus(−z) + w₀·(1 − t)·softplus(z));  ∂zⱼ += ∂ℓ/∂zⱼ, derived from it
      """,
    shapes: "output and targets of one shape, targets 0…1; or one output for two classes;"
      + " or one output per class",
    example: "loss: {type: binary_focal, gamma: 2, class_weights: [0.75, 0.25]}",
    source: "Lin, Goyal, Girshick, He, Dollár 2017, \"Focal loss for dense object detection\"")

  static let examples = [
    Example(output: [1], target: .classes(2)),
    Example(["gamma": 0], output: [3], target: .classes(3)),
    Example(["gamma": 3.5, "class_weights": [0.75, 0.25]], output: [1], target: .classes(2)),
  ]

  let loss: FormulaLoss
  let gamma: Double
  let w0: Double
  let w1: Double

  var targetDemand: TargetDemand { .unitInterval }
  var learnsClasses: Bool { true }
  var decisionThreshold: Double { 0 }
  var outputMeaning: OutputMeaning { .logits }

  init(from options: inout Options) throws {
    gamma = options.focusing()
    let weights = options.doubles(
      "class_weights", default: [1, 1], in: .positive,
      "[w₀, w₁]: the factors of the losses of class 0 and class 1")
    options.suggest("class_weights", for: "alpha", "weight", "pos_weight")
    options.document("class_weights", .list(.numbers(.positive), 2...2))
    if weights.count != 2 {
      options.reject(
        "class_weights", "class_weights must be two numbers, [w₀, w₁], found \(weights.count)")
    }
    (w0, w1) = (weights.first ?? 1, weights.last ?? 1)
    loss = try FormulaLoss(
      "(w1·t·softplus(−z) + w0·(1 − t)·softplus(z))·(t·σ(−z) + (1 − t)·σ(z))^γ",
      constants: [("w0", w0), ("w1", w1), ("γ", gamma)])
  }

  func equations(output: Shape, target: Target) -> Equations {
    Equations(
      "", output: #"\sum_j h_j^\gamma c_j"#,
      where: [
        #"c_j = -w_1 t_j \ln \sigma(z_j) - w_0 (1 - t_j) \ln \sigma(-z_j)"#,
        #"h_j = t_j \sigma(-z_j) + (1 - t_j) \sigma(z_j)"#,
        #"\sigma(u) = \frac{1}{1 + e^{-u}}"#, #"\gamma = \#(Equations.number(gamma))"#,
        #"w_0 = \#(Equations.number(w0))"#, #"w_1 = \#(Equations.number(w1))"#,
      ],
      inputs: [
        .init(
          derivative: #"\frac{\partial \ell}{\partial z_j} = "#
            + #"h_j^\gamma (w_0 (1 - t_j) \sigma(z_j) - w_1 t_j \sigma(-z_j)) + "#
            + #"\gamma h_j^{\gamma - 1} c_j (1 - 2 t_j) \sigma(z_j) \sigma(-z_j)"#)
      ])
  }
}

extension Options {
  /// γ of the focal losses.
  fileprivate mutating func focusing() -> Double {
    suggest("gamma", for: "focusing", "focusing_parameter")
    return double(
      "gamma", default: 2, in: .nonnegative,
      "γ: larger values reduce the weight of easy samples more")
  }
}
