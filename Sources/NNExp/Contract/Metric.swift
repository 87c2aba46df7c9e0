/// A measure of quality whose intermediate sums, the tally, are added up batch by batch.
public protocol Metric: Sendable {
  /// True if larger is better, as for accuracy; false for errors.
  var isBetterHigher: Bool { get }

  /// Checks that the metric applies to these outputs and targets. Returns the number of entries
  /// of its tally. Throws a `Diagnostic` that states the fact.
  func plan(output: Shape, target: Target) throws -> Int

  /// The number of additional numbers in the tally per sample, for a metric that needs all
  /// samples at once, such as a ranking. They follow those of `plan`; there is memory for all
  /// measured samples. Optional: none.
  func numbersPerSample(output: Shape, target: Target) -> Int

  /// Whether outputs must have probabilities. If so, a loss without them is an error.
  /// Optional: no.
  var needsProbabilities: Bool { get }

  /// Adds the samples of a pass to the tally.
  func add(_ pass: MetricPass<Float>)
  func add(_ pass: MetricPass<Double>)

  /// The metric's value; NaN if no sample was added.
  func value(of tally: Tensor<Double>) -> Double
}

extension Metric where Self: Component {
  public func numbersPerSample(output: Shape, target: Target) -> Int { 0 }
  public var needsProbabilities: Bool { false }
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

  /// The threshold of a single output: class 1 at or above it.
  public let threshold: S

  /// The meaning of `z` for the loss.
  public let meaning: OutputMeaning

  /// The conversion of `z` and `t` to the units of the data: a factor per output, a summand per
  /// output, and per output 1 for a logarithm, else 0. Empty if they are in these units.
  public let units: Tensor<Double>

  /// The sums of the metric, which are 0 at the start of an epoch.
  public let tally: Tensor<Double>

  public init(
    samples: Int, z: Tensor<S>, t: Tensor<S>, hasClasses: Bool, threshold: S,
    meaning: OutputMeaning = .values, units: Tensor<Double>? = nil, tally: Tensor<Double>
  ) {
    self.samples = samples
    self.z = z
    self.t = t
    self.hasClasses = hasClasses
    self.threshold = threshold
    self.meaning = meaning
    self.units = units ?? tally.slice(0..<0)
    self.tally = tally
  }

  /// The prediction at one output in the units of the target: a probability if the loss reads
  /// probabilities or logits.
  @inlinable
  public func prediction(_ sample: Int, _ output: Int) -> Double {
    let count = z.shape.count
    let first = sample * count
    let value = meaning.prediction(at: output, of: count) { Double(z[first + $0]) }
    return units.count == 0 ? value : inUnits(value, output)
  }

  /// The target of one output in the units of the data. For classes, it is 1 for the class
  /// and 0 elsewhere, or the index of the class if there is a single output.
  @inlinable
  public func target(_ sample: Int, _ output: Int) -> Double {
    let count = z.shape.count
    if hasClasses {
      return count == 1 ? Double(t[sample]) : Double(t[sample]) == Double(output) ? 1 : 0
    }
    let value = Double(t[sample * count + output])
    return units.count == 0 ? value : inUnits(value, output)
  }

  @inlinable
  func inUnits(_ value: Double, _ output: Int) -> Double {
    let count = z.shape.count
    if units[2 * count + output] == 1 { return Double.exp(value) }
    return value * units[output] + units[count + output]
  }

  /// The predicted probability of a class for a sample; the output itself if the outputs have
  /// no probabilities.
  @inlinable
  public func probability(_ sample: Int, of c: Int) -> Double {
    if z.shape.count > 1 { return prediction(sample, c) }
    let ofOne = prediction(sample, 0)
    return c == 1 ? ofOne : 1 - ofOne
  }

  /// A number that is larger for likelier answers: the prediction, or minus a distance.
  @inlinable
  public func score(_ sample: Int, _ output: Int) -> Double {
    meaning == .distances ? -prediction(sample, output) : prediction(sample, output)
  }

  /// The class that the output of one sample predicts: the index of the largest entry (the
  /// lowest of equal ones), or for a single output 1 at or above the threshold. Of distances, the
  /// smallest, or 1 below the threshold.
  @inlinable
  public func predictedClass(_ sample: Int) -> Int {
    let count = z.shape.count
    if count == 1 { return (z[sample] >= threshold) != (meaning == .distances) ? 1 : 0 }
    if meaning == .distances {
      return (1..<count).reduce(0) { z[sample * count + $1] < z[sample * count + $0] ? $1 : $0 }
    }
    return MetricPass.largest(z, from: sample * count, count: count)
  }

  /// The class of one sample's target.
  @inlinable
  public func targetClass(_ sample: Int) -> Int {
    if hasClasses { return Int(Double(t[sample])) }
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
