public import NNExp

/// A layer or a loss by itself: its outputs y as a function of one tensor that it reads. All
/// other values are those of the subject's last complete pass.
///
/// The backward pass adds the derivative of Σ cⱼ·yⱼ to the gradient of that tensor, with
/// constant cotangents c = ∂L/∂y.
public protocol IsolatedLayer: AnyObject {
  /// The name of the node, its type, and the location of its declaration.
  var node: String { get }
  var type: String { get }
  var location: SourceLocation? { get }

  /// ∂L/∂y of all outputs and samples, one after another.
  var cotangents: [Double] { get }

  /// The number of samples in the batch; 1 if an output depends on all samples.
  var samples: Int { get }

  /// Computes the outputs from the present values of the tensor. Other layers still read the
  /// outputs of the complete pass.
  func evaluate(into outputs: inout [Double])

  /// Computes the outputs in evaluation mode. Returns false if they can differ there, because
  /// the layer uses random numbers or has state.
  func evaluateUntrained(into outputs: inout [Double]) -> Bool

  /// Adds Σ cⱼ·∂yⱼ/∂x to `sum`, as the backward pass does. The tensor has the values of the
  /// complete pass.
  func addGradient(of cotangents: [Double], to sum: inout [Double])

  /// The outputs after perturbing all numbers that the layer reads by a unit in the last
  /// place. They change about as much as by rounding within the layer.
  func roundedOutputs(_ step: RoundingStep) -> [Double]

  /// Σ cⱼ·∂yⱼ/∂x after perturbing all numbers that the layer reads and ∂L/∂y by a unit in the
  /// last place.
  func roundedGradient(_ step: RoundingStep) -> [Double]
}

/// A perturbation of numbers by one unit in the last place, up or down according to a hash; 0
/// stays 0.
public struct RoundingStep: Sendable {
  private let key: UInt64

  /// Whether equal magnitudes change in the same way, so that ties remain. Otherwise each
  /// number changes independently, so that exact ties no longer cancel.
  public let keepsTies: Bool

  public init(_ index: Int, keepsTies: Bool = false) {
    key = RandomStream.mixed(UInt64(truncatingIfNeeded: index))
    self.keepsTies = keepsTies
  }

  public func moved(_ x: Double, at index: Int) -> Double {
    guard x != 0, x.isFinite else { return x }
    let size = x.magnitude
    let own = keepsTies ? size.bitPattern : UInt64(truncatingIfNeeded: index)
    let moved = RandomStream.mixed(own ^ key) & 1 == 0 ? size.nextUp : size.nextDown
    return x < 0 ? -moved : moved
  }

  public func moved(_ row: [Double]) -> [Double] {
    row.indices.map { moved(row[$0], at: $0) }
  }

  public func move(_ tensor: Tensor<Double>) {
    for i in tensor.indices { tensor[i] = moved(tensor[i], at: i) }
  }
}
