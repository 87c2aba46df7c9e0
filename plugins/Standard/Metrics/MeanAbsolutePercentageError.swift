import NNExp

/// The mean of |z − t| / |t| over all samples and outputs, in the units of the target.
///
/// |t| below 2⁻⁵² counts as 2⁻⁵².
struct MeanAbsolutePercentageError: Metric, Component {
  static let typeName = "mean_absolute_percentage_error"
  static let foreignNames = ["mape"]
  static let documentation = Documentation(
    "the mean absolute difference as a part of the target (0.1 is 10%)",
    equation: "Σ |z − t| / max(|t|, 2⁻⁵²) / (samples · outputs)",
    shapes: "output and targets of one shape",
    example: "metrics: [mean_absolute_percentage_error]")

  var isBetterHigher: Bool { false }

  init(from options: inout Options) {}

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    return 2
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let outputs = pass.z.shape.count
    for sample in 0..<pass.samples {
      for output in 0..<outputs {
        let t = pass.target(sample, output)
        pass.tally[0] += abs(pass.prediction(sample, output) - t) / max(abs(t), .ulpOfOne)
      }
    }
    pass.tally[1] += Double(pass.samples * outputs)
  }

  func value(of tally: Tensor<Double>) -> Double { tally[0] / tally[1] }
}
