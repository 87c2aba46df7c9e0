import NNExp

/// The largest |z − t| over all samples and outputs, in the units of the target.
///
/// The tally is [largest, samples].
struct MaxError: Metric, Component {
  static let typeName = "max_error"
  static let foreignNames = ["maximum_error", "max_absolute_error"]
  static let documentation = Documentation(
    "the largest absolute difference, in the target's units",
    equation: "max |z − t|", shapes: "output and targets of one shape",
    example: "metrics: [max_error]")

  var isBetterHigher: Bool { false }

  init(from options: inout Options) {}

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    return 2
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    for sample in 0..<pass.samples {
      for output in 0..<pass.z.shape.count {
        let d = abs(pass.prediction(sample, output) - pass.target(sample, output))
        if d > pass.tally[0] || d.isNaN { pass.tally[0] = d }
      }
    }
    pass.tally[1] += Double(pass.samples)
  }

  func value(of tally: Tensor<Double>) -> Double { tally[1] > 0 ? tally[0] : .nan }
}
