import NNExp

/// The negative log-likelihood of binary targets, with an independent target per output.
///
///     logits         ℓ   = Σⱼ w₁·t·softplus(−z) + w₀·(1−t)·softplus(z)
///                    ∂zⱼ += w₀·(1−t)·σ(z) − w₁·t·σ(−z)
///     probabilities  ℓ   = −Σⱼ w₁·t·ln z + w₀·(1−t)·ln(1−z)
///                    ∂zⱼ += w₀·(1−t)/(1−z) − w₁·t/z
///
/// Logarithms of probabilities are bounded below by −100, with slope 0 there.
/// Targets are from 0 to 1; label smoothing makes them (1 − ε)t + ε/2. `class_weights: [w₀, w₁]`
/// weigh the classes 0 and 1.
struct BinaryCrossEntropy: Loss, Component {
  static let typeName = "binary_cross_entropy"
  static let foreignNames = ["bce", "bce_loss", "bce_with_logits", "bce_with_logits_loss"]
  static let documentation = Documentation(
    "the negative log-likelihood of yes-or-no targets, summed over the outputs",
    equation: """
      logits:         ℓ = Σⱼ w₁·t·softplus(−z) + w₀·(1−t)·softplus(z)
                      ∂zⱼ += w₀·(1−t)·σ(z) − w₁·t·σ(−z)
      probabilities:  ℓ = −Σⱼ w₁·t·ln z + w₀·(1−t)·ln(1−z)      (ln bounded by −100)
                      ∂zⱼ += w₀·(1−t)/(1−z) − w₁·t/z
      """,
    shapes: "output and targets of one shape, targets 0…1; or one output for two classes;"
      + " or one output per class",
    example: "loss: {type: binary_cross_entropy, from: logits, class_weights: [1, 5]}",
    source: "PyTorch's BCELoss and BCEWithLogitsLoss")

  let from: Prediction
  private(set) var w0 = 1.0
  private(set) var w1 = 1.0
  let classWeights: ClassWeights
  let weightsLocation: SourceLocation?
  /// ε.
  let smoothing: Double

  var targetDemand: TargetDemand { .unitInterval }
  var learnsClasses: Bool { true }
  var decisionThreshold: Double { from.threshold }
  var outputMeaning: OutputMeaning { from.meaning(logits: .logits) }

  init(from options: inout Options) {
    from = Prediction.read(from: &options, "sigmoid")
    classWeights = ClassWeights.read(
      from: &options, default: [1, 1],
      "[w₀, w₁]: the factors of the losses of class 0 and class 1")
    weightsLocation = options.location(of: "class_weights")
    smoothing = labelSmoothing(from: &options)
    guard case .list(let weights) = classWeights else { return }
    if weights.count == 2 {
      (w0, w1) = (weights[0], weights[1])
    } else {
      options.reject(
        "class_weights", "class_weights must be two numbers, [w₀, w₁], found \(weights.count)")
    }
  }

  func fitted(to classes: () throws -> TargetClasses?) throws -> any Loss {
    do {
      guard let weights = try classWeights.fitted(to: classes) else { return self }
      guard weights.count == 2 else {
        throw Diagnostic("class_weights must be of two classes, found \(weights.count)")
      }
      var loss = self
      (loss.w0, loss.w1) = (weights[0], weights[1])
      return loss
    } catch let fact as Diagnostic { throw fact.located(at: weightsLocation) }
  }

  func equations(output: Shape, target: Target) -> Equations {
    let isWeighted = w0 != 1 || w1 != 1
    let (kept, spread) = (Equations.number(1 - smoothing), Equations.number(smoothing / 2))
    let t = smoothing > 0 ? "(\(kept) t_j + \(spread))" : "t_j"
    let (yes, no) = isWeighted ? ("w_1 \(t)", "w_0 (1 - \(t))") : (t, "(1 - \(t))")
    let weights =
      isWeighted
      ? ["w_0 = \(Equations.number(w0))", "w_1 = \(Equations.number(w1))"] : []
    switch from {
    case .logits:
      return Equations(
        "", output: #"-\sum_j (\#(yes) \ln \sigma(z_j) + \#(no) \ln(1 - \sigma(z_j)))"#,
        where: [#"\sigma(u) = \frac{1}{1 + e^{-u}}"#] + weights,
        inputs: [
          .init(
            derivative: isWeighted
              ? #"\frac{\partial \ell}{\partial z_j} = \#(no) \sigma(z_j) - \#(yes) (1 - \sigma(z_j))"#
              : smoothing > 0
                ? #"\frac{\partial \ell}{\partial z_j} = \sigma(z_j) - \#(t)"#
                : #"\sigma(z) - t"#)
        ])
    case .probabilities:
      return Equations(
        "", output: #"-\sum_j (\#(yes) \ln z_j + \#(no) \ln(1 - z_j))"#, where: weights,
        inputs: [
          .init(
            derivative: #"\frac{\partial \ell}{\partial z_j} = "#
              + #"\frac{\#(no)}{1 - z_j} - \frac{\#(yes)}{z_j}"#)
        ], remark: "Logarithms are bounded below by −100, with slope 0 there.")
    }
  }

  func plan(output: Shape, target: Target) throws { try target.checkFit(output) }

  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let outputs = pass.z.shape.count
    var sum = 0.0
    inBlocks(of: pass.samples * outputs, numbersEach: 2) {
      (block, room: Tensor<S>) in
      let first = block.lowerBound
      let (e, tail) = (room.slice(0..<block.count), room.slice(block.count..<room.count))
      // σ(±z) and softplus(±z) from e^(−|z|), which cannot overflow; or ln z and ln(1 − z).
      if from == .logits {
        for i in block { e[i &- first] = -abs(pass.z[i]) }
        map(.exp, e, into: e)
        map(.log1p, e, into: tail)
      } else {
        for i in block { tail[i &- first] = 1 - pass.z[i] }
        map(.log, pass.z.slice(block), into: e)
        map(.log, tail, into: tail)
      }
      for i in block {
        let (sample, output) = i.quotientAndRemainder(dividingBy: outputs)
        let t = ValueTargets.target(
          in: pass.t, hasClasses: pass.hasClasses, sample: sample, output: output,
          outputs: outputs)
        let smoothed = smoothing == 0 ? t : S(1 - smoothing) * t + S(smoothing / 2)
        let (value, slope) =
          from == .logits
          ? term(pass.z[i], smoothed, e[i &- first], tail[i &- first])
          : term(ofProbability: pass.z[i], smoothed, e[i &- first], tail[i &- first])
        sum += Double(value)
        if let dz = pass.dz { dz[i] += pass.scale * slope }
      }
    }
    return sum
  }

  /// ℓ and ∂ℓ/∂z of a logit; e = e^(−|z|), tail = ln(1 + e).
  private func term<S: Scalar>(_ z: S, _ t: S, _ e: S, _ tail: S) -> (value: S, slope: S) {
    let yes = S(w1) * t
    let no = S(w0) * (1 - t)
    let far = 1 / (1 + e)  // σ(|z|)
    let near = e / (1 + e)  // σ(−|z|)
    if z >= 0 { return (yes * tail + no * (z + tail), no * far - yes * near) }
    return (yes * (tail - z) + no * tail, no * near - yes * far)
  }

  /// ℓ and ∂ℓ/∂z of a probability; log = ln z, logOfRest = ln(1 − z).
  private func term<S: Scalar>(
    ofProbability z: S, _ t: S, _ log: S, _ logOfRest: S
  ) -> (value: S, slope: S) {
    let p = boundedLog(z, log)
    let q = boundedLog(1 - z, logOfRest)
    let yes = S(w1) * t
    let no = S(w0) * (1 - t)
    return (-yes * p.value - no * q.value, no * q.slope - yes * p.slope)
  }
}
