/// The losses of the heads over the finished batches of an epoch.
final class LossTotals {
  /// For each head, Σ L · total over the batches, then Σ total. The total of a batch is the
  /// number of its samples, or the sum of their weights.
  private let sums: UnsafeMutablePointer<Double>
  private let weights: [Double]
  private let count: Int

  init(_ weights: [Double]) {
    self.weights = weights
    count = 2 * weights.count
    sums = .allocate(capacity: max(2, count))
    clear()
  }

  deinit { sums.deallocate() }

  @inline(__always)
  func clear() {
    sums[0] = 0
    sums[1] = 0
    // A loop over all entries would become a call, which is slow for two numbers.
    var index = 2
    while index < count {
      sums[index] = 0
      index &+= 1
    }
  }

  @inline(__always)
  func add(_ loss: Double, total: Double, to head: Int) {
    sums[2 &* head] += loss * total
    sums[2 &* head &+ 1] += total
  }

  /// The mean of a head's loss over the samples so far; NaN if there are none.
  func mean(of head: Int) -> Double { sums[2 * head] / sums[2 * head + 1] }

  /// Σ weight · mean over the heads.
  var mean: Double {
    var total = mean(of: 0) * weights[0]
    for head in weights.indices.dropFirst() { total += mean(of: head) * weights[head] }
    return total
  }

  /// The sums, which a checkpoint saves.
  var values: [Double] {
    get { (0..<count).map { sums[$0] } }
    set {
      precondition(newValue.count == count)
      for (index, value) in newValue.enumerated() { sums[index] = value }
    }
  }
}
