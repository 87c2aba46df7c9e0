/// The condition of a loss on targets that are numbers.
public enum TargetDemand: Sendable, Hashable {
  case any

  /// Each number is from 0 to 1.
  case unitInterval

  /// Each number is at least 0.
  case nonNegative

  /// The numbers of a sample are probabilities that add up to 1.
  case distribution
}

/// The classes of the training data, and the number of samples of each.
public struct TargetClasses: Sendable {
  public let names: [String]
  public let counts: [Int]

  public init(names: [String], counts: [Int]) { (self.names, self.counts) = (names, counts) }
}
