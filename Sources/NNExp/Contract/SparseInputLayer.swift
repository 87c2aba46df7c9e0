/// A layer that can read the entries of its only input that are not 0, in place of all numbers.
///
/// Each number of the input is multiplied by the column of the first parameter `[units, inputs]` with
/// the same index. In the passes below,
/// - `x` has the values of the entries, the same number for each sample, and `indices[0]` has their
///   rows in the first parameter. The remaining entries of a sample have the value 0.
/// - the first parameter and its gradient are stored by column: `[columns, units]`. The rows are
///   numbered in the order of their first entries in the batch.
/// - the backward pass overwrites the gradients of the parameters, but only the rows of the first that
///   have entries; the others are 0. That of the input is not needed.
///
/// All other tensors are those of the layer, whose plan has `canStoreGradients`.
package protocol SparseInputLayer: Layer {
  func forwardEntries(_ pass: ForwardPass<Float>)
  func forwardEntries(_ pass: ForwardPass<Double>)
  func backwardEntries(_ pass: BackwardPass<Float>)
  func backwardEntries(_ pass: BackwardPass<Double>)
}
