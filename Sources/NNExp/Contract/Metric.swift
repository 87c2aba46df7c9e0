/// A measure of quality whose intermediate sums, the tally, are added up batch by batch.
public protocol Metric: Sendable {
  /// True if larger is better, as for accuracy; false for errors.
  var isBetterHigher: Bool { get }

  /// Checks that the metric applies to these outputs and targets. Returns the number of entries
  /// of its tally. Throws a `Diagnostic` that states the fact.
  func plan(output: Shape, target: Target) throws -> Int

  /// Adds the samples of a batch to the tally.
  func add(_ pass: MetricPass<Float>)
  func add(_ pass: MetricPass<Double>)

  /// The metric's value; NaN if no sample was added.
  func value(of tally: Tensor<Double>) -> Double
}

extension Component where Self: Metric {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Metric>> { \.metrics }
  public var erased: any Metric { self }
}

/// The tensors that a metric reads, and the tally that it adds to.
@frozen
public struct MetricPass<S: Scalar>: @unchecked Sendable {
  /// The number of samples in this pass.
  public let samples: Int
  /// The network's output, per sample.
  public let z: Tensor<S>
  /// The targets; class indices if `hasClasses`.
  public let t: Tensor<S>
  /// True if `t` contains one class index per sample.
  public let hasClasses: Bool

  /// The `decisionThreshold` of the head's loss.
  public let threshold: S

  /// The metric's sums; all 0 at the start of an epoch.
  public let tally: Tensor<Double>

  public init(
    samples: Int, z: Tensor<S>, t: Tensor<S>, hasClasses: Bool, threshold: S,
    tally: Tensor<Double>
  ) {
    self.samples = samples
    self.z = z
    self.t = t
    self.hasClasses = hasClasses
    self.threshold = threshold
    self.tally = tally
  }

  /// The class that the output of one sample predicts: the index of the largest entry (the
  /// lowest index of equal entries). A single output predicts 1 if it is at least the
  /// threshold, otherwise 0.
  @inlinable
  public func predictedClass(_ sample: Int) -> Int {
    let count = z.shape.count
    if count == 1 { return z[sample] >= threshold ? 1 : 0 }
    return MetricPass.largest(z, from: sample * count, count: count)
  }

  /// The class of one sample's target.
  @inlinable
  public func targetClass(_ sample: Int) -> Int {
    if hasClasses { return Int(t[sample]) }
    let count = t.shape.count
    if count == 1 { return t[sample] >= 0.5 ? 1 : 0 }
    return MetricPass.largest(t, from: sample * count, count: count)
  }

  @inlinable
  static func largest(_ values: Tensor<S>, from first: Int, count: Int) -> Int {
    var best = 0
    for i in 1..<count where values[first + i] > values[first + best] { best = i }
    return best
  }
}
