internal import CKernels

/// The constants of one step of Adam.
///
///     d = g + decay·w
///     m ← meanKept·m + meanAdded·d
///     v ← squareKept·v + squareAdded·d²
///     w ← shrinkage·w − rate·m/(√v·correction + epsilon)
///
/// They are rounded to the precision of w. The square root of a negative number is 0.
package struct AdamStep {
  fileprivate let constants: nnexp_adam

  package init(
    decay: Double, shrinkage: Double, mean: (kept: Double, added: Double),
    square: (kept: Double, added: Double), rate: Double, correction: Double, epsilon: Double
  ) {
    constants = nnexp_adam(
      decay: decay, shrinkage: shrinkage, mean_kept: mean.kept, mean_added: mean.added,
      square_kept: square.kept, square_added: square.added, rate: rate, correction: correction,
      epsilon: epsilon)
  }
}

extension Float {
  package static func adam(
    _ step: AdamStep, _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>,
    m: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>,
    largest: UnsafeMutablePointer<Float>?, count: Int
  ) {
    withUnsafePointer(to: step.constants) { nnexp_adam_f32($0, w, g, m, v, largest, count) }
  }
}

extension Double {
  package static func adam(
    _ step: AdamStep, _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>,
    m: UnsafeMutablePointer<Double>, v: UnsafeMutablePointer<Double>,
    largest: UnsafeMutablePointer<Double>?, count: Int
  ) {
    withUnsafePointer(to: step.constants) { nnexp_adam_f64($0, w, g, m, v, largest, count) }
  }
}
