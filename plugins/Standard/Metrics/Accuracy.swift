import NNExp

/// The fraction of samples whose class is predicted.
///
/// The tally is [correct samples, samples].
struct Accuracy: Metric, Component {
  static let typeName = "accuracy"
  static let foreignNames = [
    "acc", "accuracy_score", "binary_accuracy", "categorical_accuracy",
    "sparse_categorical_accuracy",
  ]
  static let documentation = Documentation(
    "the fraction of samples whose class is predicted",
    equation: "accuracy = right / samples",
    shapes: "one output per class, or one output for two classes (class 1 from the threshold on)",
    example: "metrics: [accuracy]")

  var isBetterHigher: Bool { true }

  init(from options: inout Options) {}

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    return 2
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    var right = 0
    for sample in 0..<pass.samples
    where pass.predictedClass(sample) == pass.targetClass(sample) { right += 1 }
    pass.tally[0] += Double(right)
    pass.tally[1] += Double(pass.samples)
  }

  func value(of tally: Tensor<Double>) -> Double { tally[0] / tally[1] }
}
