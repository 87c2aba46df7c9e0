import NNExp

/// Converts the scaled numbers of a target back to the units of the data:
///
///     x = z · spread + (shift + origin), or x = eᶻ
///
/// There is one entry per number of the target. A spread of 0 means that the training data
/// are constant.
public struct TargetUnits: Sendable, Equatable {
  public let origin: [Double]
  public let shift: [Double]
  public let spread: [Double]
  /// Whether each number was scaled to its logarithm; empty if none was.
  public let areLogs: [Bool]

  public init(origin: [Double], shift: [Double], spread: [Double], areLogs: [Bool] = []) {
    (self.origin, self.shift, self.spread) = (origin, shift, spread)
    self.areLogs = areLogs
  }

  /// Converts one number of the target to the units of the data.
  public func value(_ z: Double, at index: Int) -> Double {
    if !areLogs.isEmpty, areLogs[index] { return Double.exp(z) }
    return z * spread[index] + (shift[index] + origin[index])
  }

  /// Converts the standard deviation of one number of the target, which is not a logarithm.
  public func standardDeviation(_ z: Double, at index: Int) -> Double { z * abs(spread[index]) }
}
