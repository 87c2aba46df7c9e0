import NNExp

extension RandomStream {
  /// A uniformly distributed integer in a range, from a position of the stream.
  package func pick(_ range: ClosedRange<Int>, _ position: Int) -> Int {
    range.lowerBound + integer(below: range.count, at: position)
  }
}
