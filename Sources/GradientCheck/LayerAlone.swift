public import NNExp

/// A layer or a loss by itself: its outputs y as a function of one tensor that it reads,
/// at the values of a subject's last whole pass.
///
/// The derivative of Σ cⱼ·yⱼ with the cotangents c = ∂L/∂y held fixed is what the backward
/// pass adds to the gradient of that tensor.
public protocol LayerAlone: AnyObject {
  /// The node's name, its type, and where it is declared.
  var node: String { get }
  var type: String { get }
  var location: SourceLocation? { get }

  /// ∂L/∂y, all outputs and samples one after another.
  var cotangents: [Double] { get }

  /// The samples of the batch; 1 if an output belongs to all.
  var samples: Int { get }

  /// Computes the outputs from the present values of the tensor; whatever else reads them still
  /// finds those of the whole pass.
  func evaluate(into outputs: inout [Double])

  /// Computes the outputs as in an evaluation; false if the layer may differ there, because it
  /// draws random numbers or has state.
  func evaluateUntrained(into outputs: inout [Double]) -> Bool

  /// Adds Σ cⱼ·∂yⱼ/∂x to `sum`, as the backward pass does it. The tensor has the values of
  /// the whole pass.
  func addGradient(of cotangents: [Double], to sum: inout [Double])

  /// The outputs after every number that the layer reads has been moved by a unit in the last
  /// place: they change as much as rounding within the layer may change them.
  func roundedOutputs(_ step: RoundingStep) -> [Double]

  /// Σ cⱼ·∂yⱼ/∂x after every number that the layer reads and ∂L/∂y have been moved by a unit in
  /// the last place.
  func roundedGradient(_ step: RoundingStep) -> [Double]
}

/// A move of numbers by one unit in the last place, up or down by a hash; 0 stays 0.
public struct RoundingStep: Sendable {
  private let key: UInt64

  /// True if equal magnitudes move alike, so that ties stay ties. Otherwise each number moves
  /// by itself, so that what cancels in exact ties does not do so.
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
