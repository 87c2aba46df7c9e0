import NNExp

/// An elementwise layer, y = f(x).
///
/// A conforming type states f and its slope; the passes are written here, once,
/// and specialised for each type and precision.
protocol Activation: Layer {
  /// f(x); NaN for NaN.
  func value<S: Scalar>(_ x: S) -> S

  /// f′(x), from x and y = f(x).
  func slope<S: Scalar>(_ x: S, _ y: S) -> S
}

extension Activation {
  func plan(for inputs: [Shape]) -> Plan { Plan(output: inputs[0]) }

  func forward<S: Scalar>(_ pass: Forward<S>) {
    let (x, y) = (pass.x, pass.y)
    for i in y.indices { y[i] = value(x[i]) }
  }

  func backward<S: Scalar>(_ pass: Backward<S>) {
    let (x, y, dx, dy) = (pass.x, pass.y, pass.dx, pass.dy)
    for i in dx.indices { dx[i] += dy[i] * slope(x[i], y[i]) }
  }
}
