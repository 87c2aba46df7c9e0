public import NNExp

/// Counts a confusion matrix as a metric would, for `Evaluator.tally`.
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

  /// Nothing: the tally itself is what is asked for.
  public func value(of tally: Tensor<Double>) -> Double { .nan }
}
