import NNExp

/// A metric that is a mean of one term per output, in the units of the target. Its tally is
/// [Σ, count].
protocol MeanError: Metric, Component {
  /// Returns the term of a difference d = z − t.
  static func term(_ d: Double) -> Double
}

extension MeanError {
  var isBetterHigher: Bool { false }

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    return 2
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let outputs = pass.z.shape.count
    var sum = 0.0
    for sample in 0..<pass.samples {
      for output in 0..<outputs {
        sum += Self.term(pass.prediction(sample, output) - pass.target(sample, output))
      }
    }
    pass.tally[0] += sum
    pass.tally[1] += Double(pass.samples * outputs)
  }
}

private let shapes =
  "output and targets of one shape; or one output per class; or one output for two classes"

/// The mean of |z − t| over all samples and outputs.
struct MeanAbsoluteError: MeanError {
  static let typeName = "mean_absolute_error"
  static let foreignNames = ["mae", "absolute_error"]
  static let documentation = Documentation(
    "the mean absolute difference over all samples and outputs, in the target's units",
    equation: "Σ |z − t| / (samples · outputs)", shapes: shapes,
    example: "metrics: [mean_absolute_error]")

  init(from options: inout Options) {}

  static func term(_ d: Double) -> Double { abs(d) }

  func value(of tally: Tensor<Double>) -> Double { tally[0] / tally[1] }
}

/// The square root of the mean of (z − t)² over all samples and outputs.
struct RootMeanSquaredError: MeanError {
  static let typeName = "root_mean_squared_error"
  static let foreignNames = ["rmse", "root_mean_square_error"]
  static let documentation = Documentation(
    "the root of the mean squared difference over all samples and outputs, in the target's units",
    equation: "√(Σ (z − t)² / (samples · outputs))", shapes: shapes,
    example: "metrics: [root_mean_squared_error]")

  init(from options: inout Options) {}

  static func term(_ d: Double) -> Double { d * d }

  func value(of tally: Tensor<Double>) -> Double { (tally[0] / tally[1]).squareRoot() }
}
