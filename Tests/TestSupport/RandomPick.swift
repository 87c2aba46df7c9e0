import NNExp

extension RandomStream {
  /// A uniform integer of a range, at a position of the stream.
  package func pick(_ range: ClosedRange<Int>, _ position: Int) -> Int {
    range.lowerBound + integer(below: range.count, at: position)
  }
}
