public import Platform

/// A floating-point type of a network: `Float` trains, `Double` trains or checks gradients.
///
/// The functions of one number are those of the C library. For tensors, use `map(_:_:into:)`,
/// `power(_:_:into:)` and `multiply(_:_:into:)`. No other type conforms, because these
/// functions have kernels only for `Float` and `Double`.
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
  /// 1 − erf x, accurate also if erf x is near 1.
  static func erfc(_ x: Self) -> Self
  static func sin(_ x: Self) -> Self
  static func cos(_ x: Self) -> Self
}

extension Float: Scalar {
  public static var dtypeName: String { "float32" }

  @inlinable public static func exp(_ x: Float) -> Float { Platform.expf(x) }
  @inlinable public static func expm1(_ x: Float) -> Float { Platform.expm1f(x) }
  @inlinable public static func log(_ x: Float) -> Float { Platform.logf(x) }
  @inlinable public static func log1p(_ x: Float) -> Float { Platform.log1pf(x) }
  @inlinable public static func pow(_ x: Float, _ exponent: Float) -> Float {
    Platform.powf(x, exponent)
  }
  @inlinable public static func tanh(_ x: Float) -> Float { Platform.tanhf(x) }
  @inlinable public static func erf(_ x: Float) -> Float { Platform.erff(x) }
  @inlinable public static func erfc(_ x: Float) -> Float { Platform.erfcf(x) }
  @inlinable public static func sin(_ x: Float) -> Float { Platform.sinf(x) }
  @inlinable public static func cos(_ x: Float) -> Float { Platform.cosf(x) }
}

extension Double: Scalar {
  public static var dtypeName: String { "float64" }

  @inlinable public static func exp(_ x: Double) -> Double { Platform.exp(x) }
  @inlinable public static func expm1(_ x: Double) -> Double { Platform.expm1(x) }
  @inlinable public static func log(_ x: Double) -> Double { Platform.log(x) }
  @inlinable public static func log1p(_ x: Double) -> Double { Platform.log1p(x) }
  @inlinable public static func pow(_ x: Double, _ exponent: Double) -> Double {
    Platform.pow(x, exponent)
  }
  @inlinable public static func tanh(_ x: Double) -> Double { Platform.tanh(x) }
  @inlinable public static func erf(_ x: Double) -> Double { Platform.erf(x) }
  @inlinable public static func erfc(_ x: Double) -> Double { Platform.erfc(x) }
  @inlinable public static func sin(_ x: Double) -> Double { Platform.sin(x) }
  @inlinable public static func cos(_ x: Double) -> Double { Platform.cos(x) }
}
