import NNExp

/// The distance between the probability of the predicted class and the share of correct
/// predictions, over equal intervals of this probability.
///
///     ECE = Σ_b n_b/n · |right_b/n_b − mean p_b|      bin b: (b − 1)/B < p ≤ b/B
///
/// The tally is (n_b, Σp, right) for each bin.
struct ExpectedCalibrationError: Metric, Component {
  static let typeName = "expected_calibration_error"
  static let foreignNames = ["ece", "calibration_error"]
  static let documentation = Documentation(
    "how far the probability of the predicted class is from the share that is right",
    equation: "Σ_b n_b/n · |right_b/n_b − mean p_b|      bin b of B: (b − 1)/B < p ≤ b/B",
    shapes: "one output per class, or one output for two classes",
    example: "metrics: [{type: expected_calibration_error, bins: 15}]",
    source: "Guo, Pleiss, Sun, Weinberger 2017")

  let bins: Int

  var isBetterHigher: Bool { false }
  var needsProbabilities: Bool { true }

  init(from options: inout Options) {
    bins = options.int("bins", default: 15, in: 1...10_000, "B: intervals of the probability")
  }

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    return 3 * bins
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let isSingle = pass.z.shape.count == 1
    for sample in 0..<pass.samples {
      var predicted = pass.predictedClass(sample)
      var p = pass.probability(sample, of: predicted)
      if isSingle, p < 0.5 { (predicted, p) = (1 - predicted, 1 - p) }
      let bin = p.isNaN ? 0 : Int((min(max(p, 0), 1) * Double(bins)).rounded(.up))
      let first = 3 * min(max(bin - 1, 0), bins - 1)
      pass.tally[first] += 1
      pass.tally[first + 1] += p
      pass.tally[first + 2] += predicted == pass.targetClass(sample) ? 1 : 0
    }
  }

  func value(of tally: Tensor<Double>) -> Double {
    var (samples, sum) = (0.0, 0.0)
    for bin in 0..<bins {
      samples += tally[3 * bin]
      sum += abs(tally[3 * bin + 2] - tally[3 * bin + 1])
    }
    return sum / samples
  }
}
