/// How often each class was predicted for each true class.
///
/// A view of a metric's tally of k × k counts, row-major. Each row is a class of the targets,
/// each column a predicted class.
public struct ConfusionMatrix: @unchecked Sendable {
  /// The largest number of classes: a matrix of 128 MiB.
  public static let maximumClasses = 4096

  /// k.
  public let classes: Int

  /// The k × k counts.
  public let counts: Tensor<Double>

  /// The matrix of a tally that `classes(output:target:)` has sized.
  public init(_ tally: Tensor<Double>) {
    counts = tally
    classes = Int(Double(tally.count).squareRoot().rounded())
    precondition(classes * classes == tally.count, "a confusion matrix is square")
  }

  /// The number of classes k: 2 for a single output, otherwise the number of outputs. Throws a
  /// diagnostic that states the fact if the output does not fit the targets, or if k exceeds
  /// `maximumClasses`.
  public static func classes(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    let classes = max(2, output.count)
    if classes > maximumClasses {
      throw Diagnostic(
        "a confusion matrix of \(classes) classes is too large; at most \(maximumClasses) fit")
    }
    return classes
  }

  /// The number of samples of class `target` that were predicted as `predicted`.
  public subscript(target: Int, predicted: Int) -> Double {
    counts[target * classes + predicted]
  }

  /// The number of samples whose target is class `c`.
  public func targets(_ c: Int) -> Double {
    var sum = 0.0
    for predicted in 0..<classes { sum += self[c, predicted] }
    return sum
  }

  /// The number of samples that were predicted as class `c`.
  public func predictions(_ c: Int) -> Double {
    var sum = 0.0
    for target in 0..<classes { sum += self[target, c] }
    return sum
  }

  /// Adds the samples to the counts.
  public func add<S: Scalar>(_ pass: MetricPass<S>) {
    for sample in 0..<pass.samples {
      counts[pass.targetClass(sample) * classes + pass.predictedClass(sample)] += 1
    }
  }
}
