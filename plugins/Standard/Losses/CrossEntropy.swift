import NNExp

/// The negative log-likelihood of one of k classes.
///
///     uⱼ = wⱼ((1 − ε)tⱼ + ε/k),  W = Σⱼ uⱼ      (t one-hot for a class index)
///
///     logits         ℓ   = Σⱼ uⱼ(ln Σᵢ e^zᵢ − zⱼ)
///                    ∂zⱼ += W·e^zⱼ / Σᵢ e^zᵢ − uⱼ
///     probabilities  ℓ   = −Σⱼ uⱼ·ln zⱼ
///                    ∂zⱼ += −uⱼ/zⱼ
///
/// Logarithms of probabilities are bounded below by −100, with slope 0 there.
/// - Shape: output `[k]`, targets a class index or a row of k probabilities.
struct CrossEntropy: ClassWeightedLoss, Component {
  static let typeName = "cross_entropy"
  static let foreignNames = [
    "cross_entropy_loss", "categorical_cross_entropy", "sparse_categorical_cross_entropy",
    "softmax_cross_entropy", "nll", "nll_loss", "log_loss",
  ]
  static let documentation = Documentation(
    "the negative log-likelihood of one of k classes",
    equation: """
      uⱼ = wⱼ((1 − ε)tⱼ + ε/k),  W = Σⱼ uⱼ      (t one-hot for a class index)
      logits:         ℓ = Σⱼ uⱼ(ln Σᵢ e^zᵢ − zⱼ)
                      ∂zⱼ += W·e^zⱼ / Σᵢ e^zᵢ − uⱼ
      probabilities:  ℓ = −Σⱼ uⱼ·ln zⱼ      (ln bounded by −100)
                      ∂zⱼ += −uⱼ/zⱼ
      """,
    shapes: "output [k], targets a class index or a row of k probabilities",
    example: "loss: {type: cross_entropy, from: logits, class_weights: [1, 1, 4]}",
    source: "PyTorch's CrossEntropyLoss")

  let from: Prediction
  /// w; empty for 1 each.
  var weights: [Double] = []
  let classWeights: ClassWeights
  let weightsLocation: SourceLocation?
  /// ε.
  let smoothing: Double

  var targetDemand: TargetDemand { .distribution }
  var learnsClasses: Bool { true }
  var decisionThreshold: Double { from.threshold }
  var outputMeaning: OutputMeaning { from.meaning(logits: .jointLogits) }

  init(from options: inout Options) {
    from = Prediction.read(from: &options, "softmax")
    classWeights = ClassWeights.read(
      from: &options, default: [],
      "w: the factor of the loss of each class; all 1 if the list is empty")
    if case .list(let list) = classWeights { weights = list }
    weightsLocation = options.location(of: "class_weights")
    smoothing = labelSmoothing(from: &options)
  }

  func plan(output: Shape, target: Target) throws {
    switch target {
    case .values(let shape):
      if output != shape {
        throw Diagnostic("the output \(output) does not fit the targets \(shape)")
      }
    case .classes(let count):
      if output.count != count {
        throw Diagnostic(
          "the output \(output) does not fit targets of \(count) classes, which need [\(count)]"
            + (output.count == 1 ? "; for one output use binary_cross_entropy" : ""))
      }
    }
    if output.count < 2 {
      throw Diagnostic(
        "cross_entropy needs an output for each of at least 2 classes, found \(output);"
          + " for one output use binary_cross_entropy")
    }
    try requireWeights(for: output)
  }

  func equations(output: Shape, target: Target) -> Equations {
    let isWeighted = !weights.isEmpty || smoothing > 0
    let u = isWeighted ? "u_j" : "t_j"
    let (kept, spread) = (
      Equations.number(1 - smoothing), Equations.number(smoothing / Double(output.count))
    )
    let smoothed = smoothing > 0 ? "(\(kept) t_j + \(spread))" : "t_j"
    let weighted = isWeighted ? ["u_j = \(weights.isEmpty ? "" : "w_j ")\(smoothed)"] : []
    switch from {
    case .logits:
      return Equations(
        "", output: #"-\sum_j \#(u) \ln \operatorname{softmax}(z)_j"#,
        where: [#"\operatorname{softmax}(z)_j = \frac{e^{z_j}}{\sum_i e^{z_i}}"#] + weighted,
        inputs: [
          .init(
            derivative: isWeighted
              ? #"\frac{\partial \ell}{\partial z_j} = "#
                + #"\operatorname{softmax}(z)_j \sum_i u_i - u_j"#
              : #"\operatorname{softmax}(z) - t"#)
        ], remark: weightsRemark)
    case .probabilities:
      return Equations(
        "", output: #"-\sum_j \#(u) \ln z_j"#, where: weighted,
        inputs: [
          .init(derivative: #"\frac{\partial \ell}{\partial z_j} = -\frac{\#(u)}{z_j}"#)
        ],
        remark: "Logarithms are bounded below by −100, with slope 0 there. " + weightsRemark)
    }
  }

  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    switch from {
    case .logits: fromLogits(pass)
    case .probabilities: fromProbabilities(pass)
    }
  }

  /// True if uⱼ = tⱼ.
  private var isPlain: Bool { weights.isEmpty && smoothing == 0 }

  /// The factor uⱼ of tⱼ.
  @inline(__always)
  private func u<S: Scalar>(_ t: S, _ j: Int, of k: Int) -> S {
    let smoothed = smoothing == 0 ? t : S(1 - smoothing) * t + S(smoothing / Double(k))
    return weights.isEmpty ? smoothed : S(weights[j]) * smoothed
  }

  private func fromLogits<S: Scalar>(_ pass: LossPass<S>) -> Double {
    var sum = 0.0
    SoftmaxRows.inBlocks(of: pass.z, samples: pass.samples, numbersEach: 3) { rows, room in
      let n = rows.samples.count
      // Σᵢ e^(zᵢ−m) = 1 + rest. Stored separately, a rest far below 1 stays exact.
      let rest = room.slice(0..<n)
      let logOfSum = room.slice(n..<2 &* n)
      let w = room.slice(2 &* n..<3 &* n)
      rest.fill(0)
      rows.forEachPart { row, part, e in
        let top = rows.top(row)
        if part.contains(top) { e[top &- part.lowerBound] = 0 }
        var others = rest[row]
        for i in 0..<part.count { others += e[i] }
        rest[row] = others
      }
      map(.log1p, rest, into: logOfSum)
      for row in rows.rows { w[row] = add(pass, rows, row, logOfSum: logOfSum[row], to: &sum) }
      addGradient(pass, rows, rest: rest, w: w)
    }
    return sum
  }

  /// Adds the loss of one sample to `sum`; returns W.
  @inline(__always)
  private func add<S: Scalar>(
    _ pass: LossPass<S>, _ rows: SoftmaxRows<S>, _ row: Int, logOfSum: S, to sum: inout Double
  ) -> S {
    let (z, positions, m) = (pass.z, rows.positions(row), pass.z[rows.top(row)])
    let t = RowTargets(pass, rows, row)
    if let own = t.own, isPlain {
      sum += Double((m - z[own]) + logOfSum)
      return 1
    }
    var (w, loss): (S, Double) = (0, sum)
    for i in positions {
      let u = u(t[i], i &- positions.lowerBound, of: positions.count)
      w += u
      if u != 0 { loss += Double(u * ((m - z[i]) + logOfSum)) }
    }
    sum = loss
    return w
  }

  @inline(__always)
  private func addGradient<S: Scalar>(
    _ pass: LossPass<S>, _ rows: SoftmaxRows<S>, rest: Tensor<S>, w: Tensor<S>
  ) {
    guard let dz = pass.dz else { return }
    let k = pass.z.shape.count
    rows.forEachPart { row, part, e in
      let (top, first) = (rows.top(row), rows.positions(row).lowerBound)
      let (w, rest, t) = (w[row], rest[row], RowTargets(pass, rows, row))
      let divisor = 1 + rest
      // The slopes replace the exponentials.
      for i in 0..<part.count { e[i] = w * (e[i] / divisor) }
      if let own = t.own, isPlain {
        if part.contains(own) { e[own &- part.lowerBound] -= 1 }
      } else {
        for i in part { e[i &- part.lowerBound] -= u(t[i], i &- first, of: k) }
      }
      if part.contains(top) {
        // p = 1 − rest/(1 + rest), which has no cancellation if p ≈ t.
        let u = u(t[top], top &- first, of: k)
        e[top &- part.lowerBound] = (w - u) - w * (rest / divisor)
      }
      let (dz, scale) = (dz.start + part.lowerBound, pass.scale)
      for i in 0..<part.count { dz[i] += scale * e[i] }
    }
  }

  private func fromProbabilities<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let (z, k) = (pass.z, pass.z.shape.count)
    var sum = 0.0
    inBlocks(of: pass.samples * k) { (block, logarithm: Tensor<S>) in
      map(.log, z.slice(block), into: logarithm)
      for i in block {
        let (sample, j) = i.quotientAndRemainder(dividingBy: k)
        let t = ValueTargets.target(
          in: pass.t, hasClasses: pass.hasClasses, sample: sample, output: j, outputs: k)
        let u = u(t, j, of: k)
        if u == 0 { continue }
        let log = boundedLog(z[i], logarithm[i &- block.lowerBound])
        sum -= Double(u * log.value)
        if let dz = pass.dz { dz[i] -= pass.scale * u * log.slope }
      }
    }
    return sum
  }
}

/// The targets of one sample, by position in z.
private struct RowTargets<S: Scalar> {
  private let t: Tensor<S>
  /// The position of the sample's class; nil if the targets are probabilities.
  let own: Int?

  @inline(__always)
  init(_ pass: LossPass<S>, _ rows: SoftmaxRows<S>, _ row: Int) {
    t = pass.t
    own = pass.hasClasses ? rows.own(row, of: t) : nil
  }

  @inline(__always)
  subscript(position: Int) -> S {
    if let own { position == own ? 1 : 0 } else { t[position] }
  }
}
