import NNExp

/// An elementwise layer, y = f(x).
///
/// A conforming type defines f and its slope. The passes are written once here, and specialized
/// for each type and precision.
protocol Activation: Layer, Component {
  /// f(x); the result for NaN must be NaN.
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

/// An elementwise layer whose function has kernels.
protocol FunctionLayer: Layer, Component {
  var function: ElementwiseFunction { get }
}

extension FunctionLayer {
  var elementwise: ElementwiseFunction? { function }

  func plan(for inputs: [Port]) -> Plan {
    let range: ClosedRange<Double>? =
      switch function {
      case .logistic: 0...1
      case .tanh: -1...1
      case .exp: 0...(.infinity)
      case .expm1: -1...(.infinity)
      case .log, .log1p: -.infinity...(.infinity)
      case .gelu, .geluTanh: nil
      }
    // The kernels take about 16 multiplications and additions per number.
    let plan = Plan(output: inputs[0].shape, work: inputs[0].count.times(16))
    return range.map { plan.with(.within($0)) } ?? plan
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let x = node.inputs[0]
    switch function {
    case .logistic: return [graph.add("Sigmoid", x)]
    case .tanh: return [graph.add("Tanh", x)]
    case .exp: return [graph.add("Exp", x)]
    case .expm1: return [graph.add("Sub", graph.add("Exp", x), graph.constant(1))]
    case .log: return [graph.add("Log", x)]
    case .log1p: return [graph.add("Log", graph.add("Add", x, graph.constant(1)))]
    case .gelu, .geluTanh: return nil
    }
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) { map(function, pass.x, into: pass.y) }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    addVJP(of: function, x: pass.x, y: pass.y, dy: pass.dy, to: pass.dx)
  }
}

/// The rounding error of the product of a and b in float64, ab − rounded(ab); 0 in float32.
///
/// A function with slope f′ at ab is wrong by f′ times that: e^(ab), by up to |ab|/2 units in the
/// last place. Without fused multiply-add, which is a call of the C library on old processors.
@inline(__always)
func productError<S: Scalar>(_ a: S, _ b: S) -> S {
  guard S.self == Double.self else { return 0 }
  let (a, b) = (Double(a), Double(b))
  // Products of upper halves are exact.
  let (aHigh, bHigh) = (upperHalf(a), upperHalf(b))
  let (aLow, bLow) = (a - aHigh, b - bHigh)
  let error = ((aHigh * bHigh - a * b) + aHigh * bLow + aLow * bHigh) + aLow * bLow
  return error.isFinite ? S(error) : 0
}

@inline(__always)
private func upperHalf(_ x: Double) -> Double { Double(bitPattern: x.bitPattern & ~0x7FF_FFFF) }

/// f(x) of a single number, by the kernels: for numbers of which a pass needs few.
func value<S: Scalar>(of f: ElementwiseFunction, _ x: S) -> S {
  withSingle(x) { map(f, $0, into: $0) }
}

/// xᵖ of a single number x ≥ 0, by the kernels.
func power<S: Scalar>(of x: S, _ p: Double) -> S { withSingle(x) { power($0, p, into: $0) } }

@inline(__always)
private func withSingle<S: Scalar>(_ x: S, _ body: (Tensor<S>) -> Void) -> S {
  var x = x
  withUnsafeMutablePointer(to: &x) { body(Tensor(start: $0, count: 1, shape: Shape(count: 1))) }
  return x
}

/// Calls `body` for consecutive ranges that cover the positions 0..<count, with stack memory
/// for `numbersEach` numbers per position of the range.
@inline(__always)
func inBlocks<S: Scalar>(
  of count: Int, numbersEach: Int = 1, _ body: (Range<Int>, Tensor<S>) -> Void
) {
  // One KiB of float64. A larger buffer would be allocated on the heap.
  withUnsafeTemporaryAllocation(of: S.self, capacity: 128) { memory in
    let room = Tensor(start: memory.baseAddress!, count: 128, shape: Shape(count: 128))
    let size = 128 / numbersEach
    for first in stride(from: 0, to: count, by: size) {
      let block = first..<min(first &+ size, count)
      body(block, room.slice(0..<block.count &* numbersEach))
    }
  }
}
