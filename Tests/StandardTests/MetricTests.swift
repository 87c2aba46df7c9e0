import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// The value of a metric over batches of (z, t).
private func value<S: Scalar>(
  _ metric: any Metric, output: Shape, target: Target, threshold: Double = 0.5,
  _ batches: [(z: [S], t: [Double])]
) throws -> Double {
  let tally = GuardedBuffer<Double>(zeros: [try metric.plan(output: output, target: target)])
  var hasClasses = false
  if case .classes = target { hasClasses = true }
  for batch in batches {
    let z = GuardedBuffer(batch.z, shape: output)
    let t = GuardedBuffer(batch.t.map { S($0) }, shape: target.shape)
    withExtendedLifetime((z, t)) {
      let pass = MetricPass(
        samples: batch.z.count / output.count, z: z.tensor, t: t.tensor,
        hasClasses: hasClasses, threshold: S(threshold), tally: tally.tensor)
      pass.run(metric)
    }
  }
  return metric.value(of: tally.tensor)
}

/// Rows that predict these classes out of three.
private func rows(_ classes: [Int]) -> [Double] {
  classes.flatMap { c in (0..<3).map { $0 == c ? 0.75 : Double($0) / 10 } }
}

/// Targets 0 0 0 0 1 1 2, predictions 0 0 1 2 1 1 0.
private let predicted = [0, 0, 1, 2, 1, 1, 0]
private let actual: [Double] = [0, 0, 0, 0, 1, 1, 2]

@Test func classMetricsMeetTheirDefinitions() throws {
  // The values according to scikit-learn's definitions, computed by hand: recalls 2/4, 2/2,
  // 0/1; precisions 2/3, 2/3, 0/1; F1 4/7, 4/5, 0.
  for (name, expected) in [
    ("accuracy", 4.0 / 7), ("balanced_accuracy", 0.5), ("macro_recall", 0.5),
    ("macro_precision", 4.0 / 9), ("macro_f1", (4.0 / 7 + 4.0 / 5) / 3),
  ] {
    let metric = try Rule.metric(name)
    let once = try value(metric, output: [3], target: .classes(3), [(rows(predicted), actual)])
    #expect(abs(once - expected) < 1e-15, "\(name)")
    #expect(metric.isBetterHigher)

    let batched = try value(
      metric, output: [3], target: .classes(3),
      [
        (rows(Array(predicted[..<2])), Array(actual[..<2])),
        (rows(Array(predicted[2...])), Array(actual[2...])),
      ])
    #expect(batched == once, "\(name)")

    let oneHot = actual.flatMap { t in (0..<3).map { Double($0) == t ? 1.0 : 0 } }
    #expect(
      try value(metric, output: [3], target: .values([3]), [(rows(predicted), oneHot)]) == once)
    let single = rows(predicted).map { Float($0) }
    #expect(try value(metric, output: [3], target: .classes(3), [(single, actual)]) == once)
    #expect(
      try value(metric, output: [3], target: .classes(3), [(z: [Double], t: [Double])]()).isNaN)
  }
}

@Test func classesThatDoNotOccurAreLeftOut() throws {
  // Targets 0 0 1 and predictions 0 2 1 of three classes, and one class that never occurs.
  // Class 2 is only predicted: its recall 0/0 counts as 0.
  func rows(_ classes: [Int]) -> [Double] {
    classes.flatMap { c in (0..<4).map { $0 == c ? 1.0 : 0 } }
  }
  for (name, expected) in [
    ("balanced_accuracy", 0.75), ("macro_recall", 0.5), ("macro_precision", 2.0 / 3),
    ("macro_f1", (2.0 / 3 + 1) / 3),
  ] {
    let found = try value(
      try Rule.metric(name), output: [4], target: .classes(4), [(rows([0, 2, 1]), [0, 0, 1])])
    #expect(abs(found - expected) < 1e-15, "\(name)")
  }
}

@Test func singleOutputsAreDecidedByTheThreshold() throws {
  let metric = try Rule.metric("accuracy")
  let z = [0.5, 0.49, -1, 2]
  #expect(try value(metric, output: [1], target: .classes(2), [(z, [1, 0, 0, 1])]) == 1)
  #expect(
    try value(metric, output: [1], target: .classes(2), threshold: 0, [(z, [1, 0, 0, 1])])
      == 0.75)
  #expect(try value(metric, output: [1], target: .values([1]), [(z, [1, 0, 0, 1])]) == 1)
  // Targets −1 and +1.
  #expect(try value(metric, output: [1], target: .values([1]), [(z, [1, -1, -1, 1])]) == 1)
  let balanced = try Rule.metric("balanced_accuracy")
  #expect(try value(balanced, output: [1], target: .classes(2), [(z, [1, 1, 1, 1])]) == 0.5)
}

@Test func confusionMatricesHaveTargetsAsRows() throws {
  #expect(try ConfusionMatrix.classes(output: [3], target: .classes(3)) == 3)
  #expect(try ConfusionMatrix.classes(output: [1], target: .classes(2)) == 2)
  #expect(try ConfusionMatrix.classes(output: [1], target: .values([1])) == 2)
  #expect(try ConfusionMatrix.classes(output: [1], target: .classes(1)) == 2)
  let tally = GuardedBuffer<Double>(zeros: [9])
  let z = GuardedBuffer(rows(predicted), shape: [3])
  let t = GuardedBuffer(actual, shape: [1])
  let matrix = ConfusionMatrix(tally.tensor)
  matrix.add(
    MetricPass(
      samples: 7, z: z.tensor, t: t.tensor, hasClasses: true, threshold: 0,
      tally: tally.tensor))
  #expect(tally.values == [2, 1, 1, 0, 2, 0, 1, 0, 0])
  #expect(matrix.classes == 3)
  #expect(matrix[0, 2] == 1 && matrix[2, 0] == 1)
  #expect((0..<3).map(matrix.targets) == [4, 2, 1])
  #expect((0..<3).map(matrix.predictions) == [3, 3, 1])
  withExtendedLifetime((z, t)) {}
}

@Test func meanErrorsAreOverSamplesAndOutputs() throws {
  let z: [Double] = [1, 2, 3, 4, 5, 6]
  let t: [Double] = [1, 0, 6, 4, 5, 7]
  let absolute = try Rule.metric("mean_absolute_error")
  let squared = try Rule.metric("root_mean_squared_error")
  #expect(!absolute.isBetterHigher && !squared.isBetterHigher)
  #expect(try value(absolute, output: [2], target: .values([2]), [(z, t)]) == 1)
  #expect(
    try value(squared, output: [2], target: .values([2]), [(z, t)]) == (14.0 / 6).squareRoot())
  #expect(
    try value(absolute, output: [1], target: .classes(2), [([0.75, 0.5], [1, 0])]) == 0.375)
  #expect(
    try value(absolute, output: [2], target: .values([2]), [(z: [Double], t: [Double])]()).isNaN)
}

@Test func rSquaredAveragesOverTheOutputs() throws {
  let metric = try Rule.metric("r2")
  #expect(metric.isBetterHigher)
  // Examples from scikit-learn's documentation of r2_score: 0.948…, and 0.938… for two outputs.
  let one = try value(
    metric, output: [1], target: .values([1]), [([2.5, 0, 2, 8], [3, -0.5, 2, 7])])
  #expect(abs(one - 0.9486081370449679) < 1e-15)
  let two = try value(
    metric, output: [2], target: .values([2]),
    [([0, 2, -1, 2, 8, -5], [0.5, 1, -1, 1, 7, -6])])
  #expect(abs(two - (0.965_437_788_018_433_2 + 0.908_163_265_306_122_4) / 2) < 1e-15)
}

@Test func rSquaredOfConstantTargetsIsOneOrZero() throws {
  let metric = try Rule.metric("r2")
  func r2(_ z: [Double], _ t: [Double]) throws -> Double {
    try value(metric, output: [1], target: .values([1]), [(z, t)])
  }
  #expect(try r2([0.1, 0.1, 0.1], [0.1, 0.1, 0.1]) == 1)
  #expect(try r2([0.1, 0.2, 0.1], [0.1, 0.1, 0.1]) == 0)
  #expect(try r2([0.1, .nan, 0.1], [0.1, 0.1, 0.1]).isNaN)
  #expect(try r2([1], [1]).isNaN)
  #expect(try r2([], []).isNaN)
  // Far from 0, it is exact, because 1e12 + {−1, 0, 1} are.
  #expect(abs(try r2([1e12, 1e12, 1e12], [1e12 - 1, 1e12, 1e12 + 1])) < 1e-12)
}

@Test func metricsRefuseOutputsThatDoNotFit() throws {
  let names = standardRegistry.metrics.names
  #expect(
    names == [
      "accuracy", "average_precision", "balanced_accuracy", "expected_calibration_error",
      "explained_variance", "formula", "log_loss", "macro_f1", "macro_precision", "macro_recall",
      "matthews", "max_error", "mean_absolute_error", "mean_absolute_percentage_error", "micro_f1",
      "r2",
      "roc_auc", "root_mean_squared_error", "top_k", "weighted_f1", "weighted_precision",
      "weighted_recall",
    ])
  for name in names {
    let metric = try Rule.metric(name, name == "formula" ? ["value": "|z − t|"] : [:])
    #expect(
      errorText { try metric.plan(output: [3], target: .values([2])) }
        == "error: the output [3] does not fit the targets [2]")
    #expect(
      errorText { try metric.plan(output: [2], target: .classes(3)) }
        == "error: the output [2] does not fit targets of 3 classes, which need [3]")
    #expect(
      errorText { try metric.plan(output: [0], target: .values([0])) }
        == "error: the output [0] is empty")
  }
  #expect(
    errorText {
      try Rule.metric("macro_f1").plan(output: [5000], target: .classes(5000))
    } == "error: a confusion matrix of 5000 classes is too large; at most 4096 fit")
  #expect(
    errorText {
      try Rule.metric("r2").plan(output: [1 << 40, 1 << 40], target: .values([1 << 40, 1 << 40]))
    } == "error: the output [1099511627776, 1099511627776] is too large")
}
