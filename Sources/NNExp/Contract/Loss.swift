/// What the data ask a network to produce.
public enum Target: Sendable, Hashable {
  /// Numbers of a shape a sample.
  case values(Shape)
  /// One of `count` classes a sample, stored as its index.
  case classes(Int)

  /// The shape as it is stored: `[1]` for classes.
  public var shape: Shape {
    switch self {
    case .values(let shape): shape
    case .classes: [1]
    }
  }

  /// Throws the fact where a network's output does not fit: it has the shape of
  /// the values, or one entry a class, or a single entry for two classes.
  public func checkFit(_ output: Shape) throws {
    switch self {
    case .values(let shape):
      if output != shape {
        throw Diagnostic("the output \(output) does not fit the targets \(shape)")
      }
    case .classes(let count):
      if output.count != count && !(count == 2 && output.count == 1) {
        let expected = count == 2 ? "[1] or [2]" : "[\(count)]"
        throw Diagnostic(
          "the output \(output) does not fit targets of \(count) classes, which need \(expected)")
      }
    }
    if output.count == 0 { throw Diagnostic("the output \(output) is empty") }
  }
}

/// ℓ(z, t): how far one sample's output z is from its target t.
///
/// A file's `reduction:` (mean, sum, half_mean over the samples) is the
/// engine's: it reaches the loss as `pass.scale`.
public protocol Loss: Sendable {
  /// Checks that the network's output and the targets fit; throws the fact.
  func plan(output: Shape, target: Target) throws

  /// A single output at or above this is class 1: 0.5 for probabilities, 0 for
  /// logits.
  var decisionThreshold: Double { get }

  /// Returns Σ ℓ over the samples, unscaled; where `pass.dz` is there, adds
  /// scale · ∂ℓ/∂z to it.
  func evaluate(_ pass: LossPass<Float>) -> Double
  func evaluate(_ pass: LossPass<Double>) -> Double

  /// The loss's formulas, for `nnexp explain`: ℓ as `output`, and one input with
  /// ∂ℓ/∂z as its `derivative`. Optional: the documentation's equation
  /// stands in.
  func equations(output: Shape, target: Target) -> Equations
}

extension Loss where Self: Component {
  public func equations(output: Shape, target: Target) -> Equations {
    Equations(prose: Self.documentation.equation)
  }
  public var decisionThreshold: Double { 0.5 }
}

extension Component where Self: Loss {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Loss>> { \.losses }
  public var erased: any Loss { self }
}

/// What a loss reads, and adds to.
public final class LossPass<S: Scalar>: @unchecked Sendable {
  public let samples: Int

  /// The network's output.
  public let z: Tensor<S>

  /// The targets; class indices where `hasClasses`.
  public let t: Tensor<S>

  /// True if `t` holds one class index a sample.
  public let hasClasses: Bool

  /// ∂L/∂z, to be added to; nil where only the value is wanted.
  public let dz: Tensor<S>?

  /// What the reduction multiplies each sample's loss by.
  public let scale: S

  public init(
    samples: Int, z: Tensor<S>, t: Tensor<S>, hasClasses: Bool, dz: Tensor<S>?, scale: S
  ) {
    self.samples = samples
    self.z = z
    self.t = t
    self.hasClasses = hasClasses
    self.dz = dz
    self.scale = scale
  }
}

/// A figure of merit, gathered batch by batch into a tally.
public protocol Metric: Sendable {
  /// True for accuracy, false for errors.
  var isBetterHigher: Bool { get }

  /// Checks that the metric applies, and says how many numbers its tally holds.
  func plan(output: Shape, target: Target) throws -> Int

  /// Adds the samples to the tally.
  func add(_ pass: MetricPass<Float>)
  func add(_ pass: MetricPass<Double>)

  /// The figure; NaN where nothing was added.
  func value(of tally: Tensor<Double>) -> Double
}

extension Component where Self: Metric {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Metric>> { \.metrics }
  public var erased: any Metric { self }
}

/// What a metric reads, and adds to.
@frozen
public struct MetricPass<S: Scalar>: @unchecked Sendable {
  public let samples: Int
  public let z: Tensor<S>
  public let t: Tensor<S>
  public let hasClasses: Bool

  /// The loss's `decisionThreshold`.
  public let threshold: S

  /// Zero at the start of an epoch.
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

  /// The class that the output of one sample says: the largest entry's index
  /// (the lowest of equals), or for a single output 1 at or above the
  /// threshold.
  @inlinable
  public func predictedClass(_ sample: Int) -> Int {
    let count = z.shape.count
    if count == 1 { return z[sample] >= threshold ? 1 : 0 }
    return MetricPass.largest(z, from: sample * count, count: count)
  }

  /// The class that the target of one sample says.
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
