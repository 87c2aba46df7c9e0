import NNExp

/// A metric of classes that is computed from the confusion matrix, which is its tally.
protocol ConfusionMetric: Metric, Component {}

extension ConfusionMetric {
  var isBetterHigher: Bool { true }

  /// The outputs that such a metric reads, for its documentation.
  static var shapes: String {
    "one output per class, or one output for two classes; at most"
      + " \(ConfusionMatrix.maximumClasses) classes"
  }

  func plan(output: Shape, target: Target) throws -> Int {
    let classes = try ConfusionMatrix.classes(output: output, target: target)
    return classes * classes
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) { ConfusionMatrix(pass.tally).add(pass) }
}
