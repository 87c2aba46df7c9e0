import NNExp

// The softmax of logits, row by row: one row per sample.

extension Tensor {
  /// The largest number of a sample, the first of equal ones.
  @inline(__always)
  func top(ofSample sample: Int) -> Int {
    let k = shape.count
    let row = sample * k
    var top = 0
    for j in 1..<k where self[row + j] > self[row + top] { top = j }
    return top
  }

  /// Computes e^(zⱼ−m) for a part of the row that begins at `row`.
  @inline(__always)
  func exponentials(_ row: Int, _ block: Range<Int>, _ m: S, into e: Tensor<S>) {
    for j in block { e[j &- block.lowerBound] = self[row + j] - m }
    map(.exp, e, into: e)
  }
}
