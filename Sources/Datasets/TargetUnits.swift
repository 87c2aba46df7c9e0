import NNExp

/// How a target's scaled numbers become numbers in the units of the data again.
///
///     x = z · spread + (shift + origin), or x = eᶻ
///
/// One entry per number of the target; a spread of 0 means that the training data are
/// constant.
public struct TargetUnits: Sendable, Equatable {
  public let origin: [Double]
  public let shift: [Double]
  public let spread: [Double]
  /// Whether the number is scaled to its logarithm; empty if none is.
  public let areLogs: [Bool]

  public init(origin: [Double], shift: [Double], spread: [Double], areLogs: [Bool] = []) {
    (self.origin, self.shift, self.spread) = (origin, shift, spread)
    self.areLogs = areLogs
  }

  /// The number at position `index` of the target in the units of the data.
  public func value(_ z: Double, at index: Int) -> Double {
    if !areLogs.isEmpty, areLogs[index] { return Double.exp(z) }
    return z * spread[index] + (shift[index] + origin[index])
  }
}
