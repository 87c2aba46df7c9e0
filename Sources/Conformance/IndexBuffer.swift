import NNExp

/// The indices of one input of a bench; empty for an input of values.
final class IndexBuffer {
  let view: Indices
  private let start: UnsafeMutablePointer<Int32>
  private let below: Int

  init(_ port: Port, samples: Int) {
    below = port.indexCount ?? 0
    let count = port.isIndices ? samples * port.count : 0
    start = .allocate(capacity: max(1, count))
    start.initialize(repeating: 0, count: max(1, count))
    view = Indices(start: start, count: count, shape: port.shape)
  }

  deinit { start.deallocate() }

  /// Draws all indices again.
  func fill(_ random: RandomStream) {
    for i in view.positions { start[i] = Int32(random.integer(below: max(1, below), at: i)) }
  }

  /// Copies the indices of some samples of another buffer.
  func copy(samples: Range<Int>, of other: IndexBuffer) {
    let count = view.count / max(1, samples.count)
    for i in view.positions { start[i] = Int32(other.view[samples.lowerBound * count + i]) }
  }
}
