internal import CKernels

/// A function of one real number that kernels compute on whole vectors.
///
/// Errors are below 2 units in the last place for all numbers, including denormals; for
/// `gelu` and `geluTanh`, below 4. The result
/// for NaN is NaN. A number's result has the same bits on every processor and at any index of a
/// tensor.
public enum ElementwiseFunction: UInt32, CaseIterable, Sendable {
  // In the order of CKernels.h.
  /// eˣ
  case exp
  /// eˣ − 1, exact near 0
  case expm1
  /// ln x
  case log
  /// ln(1 + x), exact near 0
  case log1p
  case tanh
  /// 1/(1 + e⁻ˣ)
  case logistic
  /// x·Φ(x), with the distribution function Φ of the normal distribution
  case gelu
  /// ½x(1 + tanh(√(2/π)(x + 0.044715x³)))
  case geluTanh
}

/// Computes y ← f(x) for each entry; x and y may be the same tensor.
///
/// - Precondition: both tensors have the same number of entries.
/// - Cost: per entry, about 0.3 ns (float32) to 1 ns (float64) with AVX-512, twice that with
///   AVX2, four times with SSE2; 10 ns for a call on few entries.
@inlinable
public func map<S: Scalar>(_ f: ElementwiseFunction, _ x: Tensor<S>, into y: Tensor<S>) {
  precondition(x.count == y.count, "the tensors have different numbers of elements")
  if S.self == Float.self {
    let (x, y) = (x.cast(to: Float.self), y.cast(to: Float.self))
    Float.map(f, x.start, into: y.start, count: y.count)
  } else {
    let (x, y) = (x.cast(to: Double.self), y.cast(to: Double.self))
    Double.map(f, x.start, into: y.start, count: y.count)
  }
}

/// Computes dx ← dx + dy·f′(x) for each entry, where y = f(x).
///
/// In float64 every slope is within 4 units in the last place (of `gelu`, except near the slope's
/// zero at x = −0.75). In float32 those of
/// tanh and the logistic function come from the rounded y: they lose digits as y
/// approaches its limit.
@inlinable
public func addVJP<S: Scalar>(
  of f: ElementwiseFunction, x: Tensor<S>, y: Tensor<S>, dy: Tensor<S>, to dx: Tensor<S>
) {
  precondition(
    x.count == dx.count && y.count == dx.count && dy.count == dx.count,
    "the tensors have different numbers of elements")
  if S.self == Float.self && dx.count <= 8 {
    // A kernel call for a few entries takes longer than this loop, which gives the same bits.
    switch f {
    case .logistic:
      for i in dx.indices { dx.start[i] += dy.start[i] * (y.start[i] * (1 - y.start[i])) }
      return
    case .tanh:
      for i in dx.indices { dx.start[i] += dy.start[i] * ((1 - y.start[i]) * (1 + y.start[i])) }
      return
    default: break
    }
  }
  if S.self == Float.self {
    let (x, y) = (x.cast(to: Float.self), y.cast(to: Float.self))
    let (dx, dy) = (dx.cast(to: Float.self), dy.cast(to: Float.self))
    Float.addVJP(of: f, x.start, y.start, dy.start, to: dx.start, count: dx.count)
  } else {
    let (x, y) = (x.cast(to: Double.self), y.cast(to: Double.self))
    let (dx, dy) = (dx.cast(to: Double.self), dy.cast(to: Double.self))
    Double.addVJP(of: f, x.start, y.start, dy.start, to: dx.start, count: dx.count)
  }
}

/// Computes y ← xᵖ for each entry x ≥ 0; NaN for other x. x and y may be the same tensor.
///
/// Errors are below 1 unit in the last place; the bits are the same on every processor.
/// - Cost: about 1.5 ns (float32) to 4 ns (float64) per entry with AVX-512.
@inlinable
public func power<S: Scalar>(_ x: Tensor<S>, _ p: Double, into y: Tensor<S>) {
  precondition(x.count == y.count, "the tensors have different numbers of elements")
  if S.self == Float.self {
    let (x, y) = (x.cast(to: Float.self), y.cast(to: Float.self))
    Float.power(x.start, p, into: y.start, count: y.count)
  } else {
    let (x, y) = (x.cast(to: Double.self), y.cast(to: Double.self))
    Double.power(x.start, p, into: y.start, count: y.count)
  }
}

// The kernels of each precision. They are called, not inlined, so that plugins need no C
// module.

extension Float {
  @usableFromInline package static func map(
    _ f: ElementwiseFunction, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    nnexp_map_f32(nnexp_function(f.rawValue), x, y, count)
  }

  @usableFromInline package static func addVJP(
    of f: ElementwiseFunction, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>,
    _ dy: UnsafePointer<Float>, to dx: UnsafeMutablePointer<Float>, count: Int
  ) {
    nnexp_vjp_f32(nnexp_function(f.rawValue), x, y, dy, dx, count)
  }

  @usableFromInline package static func power(
    _ x: UnsafePointer<Float>, _ p: Double, into y: UnsafeMutablePointer<Float>, count: Int
  ) {
    nnexp_power_f32(x, p, y, count)
  }
}

extension Double {
  @usableFromInline package static func map(
    _ f: ElementwiseFunction, _ x: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>,
    count: Int
  ) {
    nnexp_map_f64(nnexp_function(f.rawValue), x, y, count)
  }

  @usableFromInline package static func addVJP(
    of f: ElementwiseFunction, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>,
    _ dy: UnsafePointer<Double>, to dx: UnsafeMutablePointer<Double>, count: Int
  ) {
    nnexp_vjp_f64(nnexp_function(f.rawValue), x, y, dy, dx, count)
  }

  @usableFromInline package static func power(
    _ x: UnsafePointer<Double>, _ p: Double, into y: UnsafeMutablePointer<Double>, count: Int
  ) {
    nnexp_power_f64(x, p, y, count)
  }
}
