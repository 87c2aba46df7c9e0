public import NNExp

/// One array of the targets, which a head learns.
public struct TargetPort: Sendable {
  /// The name in the experiment file; `target` if the file names none.
  public let name: String

  /// Numbers of a shape, or one of several classes.
  public let target: Target

  /// The names of the numbers of a target, in order; for classes, the name of the label.
  public let numberNames: [String]

  /// The names of the classes in the order of their indices; empty unless `target` is
  /// `.classes`.
  public let classNames: [String]

  /// Whether whole numbers are read as classes although the file does not say so.
  public let isGuess: Bool

  /// The conversion to the units of the data; nil if the numbers are not scaled.
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
