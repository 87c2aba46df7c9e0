import NNExp

/// The coefficient of determination, averaged over the outputs.
///
///     R² = meanⱼ (1 − Σ (z − t)² / Σ (t − t̄)²)      sums over the samples
///
/// If all targets of an output are equal, its value is 1 if they are predicted exactly,
/// otherwise 0. For fewer than two samples, the value is NaN. These conventions are those of
/// scikit-learn's `r2_score`.
///
/// The tally is [samples], then (t̄, Σ(t − t̄)², Σ(z − t)²) for each output, updated sample by
/// sample (Welford 1962), so that targets far from 0 lose no digits.
struct RSquared: Metric, Component {
  static let typeName = "r2"
  static let foreignNames = ["r2_score", "r_squared", "coefficient_of_determination"]
  static let documentation = Documentation(
    "the coefficient of determination, averaged over the outputs",
    equation: """
      R² = meanⱼ (1 − Σ (z − t)² / Σ (t − t̄)²)      sums over the samples
      where all targets of an output are equal: 1 if they are met exactly, else 0
      """,
    shapes:
      "output and targets of one shape; or one output per class; or one output for two classes",
    example: "metrics: [r2]")

  var isBetterHigher: Bool { true }

  init(from options: inout Options) {}

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    let (tripled, overflow) = output.count.multipliedReportingOverflow(by: 3)
    if overflow || tripled == Int.max {
      throw Diagnostic("the output \(output) is too large")
    }
    return 1 + tripled
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let tally = pass.tally
    let outputs = pass.z.shape.count
    for sample in 0..<pass.samples {
      tally[0] += 1
      for output in 0..<outputs {
        let t = Double(
          ValueTargets.target(
            in: pass.t, hasClasses: pass.hasClasses, sample: sample, output: output,
            outputs: outputs))
        let z = Double(pass.z[sample * outputs + output])
        let first = 1 + 3 * output
        let d = t - tally[first]
        tally[first] += d / tally[0]
        tally[first + 1] += d * (t - tally[first])
        tally[first + 2] += (z - t) * (z - t)
      }
    }
  }

  func value(of tally: Tensor<Double>) -> Double {
    if tally[0] < 2 { return .nan }
    let outputs = tally.count / 3
    var sum = 0.0
    for output in 0..<outputs {
      let spread = tally[2 + 3 * output]
      let error = tally[3 + 3 * output]
      if spread == 0 {
        sum += error == 0 ? 1 : (error.isNaN ? .nan : 0)
      } else {
        sum += 1 - error / spread
      }
    }
    return sum / Double(outputs)
  }
}
