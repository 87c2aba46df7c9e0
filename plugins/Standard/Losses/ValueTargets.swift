import NNExp

/// Targets as numbers, one an output: what losses and metrics on values read.
///
/// Class targets count as numbers too: with one output the class index itself,
/// 0 or 1; with an output a class, 1 for the class and 0 elsewhere.
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

/// A loss that is a sum of one term an output: ℓ = Σⱼ ℓ(zⱼ, tⱼ).
protocol ValueLoss: Loss {
  /// ℓ(z, t) and ∂ℓ/∂z.
  func term<S: Scalar>(_ z: S, _ t: S) -> (value: S, slope: S)
}

extension ValueLoss {
  func plan(output: Shape, target: Target) throws {
    try target.checkFit(output)
  }

  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let outputs = pass.z.shape.count
    var sum = 0.0
    for sample in 0..<pass.samples {
      for output in 0..<outputs {
        let i = sample * outputs + output
        let t = ValueTargets.target(
          in: pass.t, hasClasses: pass.hasClasses, sample: sample, output: output,
          outputs: outputs)
        let (value, slope) = term(pass.z[i], t)
        sum += Double(value)
        if let dz = pass.dz { dz[i] += pass.scale * slope }
      }
    }
    return sum
  }
}
