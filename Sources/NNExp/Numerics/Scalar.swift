public import Glibc

/// A floating-point type that networks compute in: `Float` trains, `Double`
/// trains or checks gradients.
///
/// The functions of one number are the C library's, named as in the field; for
/// tensors there is `map(_:_:into:)`.
public protocol Scalar: BinaryFloatingPoint, Codable, LosslessStringConvertible, SIMDScalar,
  Sendable
{
  /// The name after `dtype:` in an experiment file.
  static var dtypeName: String { get }

  static func exp(_ x: Self) -> Self
  /// eˣ − 1, exact near 0.
  static func expm1(_ x: Self) -> Self
  static func log(_ x: Self) -> Self
  /// ln(1 + x), exact near 0.
  static func log1p(_ x: Self) -> Self
  static func pow(_ x: Self, _ exponent: Self) -> Self
  static func tanh(_ x: Self) -> Self
  /// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
  static func erf(_ x: Self) -> Self
  static func sin(_ x: Self) -> Self
  static func cos(_ x: Self) -> Self

  // The kernels behind `map(_:_:into:)` and its like; call those.
  static func map(
    _ f: RealFunction, _ x: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>, count: Int)
  static func addPullback(
    of f: RealFunction, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ dy: UnsafePointer<Self>, to dx: UnsafeMutablePointer<Self>, count: Int)
  static func power(
    _ x: UnsafePointer<Self>, _ p: Double, into y: UnsafeMutablePointer<Self>, count: Int)

  /// y ← Σ|xᵢ|ᵖ over every window of `rows` rows of tiles, or that over n, for
  /// p = 1, 2, 3, 4; `room` is two rows of x.
  static func addPowers(
    _ x: UnsafePointer<Self>, _ p: Int, over n: Self, of tiles: Tiles,
    into y: UnsafeMutablePointer<Self>, rows: Int, room: UnsafeMutablePointer<Self>)
  /// y ← s^(1/p) for p = 1, 2, 3, 4; false if some s are so small or large that
  /// powers lost figures on the way to them.
  static func takeRoots(
    _ s: UnsafePointer<Self>, _ p: Int, into y: UnsafeMutablePointer<Self>, count: Int
  ) -> Bool
  /// ∂x += ∂y·sign(x)·|x/y|^(p−1), or that over n, for the windows of `rows`, up
  /// to the first row where a y is so small or large that quotients by it lose
  /// figures; answers where it ended.
  static func addSlopes(
    _ x: UnsafePointer<Self>, _ p: Int, over n: Self, of tiles: Tiles, _ y: UnsafePointer<Self>,
    _ dy: UnsafePointer<Self>, to dx: UnsafeMutablePointer<Self>, rows: Range<Int>,
    room: UnsafeMutablePointer<Self>
  ) -> Int

  /// y ← max|xᵢ| of every window of `rows` rows of tiles of 2 × 2; NaN if there is
  /// one.
  static func takeLargest(
    _ x: UnsafePointer<Self>, of tiles: Tiles, into y: UnsafeMutablePointer<Self>, rows: Int)
  /// ∂x += ∂y·sign(x) at the first entry of every such window that is as large as
  /// y, or NaN.
  static func addLargestSlopes(
    _ x: UnsafePointer<Self>, of tiles: Tiles, _ y: UnsafePointer<Self>,
    _ dy: UnsafePointer<Self>, to dx: UnsafeMutablePointer<Self>, rows: Int)

  /// patches ← the windows of x, one a column.
  static func gather(
    _ windows: Windows, _ x: UnsafePointer<Self>, into patches: UnsafeMutablePointer<Self>)
  /// x ← x + the columns of patches, each where its window is.
  static func scatter(
    _ windows: Windows, _ patches: UnsafePointer<Self>, to x: UnsafeMutablePointer<Self>)

  /// packed ← A, in the order that `correlate` reads it; as many numbers.
  static func pack(
    _ factors: Factors, _ a: UnsafePointer<Self>, into packed: UnsafeMutablePointer<Self>)
  /// y ← c + A·B, with c[m] in all of row m, or 0 without c.
  static func correlate(
    _ packed: UnsafePointer<Self>, rows: Int, _ b: UnsafePointer<Self>, as overlap: Overlap,
    from c: UnsafePointer<Self>?, into y: UnsafeMutablePointer<Self>)
  /// w ← w + Σ B·dᵀ over samples whose d and B lie so many numbers apart; w
  /// `[rows of B, rows of d]`.
  static func addCorrelations(
    _ d: UnsafePointer<Self>, rows: Int, step: Int, _ b: UnsafePointer<Self>,
    as overlap: Overlap, step stepB: Int, samples: Int, to w: UnsafeMutablePointer<Self>)
  /// sums ← sums + the sum of each row of d, over all samples.
  static func addSums(
    _ d: UnsafePointer<Self>, rows: Int, columns: Int, step: Int, samples: Int,
    to sums: UnsafeMutablePointer<Self>)

  /// The BLAS behind `multiply(_:_:into:accumulating:)`; call that.
  static func multiplyMatrices(
    rows: Int, columns: Int, inner: Int,
    _ a: UnsafePointer<Self>, stride strideA: Int, transposed transposeA: Bool,
    _ b: UnsafePointer<Self>, stride strideB: Int, transposed transposeB: Bool,
    into c: UnsafeMutablePointer<Self>, stride strideC: Int, accumulating: Bool)

  // Each calls the requirement that is meant for this scalar type; for the engine.
  static func forward(_ layer: any Layer, _ pass: Forward<Self>)
  static func backward(_ layer: any Layer, _ pass: Backward<Self>)
  static func evaluate(_ loss: any Loss, _ pass: LossPass<Self>) -> Double
  static func add(_ metric: any Metric, _ pass: MetricPass<Self>)
  static func step(_ optimizer: any Optimizer, _ pass: Update<Self>)
}

extension Float: Scalar {
  public static var dtypeName: String { "float32" }

  @inlinable public static func exp(_ x: Float) -> Float { Glibc.expf(x) }
  @inlinable public static func expm1(_ x: Float) -> Float { Glibc.expm1f(x) }
  @inlinable public static func log(_ x: Float) -> Float { Glibc.logf(x) }
  @inlinable public static func log1p(_ x: Float) -> Float { Glibc.log1pf(x) }
  @inlinable public static func pow(_ x: Float, _ exponent: Float) -> Float {
    Glibc.powf(x, exponent)
  }
  @inlinable public static func tanh(_ x: Float) -> Float { Glibc.tanhf(x) }
  @inlinable public static func erf(_ x: Float) -> Float { Glibc.erff(x) }
  @inlinable public static func sin(_ x: Float) -> Float { Glibc.sinf(x) }
  @inlinable public static func cos(_ x: Float) -> Float { Glibc.cosf(x) }
}

extension Double: Scalar {
  public static var dtypeName: String { "float64" }

  @inlinable public static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  @inlinable public static func expm1(_ x: Double) -> Double { Glibc.expm1(x) }
  @inlinable public static func log(_ x: Double) -> Double { Glibc.log(x) }
  @inlinable public static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
  @inlinable public static func pow(_ x: Double, _ exponent: Double) -> Double {
    Glibc.pow(x, exponent)
  }
  @inlinable public static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
  @inlinable public static func erf(_ x: Double) -> Double { Glibc.erf(x) }
  @inlinable public static func sin(_ x: Double) -> Double { Glibc.sin(x) }
  @inlinable public static func cos(_ x: Double) -> Double { Glibc.cos(x) }
}
