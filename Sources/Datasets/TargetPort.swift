public import NNExp

/// One array of the data that a head learns.
public struct TargetPort: Sendable {
  /// The name in the experiment file; `target` for the only one of data that name none.
  public let name: String

  /// Numbers of a shape, or one of several classes.
  public let target: Target

  /// One name per number of a target, in the order of its numbers; the label's for classes.
  public let numberNames: [String]

  /// In the order of the class indices; empty unless `target` is `.classes`.
  public let classNames: [String]

  /// Whether whole numbers are taken for classes, though the file does not say so.
  public let isGuess: Bool

  /// Nil if the numbers are as in the data.
  public let units: TargetUnits?

  public init(
    name: String = "target", target: Target, numberNames: [String]? = nil,
    classNames: [String] = [], isGuess: Bool = false, units: TargetUnits? = nil
  ) {
    self.name = name
    self.isGuess = isGuess
    self.units = units
    self.target = target
    self.numberNames = numberNames ?? ColumnLayout(target.shape.count, named: name).names
    self.classNames = classNames
  }
}
