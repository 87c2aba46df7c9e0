/// A layer whose loops can include those of the elementwise layer after it.
package protocol FusibleLayer: Layer {
  /// A layer that computes what this layer and then `next` compute, with the same bits; nil if
  /// there is none. Its passes have the inputs, parameters, state and scratch memory of this layer
  /// and the outputs of `next`. Its backward pass reads no other tensors than this layer's.
  func fused(with next: any Layer) -> (any Layer)?
}
