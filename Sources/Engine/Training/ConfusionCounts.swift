public import NNExp

/// A metric that counts a confusion matrix, for use with `Evaluator.tally`.
public struct ConfusionCounts: Metric {
  public init() {}

  public var isBetterHigher: Bool { true }

  public func plan(output: Shape, target: Target) throws -> Int {
    let classes = try ConfusionMatrix.classes(output: output, target: target)
    return classes * classes
  }

  public var needsProbabilities: Bool { false }

  public func numbersPerSample(output: Shape, target: Target) -> Int { 0 }

  public func add<S: Scalar>(_ pass: MetricPass<S>) { ConfusionMatrix(pass.tally).add(pass) }

  /// Not used: callers read the tally.
  public func value(of tally: Tensor<Double>) -> Double { .nan }
}
