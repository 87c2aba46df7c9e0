/// A loss ℓ(z, t): the distance of one sample's output z from its target t.
///
/// The engine applies the key `reduction` (mean, sum or half_mean over the samples); the loss
/// receives it as `pass.scale`.
public protocol Loss: Sendable {
  /// Checks that the network's output and the targets fit. Throws a `Diagnostic` that states
  /// the fact.
  func plan(output: Shape, target: Target) throws

  /// The value from which a single output means class 1: 0.5 for probabilities, 0 for logits.
  var decisionThreshold: Double { get }

  /// The meaning of the network's output, with which predictions.csv and metrics convert logits
  /// to probabilities. Optional: numbers like the targets.
  var outputMeaning: OutputMeaning { get }

  /// The condition on targets that are numbers. It is checked before training; an error names
  /// the first row that violates it. Optional: none.
  var targetDemand: TargetDemand { get }

  /// Whether it learns classes, so that targets with few distinct whole numbers are read as
  /// classes. Optional: no.
  var learnsClasses: Bool { get }

  /// The loss with values that depend on the classes of the training data, such as weights that
  /// balance them. Called once, before training. Optional: the loss unchanged.
  ///
  /// - Parameter classes: counts them when it is called; nil for targets that are numbers.
  func fitted(to classes: () throws -> TargetClasses?) throws -> any Loss

  /// Returns Σ ℓ over the samples, unscaled. If `pass.dz` is not nil, adds scale · ∂ℓ/∂z to it.
  func evaluate(_ pass: LossPass<Float>) -> Double
  func evaluate(_ pass: LossPass<Double>) -> Double

  /// The loss's formulas, for `nnexp explain`: ℓ as `output`, and one input with ∂ℓ/∂z as its
  /// `derivative`. Optional: by default, the equation of the documentation is shown.
  func equations(output: Shape, target: Target) -> Equations
}

extension Loss where Self: Component {
  public func equations(output: Shape, target: Target) -> Equations {
    Equations(prose: Self.documentation.equation)
  }
  public var decisionThreshold: Double { 0.5 }
  public var outputMeaning: OutputMeaning { .values }
  public var targetDemand: TargetDemand { .any }
  public var learnsClasses: Bool { false }
  public func fitted(to classes: () throws -> TargetClasses?) throws -> any Loss { self }
}

extension Component where Self: Loss {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any Loss>> { \.losses }
  public var erased: any Loss { self }
}

/// The tensors that a loss reads, and those that it adds to.
public final class LossPass<S: Scalar>: @unchecked Sendable {
  /// The number of samples in this pass.
  public let samples: Int

  /// The network's output.
  public let z: Tensor<S>

  /// The targets; class indices if `hasClasses`.
  public let t: Tensor<S>

  /// True if `t` contains one class index per sample.
  public let hasClasses: Bool

  /// ∂L/∂z, to be added to; nil if only the value is needed.
  public let dz: Tensor<S>?

  /// The factor of each sample's loss: the product of the reduction and the head's weight.
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
