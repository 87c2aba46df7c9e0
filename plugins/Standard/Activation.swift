import NNExp

/// An elementwise layer, y = f(x).
///
/// A conforming type states f and its slope; the passes are written here, once,
/// and specialised for each type and precision.
protocol Activation: Layer, Component {
  /// f(x); NaN for NaN.
  func value<S: Scalar>(_ x: S) -> S

  /// f′(x), from x and y = f(x).
  func slope<S: Scalar>(_ x: S, _ y: S) -> S
}

extension Activation {
  func plan(for inputs: [Port]) -> Plan { Plan(output: inputs[0].shape) }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    for i in y.indices { y[i] = value(x[i]) }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, y, dx, dy) = (pass.x, pass.y, pass.dx, pass.dy)
    for i in dx.indices { dx[i] += dy[i] * slope(x[i], y[i]) }
  }
}

/// An elementwise layer that is one of the functions with kernels.
protocol FunctionLayer: Layer, Component {
  static var function: ElementwiseFunction { get }
}

extension FunctionLayer {
  var elementwise: ElementwiseFunction? { Self.function }

  func plan(for inputs: [Port]) -> Plan {
    let range: ClosedRange<Double> =
      switch Self.function {
      case .logistic: 0...1
      case .tanh: -1...1
      case .exp: 0...(.infinity)
      case .expm1: -1...(.infinity)
      case .log, .log1p: -.infinity...(.infinity)
      }
    return Plan(output: inputs[0].shape).with(.within(range))
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) { map(Self.function, pass.x, into: pass.y) }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    addVJP(of: Self.function, x: pass.x, y: pass.y, dy: pass.dy, to: pass.dx)
  }
}

/// Calls `body` for one range of positions after another, all of 0..<count, with
/// room on the stack for `numbersEach` numbers for each position of the range.
@inline(__always)
func inBlocks<S: Scalar>(
  of count: Int, numbersEach: Int = 1, _ body: (Range<Int>, Tensor<S>) -> Void
) {
  // A KiB of float64: more would be taken from the heap.
  withUnsafeTemporaryAllocation(of: S.self, capacity: 128) { memory in
    let room = Tensor(start: memory.baseAddress!, count: 128, shape: Shape(count: 128))
    let size = 128 / numbersEach
    for first in stride(from: 0, to: count, by: size) {
      let block = first..<min(first &+ size, count)
      body(block, room.slice(0..<block.count &* numbersEach))
    }
  }
}
