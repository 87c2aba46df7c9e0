import NNExp

/// Targets as numbers, one per output, for losses and metrics on values.
///
/// Class targets are converted to numbers: for one output, the class index 0 or 1; for one
/// output per class, the one-hot row of the class.
enum ValueTargets {
  @inline(__always)
  static func target<S: Scalar>(
    in t: Tensor<S>, hasClasses: Bool, sample: Int, output: Int, outputs: Int
  ) -> S {
    if !hasClasses { return t[sample * outputs + output] }
    if outputs == 1 { return t[sample] }
    return t[sample] == S(output) ? 1 : 0
  }
}

/// A loss that is a sum of one term per output: ℓ = Σⱼ ℓ(zⱼ, tⱼ).
protocol ValueLoss: Loss, Component {
  /// Returns ℓ(z, t) and ∂ℓ/∂z.
  func term<S: Scalar>(_ z: S, _ t: S) -> (value: S, slope: S)
}

extension ValueLoss {
  func plan(output: Shape, target: Target) throws {
    try target.checkFit(output)
  }

  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let outputs = pass.z.shape.count
    // Targets that are numbers, or one class index per sample, have the layout of the outputs.
    if !pass.hasClasses || outputs == 1 {
      let t = pass.t.start
      return evaluate(pass) { t[$0] }
    }
    return evaluate(pass) { i in
      let (sample, output) = i.quotientAndRemainder(dividingBy: outputs)
      return ValueTargets.target(
        in: pass.t, hasClasses: true, sample: sample, output: output, outputs: outputs)
    }
  }

  @inline(__always)
  private func evaluate<S: Scalar>(_ pass: LossPass<S>, target: (Int) -> S) -> Double {
    let (z, scale, count) = (pass.z.start, pass.scale, pass.z.count)
    var sum = 0.0
    if let dz = pass.dz?.start {
      for i in 0..<count {
        let (value, slope) = term(z[i], target(i))
        sum += Double(value)
        dz[i] += scale * slope
      }
    } else {
      for i in 0..<count { sum += Double(term(z[i], target(i)).value) }
    }
    return sum
  }
}
