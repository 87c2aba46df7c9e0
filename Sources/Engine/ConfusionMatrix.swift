public import NNExp

/// Who was taken for whom: k × k counts, a row a target class, a column a
/// predicted one.
public struct ConfusionMatrix: Metric {
  public static let typeName = "confusion_matrix"

  private let classes: Int

  public init(classes: Int) { self.classes = classes }

  public init(from options: inout Options) {
    classes = options.int("classes", in: 2..., "how many classes there are")
  }

  public var isBetterHigher: Bool { true }

  public func plan(output: Shape, target: Target) -> Int { classes * classes }

  public func add<S: Scalar>(_ pass: MetricPass<S>) {
    for sample in 0..<pass.samples {
      let cell = pass.targetClass(sample) * classes + pass.predictedClass(sample)
      pass.tally[cell] += 1
    }
  }

  /// The share on the diagonal.
  public func value(of tally: Tensor<Double>) -> Double {
    var right = 0.0
    var all = 0.0
    for i in tally.indices {
      all += tally[i]
      if i % (classes + 1) == 0 { right += tally[i] }
    }
    return right / all
  }
}
