import NNExp

/// A mean over the classes that occur among the targets or the predictions. A quotient 0/0
/// counts as 0, as in scikit-learn.
protocol ClassAverage: ConfusionMetric {
  /// The score of class c; nil if the class is not part of the mean.
  static func score(of c: Int, in matrix: ConfusionMatrix) -> Double?
}

extension ClassAverage {
  func value(of tally: Tensor<Double>) -> Double {
    let matrix = ConfusionMatrix(tally)
    var sum = 0.0
    var count = 0.0
    for c in 0..<matrix.classes {
      guard let score = Self.score(of: c, in: matrix) else { continue }
      sum += score
      count += 1
    }
    return sum / count
  }
}

/// The mean over the targets' classes of the fraction that is found.
struct BalancedAccuracy: ClassAverage {
  static let typeName = "balanced_accuracy"
  static let foreignNames = ["balanced_accuracy_score"]
  static let documentation = Documentation(
    "the mean over the targets' classes of the fraction that is found",
    equation: "mean of right_c / targets_c over the classes c with targets", shapes: shapes,
    example: "metrics: [balanced_accuracy]")

  init(from options: inout Options) {}

  static func score(of c: Int, in matrix: ConfusionMatrix) -> Double? {
    let targets = matrix.targets(c)
    return targets > 0 ? matrix[c, c] / targets : nil
  }
}

/// The mean over the classes of the fraction of predictions that are right.
struct MacroPrecision: ClassAverage {
  static let typeName = "macro_precision"
  static let foreignNames = ["precision", "precision_score", "precision_macro"]
  static let documentation = Documentation(
    "the mean over the classes of the fraction of their predictions that are right",
    equation: "mean of right_c / predictions_c over the classes that occur; 0/0 counts as 0",
    shapes: shapes, example: "metrics: [macro_precision]")

  init(from options: inout Options) {}

  static func score(of c: Int, in matrix: ConfusionMatrix) -> Double? {
    let predictions = matrix.predictions(c)
    if predictions > 0 { return matrix[c, c] / predictions }
    return matrix.targets(c) > 0 ? 0 : nil
  }
}

/// The mean over the classes of the fraction of targets that are found.
struct MacroRecall: ClassAverage {
  static let typeName = "macro_recall"
  static let foreignNames = ["recall", "recall_score", "recall_macro", "sensitivity"]
  static let documentation = Documentation(
    "the mean over the classes of the fraction of their targets that are found",
    equation: "mean of right_c / targets_c over the classes that occur; 0/0 counts as 0",
    shapes: shapes, example: "metrics: [macro_recall]")

  init(from options: inout Options) {}

  static func score(of c: Int, in matrix: ConfusionMatrix) -> Double? {
    let targets = matrix.targets(c)
    if targets > 0 { return matrix[c, c] / targets }
    return matrix.predictions(c) > 0 ? 0 : nil
  }
}

/// The mean over the classes of the harmonic mean of precision and recall.
struct MacroF1: ClassAverage {
  static let typeName = "macro_f1"
  static let foreignNames = ["f1", "f1_score", "f1_macro"]
  static let documentation = Documentation(
    "the mean over the classes of precision's and recall's harmonic mean",
    equation: "mean of 2·right_c / (targets_c + predictions_c) over the classes that occur",
    shapes: shapes, example: "metrics: [macro_f1]")

  init(from options: inout Options) {}

  static func score(of c: Int, in matrix: ConfusionMatrix) -> Double? {
    let sum = matrix.targets(c) + matrix.predictions(c)
    return sum > 0 ? 2 * matrix[c, c] / sum : nil
  }
}
