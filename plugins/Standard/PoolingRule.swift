import NNExp

/// The rule that computes one number from the entries of a window, if the kernels for all windows
/// do not: because powers underflow, or for float64, which checks gradients.
protocol PoolingRule<S> {
  associatedtype S: Scalar

  /// Returns y for the entries of `patch`, of which there is at least one, in the plane `x`.
  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S

  /// Adds the gradients of the entries to the plane `dx`.
  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>)
}

extension PlaneWindows {
  /// Computes the y for which `isMissing` is true.
  func forward<S, Rule: PoolingRule<S>>(
    _ x: UnsafePointer<S>, into y: UnsafeMutablePointer<S>, planes: Int, by rule: Rule,
    where isMissing: (S) -> Bool
  ) {
    var j = 0
    for (plane, patch) in patches(planes: planes) {
      if isMissing(y[j]) { y[j] = rule.value(x + plane, patch) }
      j &+= 1
    }
  }

  /// Adds the gradients of the windows for whose y `isMissing` is true to dx, in the order of y.
  func backward<S, Rule: PoolingRule<S>>(
    _ x: UnsafePointer<S>, _ y: UnsafePointer<S>, _ dy: UnsafePointer<S>,
    to dx: UnsafeMutablePointer<S>, planes: Int, by rule: inout Rule,
    where isMissing: (S) -> Bool = { _ in true }
  ) {
    var j = 0
    for (plane, patch) in patches(planes: planes) {
      if isMissing(y[j]) { rule.addGradient(of: dy[j], y[j], x + plane, patch, to: dx + plane) }
      j &+= 1
    }
  }
}
