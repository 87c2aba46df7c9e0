import NNExp

/// The mean negative logarithm of the probability that the target's class was given.
///
///     log loss = −(1/n) Σ ln p      p within [2⁻⁵², 1 − 2⁻⁵²]
///
/// Yes-or-no targets, one per output, are averaged over the outputs as well. The tally is
/// [Σ, count].
struct LogLoss: Metric, Component {
  static let typeName = "log_loss"
  static let foreignNames = ["neg_log_loss", "log_likelihood"]
  static let documentation = Documentation(
    "the mean negative logarithm of the probability of the target's class",
    equation: "−(1/n) Σ ln p,  p within [2⁻⁵², 1 − 2⁻⁵²]",
    shapes: "one output per class, one output for two classes, or yes-or-no targets of the output's"
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
