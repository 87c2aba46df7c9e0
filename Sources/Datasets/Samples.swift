public import NNExp

/// Inputs and targets, row-major, samples outermost.
public struct Samples<S: Scalar>: Sendable {
  public var inputs: [S]
  public var targets: [S]
  public var count: Int

  public init(inputs: [S], targets: [S], count: Int) {
    self.inputs = inputs
    self.targets = targets
    self.count = count
  }
}

/// What `DataDeclaration.load` gives.
public struct DataSets<S: Scalar>: Sendable {
  public let inputShape: Shape
  public let target: Target
  public let train: Samples<S>
  public let validation: Samples<S>?
  public let test: Samples<S>?
  public let inputNames: [String]
  public let targetNames: [String]
  public let classNames: [String]
}
