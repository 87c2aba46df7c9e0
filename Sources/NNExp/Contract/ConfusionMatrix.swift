/// How often each class was predicted for each true class.
///
/// It reads and fills a metric's tally of k × k counts, row-major: rows are the
/// targets' classes, columns the predicted ones.
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

  /// The number of classes of the output and the targets: as many as there
  /// are outputs, and two for a single output. Throws the fact where they do not
  /// fit each other, or the matrix would be too large.
  public static func classes(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    let classes = max(2, output.count)
    if classes > maximumClasses {
      throw Diagnostic(
        "a confusion matrix of \(classes) classes is too large; at most \(maximumClasses) fit")
    }
    return classes
  }

  /// How often `predicted` was said where `target` was true.
  public subscript(target: Int, predicted: Int) -> Double {
    counts[target * classes + predicted]
  }

  /// How many samples have the class as target.
  public func targets(_ c: Int) -> Double {
    var sum = 0.0
    for predicted in 0..<classes { sum += self[c, predicted] }
    return sum
  }

  /// How many samples were predicted to have the class.
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
