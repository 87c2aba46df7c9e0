import NNExp

/// The share of the targets' variance that the outputs explain, averaged over the outputs.
///
///     meanⱼ (1 − Var(t − z) / Var t)
///
/// An output whose targets are all equal counts 1 if t − z is constant, else 0. A constant
/// error does not count, unlike in `r2`. The tally is [samples], then for each output the mean
/// and the sum of squared deviations of t and of t − z (Welford 1962).
struct ExplainedVariance: Metric, Component {
  static let typeName = "explained_variance"
  static let foreignNames = ["explained_variance_score"]
  static let documentation = Documentation(
    "the share of the targets' variance that the outputs explain, averaged over the outputs",
    equation: "meanⱼ (1 − Var(t − z) / Var t)", shapes: "output and targets of one shape",
    example: "metrics: [explained_variance]")

  var isBetterHigher: Bool { true }

  init(from options: inout Options) {}

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    let (size, overflow) = output.count.multipliedReportingOverflow(by: 4)
    if overflow || size == Int.max { throw Diagnostic("the output \(output) is too large") }
    return 1 + size
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let tally = pass.tally
    for sample in 0..<pass.samples {
      tally[0] += 1
      for output in 0..<pass.z.shape.count {
        let t = pass.target(sample, output)
        let first = 1 + 4 * output
        for (x, mean) in [(t, first), (t - pass.prediction(sample, output), first + 2)] {
          let d = x - tally[mean]
          tally[mean] += d / tally[0]
          tally[mean + 1] += d * (x - tally[mean])
        }
      }
    }
  }

  func value(of tally: Tensor<Double>) -> Double {
    if tally[0] < 2 { return .nan }
    let outputs = tally.count / 4
    var sum = 0.0
    for output in 0..<outputs {
      let (spread, rest) = (tally[2 + 4 * output], tally[4 + 4 * output])
      sum += spread > 0 ? 1 - rest / spread : rest == 0 ? 1 : rest.isNaN ? .nan : 0
    }
    return sum / Double(outputs)
  }
}
