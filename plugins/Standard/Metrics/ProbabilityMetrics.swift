import NNExp

/// The mean negative logarithm of the probability that the target's class was given.
///
///     log loss = −(1/n) Σ ln p      p within [2⁻⁵², 1 − 2⁻⁵²]
///
/// Yes-or-no targets, one per output, are averaged over the outputs as well. The tally is
/// [Σ, how many].
struct LogLoss: Metric, Component {
  static let typeName = "log_loss"
  static let foreignNames = ["neg_log_loss", "log_likelihood"]
  static let documentation = Documentation(
    "the mean negative logarithm of the probability of the target's class",
    equation: "−(1/n) Σ ln p,  p within [2⁻⁵², 1 − 2⁻⁵²]",
    shapes: "one output a class, one output for two classes, or yes-or-no targets of the output's"
      + " shape",
    example: "metrics: [log_loss]")

  var isBetterHigher: Bool { false }
  var needsProbabilities: Bool { true }

  init(from options: inout Options) {}

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    return 2
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    func add(_ p: Double) {
      let least = Double.ulpOfOne
      pass.tally[0] -= Double.log(p.isNaN ? p : min(max(p, least), 1 - least))
      pass.tally[1] += 1
    }
    for sample in 0..<pass.samples {
      if pass.hasClasses {
        add(pass.probability(sample, of: pass.targetClass(sample)))
        continue
      }
      for output in 0..<pass.z.shape.count {
        let p = pass.prediction(sample, output)
        add(pass.target(sample, output) >= 0.5 ? p : 1 - p)
      }
    }
  }

  func value(of tally: Tensor<Double>) -> Double { tally[0] / tally[1] }
}

/// How far the probability of the predicted class is from the share that is right, over
/// equal intervals of this probability.
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
    shapes: "one output a class, or one output for two classes",
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

/// The share of samples whose class is among the k largest outputs.
///
/// Of equal outputs, the one of the lower index comes first. The tally is [right, samples].
struct TopK: Metric, Component {
  static let typeName = "top_k"
  static let foreignNames = [
    "top_k_accuracy", "top_k_accuracy_score", "top_k_categorical_accuracy", "top_5_accuracy",
  ]
  static let documentation = Documentation(
    "the share of samples whose class is among the k largest outputs",
    equation: "right / samples", shapes: "one output a class, more than k",
    example: "metrics: [{type: top_k, k: 5}]")

  let k: Int

  var isBetterHigher: Bool { true }

  init(from options: inout Options) {
    k = options.int("k", default: 5, in: 1..., "how many of the largest outputs count")
  }

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    if output.count <= k {
      throw Diagnostic(
        "the \(k) largest of \(output.count) outputs are all of them; give a smaller k")
    }
    return 2
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let (z, outputs) = (pass.z, pass.z.shape.count)
    for sample in 0..<pass.samples {
      let (first, c) = (sample * outputs, pass.targetClass(sample))
      var before = 0
      for i in 0..<outputs
      where z[first + i] > z[first + c] || i < c && z[first + i] == z[first + c] { before += 1 }
      if before < k { pass.tally[0] += 1 }
    }
    pass.tally[1] += Double(pass.samples)
  }

  func value(of tally: Tensor<Double>) -> Double { tally[0] / tally[1] }
}
