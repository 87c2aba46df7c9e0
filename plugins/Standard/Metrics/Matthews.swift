import NNExp

/// The correlation of predicted and true classes.
///
///     s samples, c right; t_k targets and p_k predictions of class k:
///     (c·s − Σ t_k p_k) / √((s² − Σ p_k²)(s² − Σ t_k²)),  0 where the root is 0
struct Matthews: Metric, Component {
  static let typeName = "matthews"
  static let foreignNames = ["matthews_corrcoef", "matthews_correlation", "mcc", "phi"]
  static let documentation = Documentation(
    "the correlation of predicted and true classes: 1 is perfect, 0 no better than chance",
    equation: "(c·s − Σ t_k p_k) / √((s² − Σ p_k²)(s² − Σ t_k²)),  0 where the root is 0",
    shapes: "one output per class, or one output for two classes",
    example: "metrics: [matthews]", source: "Matthews 1975; Gorodkin 2004 for several classes")

  var isBetterHigher: Bool { true }

  init(from options: inout Options) {}

  func plan(output: Shape, target: Target) throws -> Int {
    let classes = try ConfusionMatrix.classes(output: output, target: target)
    return classes * classes
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) { ConfusionMatrix(pass.tally).add(pass) }

  func value(of tally: Tensor<Double>) -> Double {
    let matrix = ConfusionMatrix(tally)
    var (samples, right, both, targets, predictions) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for c in 0..<matrix.classes {
      let (t, p) = (matrix.targets(c), matrix.predictions(c))
      samples += t
      right += matrix[c, c]
      both += t * p
      targets += t * t
      predictions += p * p
    }
    if samples == 0 { return .nan }
    let root =
      ((samples * samples - predictions) * (samples * samples - targets)).squareRoot()
    return root == 0 ? 0 : (right * samples - both) / root
  }
}
