import NNExp

/// A mean of the classes' scores, weighted by the number of samples that have the class as
/// target.
protocol WeightedAverage: ConfusionMetric {
  /// The metric with these scores whose mean is not weighted.
  associatedtype Unweighted: ClassAverage
}

extension WeightedAverage {
  func value(of tally: Tensor<Double>) -> Double {
    let matrix = ConfusionMatrix(tally)
    var (sum, samples) = (0.0, 0.0)
    for c in 0..<matrix.classes {
      let targets = matrix.targets(c)
      if targets == 0 { continue }
      sum += targets * (Unweighted.score(of: c, in: matrix) ?? 0)
      samples += targets
    }
    return sum / samples
  }
}

/// The mean of the classes' precision, weighted by their targets.
struct WeightedPrecision: WeightedAverage {
  typealias Unweighted = MacroPrecision

  static let typeName = "weighted_precision"
  static let foreignNames = ["precision_weighted"]
  static let documentation = Documentation(
    "the mean of the classes' precision, weighted by how many samples have the class",
    equation: "Σ targets_c · right_c / predictions_c / samples; 0/0 counts as 0", shapes: shapes,
    example: "metrics: [weighted_precision]")

  init(from options: inout Options) {}
}

/// The mean of the classes' recall, weighted by their targets: the accuracy.
struct WeightedRecall: WeightedAverage {
  typealias Unweighted = MacroRecall

  static let typeName = "weighted_recall"
  static let foreignNames = ["recall_weighted"]
  static let documentation = Documentation(
    "the mean of the classes' recall, weighted by how many samples have the class: the accuracy",
    equation: "Σ targets_c · right_c / targets_c / samples", shapes: shapes,
    example: "metrics: [weighted_recall]")

  init(from options: inout Options) {}
}

/// The mean of the classes' F1, weighted by their targets.
struct WeightedF1: WeightedAverage {
  typealias Unweighted = MacroF1

  static let typeName = "weighted_f1"
  static let foreignNames = ["f1_weighted"]
  static let documentation = Documentation(
    "the mean of the classes' F1, weighted by how many samples have the class",
    equation: "Σ targets_c · 2·right_c / (targets_c + predictions_c) / samples", shapes: shapes,
    example: "metrics: [weighted_f1]")

  init(from options: inout Options) {}
}

/// F1 of all classes counted together.
///
/// Each sample has one class and one prediction, so that micro precision, recall and F1 are
/// all the accuracy. Yes-or-no targets, one per output, are counted over all outputs.
struct MicroF1: Metric, Component {
  static let typeName = "micro_f1"
  static let foreignNames = ["f1_micro"]
  static let documentation = Documentation(
    "F1 of all classes counted together: of one class per sample, the accuracy; of yes-or-no "
      + "targets, over all outputs",
    equation: "2·right / (2·right + wrong predictions + missed targets)",
    shapes: "one output per class, one output for two classes, or yes-or-no targets of the output's"
      + " shape",
    example: "metrics: [micro_f1]")

  var isBetterHigher: Bool { true }

  init(from options: inout Options) {}

  /// [right, predicted + targets].
  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    return 2
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let outputs = pass.z.shape.count
    for sample in 0..<pass.samples {
      if pass.hasClasses {
        if pass.predictedClass(sample) == pass.targetClass(sample) { pass.tally[0] += 1 }
        pass.tally[1] += 2
        continue
      }
      for output in 0..<outputs {
        let isPredicted = pass.z[sample * outputs + output] >= pass.threshold
        let isTarget = pass.target(sample, output) >= 0.5
        if isPredicted, isTarget { pass.tally[0] += 1 }
        pass.tally[1] += (isPredicted ? 1 : 0) + (isTarget ? 1 : 0)
      }
    }
  }

  func value(of tally: Tensor<Double>) -> Double { 2 * tally[0] / tally[1] }
}
