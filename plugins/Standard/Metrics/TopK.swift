import NNExp

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
    equation: "right / samples", shapes: "one output per class; 1 if there are no more than k",
    example: "metrics: [{type: top_k, k: 5}]")

  let k: Int

  var isBetterHigher: Bool { true }

  init(from options: inout Options) {
    k = options.int("k", default: 5, in: 1..., "the number of largest outputs that count")
  }

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    guard output.count > 1 || k > 1 else {
      throw Diagnostic(
        "top_k with k: 1 needs one output per class; of a single output, write accuracy")
    }
    return 2
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let (z, outputs) = (pass.z, pass.z.shape.count)
    pass.tally[1] += Double(pass.samples)
    // All classes are among that many outputs; a single output represents two classes.
    guard k < max(2, outputs) else {
      pass.tally[0] += Double(pass.samples)
      return
    }
    for sample in 0..<pass.samples {
      let (first, c) = (sample * outputs, pass.targetClass(sample))
      var before = 0
      for i in 0..<outputs
      where z[first + i] > z[first + c] || i < c && z[first + i] == z[first + c] { before += 1 }
      if before < k { pass.tally[0] += 1 }
    }
  }

  func value(of tally: Tensor<Double>) -> Double { tally[0] / tally[1] }
}
