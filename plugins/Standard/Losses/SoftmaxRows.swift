import NNExp

/// Consecutive rows of logits z, one per sample, for their softmax.
struct SoftmaxRows<S: Scalar> {
  let z: Tensor<S>
  let samples: Range<Int>
  /// For each row, the position of its largest number m in z: the first of equal ones.
  private let tops: UnsafeMutableBufferPointer<Int>

  /// Calls `body` with blocks of the samples, and with stack memory for `numbersEach` numbers of
  /// each sample.
  @inline(__always)
  static func inBlocks(
    of z: Tensor<S>, samples: Int, numbersEach: Int, _ body: (SoftmaxRows, Tensor<S>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 128 / numbersEach) { tops in
      Standard.inBlocks(of: samples, numbersEach: numbersEach) { block, room in
        body(SoftmaxRows(z, block, tops), room)
      }
    }
  }

  @inline(__always)
  private init(_ z: Tensor<S>, _ samples: Range<Int>, _ tops: UnsafeMutableBufferPointer<Int>) {
    self.z = z
    self.samples = samples
    self.tops = tops
    for row in rows {
      let positions = positions(row)
      var (top, m) = (positions.lowerBound, z[positions.lowerBound])
      for i in positions where z[i] > m { (top, m) = (i, z[i]) }
      tops[row] = top
    }
  }

  @inline(__always) var rows: Range<Int> { 0..<samples.count }

  @inline(__always) func top(_ row: Int) -> Int { tops[row] }

  /// The positions of a row in z.
  @inline(__always)
  func positions(_ row: Int) -> Range<Int> {
    let k = z.shape.count
    let first = (samples.lowerBound &+ row) &* k
    return first..<first &+ k
  }

  /// The position in z of a row's class, for targets that are classes.
  @inline(__always)
  func own(_ row: Int, of t: Tensor<S>) -> Int {
    positions(row).lowerBound &+ Int(Double(t[samples.lowerBound &+ row]))
  }

  /// Calls `body` with each row, the positions of a part of it in z, and e^(z−m) of these.
  @inline(__always)
  func forEachPart(_ body: (Int, Range<Int>, UnsafeMutablePointer<S>) -> Void) {
    let k = z.shape.count
    let first = samples.lowerBound &* k
    Standard.inBlocks(of: samples.count &* k) { (block, e: Tensor<S>) in
      let positions = first &+ block.lowerBound..<first &+ block.upperBound
      forEachRow(of: positions) { row, part in
        let (m, e) = (z[top(row)], e.start + (part.lowerBound &- positions.lowerBound))
        for i in 0..<part.count { e[i] = z[part.lowerBound &+ i] - m }
      }
      map(.exp, e, into: e)
      forEachRow(of: positions) { row, part in
        body(row, part, e.start + (part.lowerBound &- positions.lowerBound))
      }
    }
  }

  /// Divides positions in z by rows.
  @inline(__always)
  private func forEachRow(of positions: Range<Int>, _ body: (Int, Range<Int>) -> Void) {
    let k = z.shape.count
    var (row, first) = (positions.lowerBound / k &- samples.lowerBound, positions.lowerBound)
    var next = self.positions(row).upperBound
    while first < positions.upperBound {
      let end = min(next, positions.upperBound)
      body(row, first..<end)
      (row, first, next) = (row &+ 1, end, next &+ k)
    }
  }
}
