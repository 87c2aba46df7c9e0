import NNExp

/// A sparse matrix that is applied along one axis of a tensor, row by row in scratch memory.
///
///     y[a, i, b] = Σ_r w[i, r] x[a, r, b]
struct AxisMatrix<S: Scalar> {
  /// The rows i and the columns r of w.
  private let rows: Int
  private let columns: Int
  /// The entries of row i are those from `starts[i]` up to `starts[i + 1]`.
  private let starts: UnsafeMutablePointer<Int32>
  private let positions: UnsafeMutablePointer<Int32>
  private let weights: UnsafeMutablePointer<S>

  /// The numbers of memory that a matrix and its transpose need, for either.
  static func room(_ axis: ResizedAxis) -> Int {
    let entries = axis.count.times(axis.mostWeights)
    let (room, overflow) = entries.times(2).addingReportingOverflow(
      max(axis.count, axis.extent) + 1)
    return overflow ? .max : room
  }

  /// - Parameter memory: `room` numbers.
  init(_ axis: ResizedAxis, isTransposed: Bool, memory: UnsafeMutablePointer<S>) {
    let entries = axis.count &* axis.mostWeights
    (rows, columns) = isTransposed ? (axis.extent, axis.count) : (axis.count, axis.extent)
    weights = memory
    positions = AxisMatrix.integers(memory + entries, count: entries)
    starts = AxisMatrix.integers(memory + 2 &* entries, count: rows &+ 1)
    if isTransposed { fillTransposed(axis) } else { fill(axis) }
  }

  private static func integers(
    _ memory: UnsafeMutablePointer<S>, count: Int
  ) -> UnsafeMutablePointer<Int32> {
    UnsafeMutableRawPointer(memory).bindMemory(to: Int32.self, capacity: count)
  }

  private func fill(_ axis: ResizedAxis) {
    var next = 0
    for i in 0..<rows {
      starts[i] = Int32(truncatingIfNeeded: next)
      axis.forEachWeight(of: i) { position, weight in
        positions[next] = Int32(truncatingIfNeeded: position)
        weights[next] = S(weight)
        next &+= 1
      }
    }
    starts[rows] = Int32(truncatingIfNeeded: next)
  }

  private func fillTransposed(_ axis: ResizedAxis) {
    starts.update(repeating: 0, count: rows &+ 1)
    for i in 0..<columns { axis.forEachWeight(of: i) { row, _ in starts[row &+ 1] &+= 1 } }
    for row in 0..<rows { starts[row &+ 1] &+= starts[row] }
    for i in 0..<columns {
      axis.forEachWeight(of: i) { row, weight in
        let next = Int(starts[row])
        positions[next] = Int32(truncatingIfNeeded: i)
        weights[next] = S(weight)
        starts[row] &+= 1
      }
    }
    // Each start is now that of the next row.
    for row in stride(from: rows, to: 0, by: -1) { starts[row] = starts[row &- 1] }
    starts[0] = 0
  }

  /// Computes y, or adds to it.
  ///
  /// - Parameters:
  ///   - outer: the extent of a.
  ///   - inner: the extent of b.
  ///   - outside: the numbers of a row without entries.
  @inline(__always)
  func apply(
    _ x: UnsafePointer<S>, outer: Int, inner: Int, to y: UnsafeMutablePointer<S>, adds: Bool,
    outside: S
  ) {
    if inner == 1 {
      applyToLines(x, count: outer, to: y, adds: adds, outside: outside)
    } else {
      for a in 0..<outer {
        applyToRows(
          x + a &* columns &* inner, width: inner, to: y + a &* rows &* inner, adds: adds,
          outside: outside)
      }
    }
  }

  /// Adjacent numbers are those of one line: four lines at a time.
  @inline(__always)
  private func applyToLines(
    _ x: UnsafePointer<S>, count: Int, to y: UnsafeMutablePointer<S>, adds: Bool, outside: S
  ) {
    let (n, m) = (columns, rows)
    var line = 0
    while line &+ 4 <= count {
      let (x0, y0) = (x + line &* n, y + line &* m)
      let (x1, x2, x3) = (x0 + n, x0 + 2 &* n, x0 + 3 &* n)
      for i in 0..<m {
        let (first, end) = (Int(starts[i]), Int(starts[i &+ 1]))
        var sums = SIMD4<S>(repeating: outside)
        if first < end {
          let r = Int(positions[first])
          sums = SIMD4<S>(x0[r], x1[r], x2[r], x3[r]) * weights[first]
          for k in (first &+ 1)..<max(first &+ 1, end) {
            let r = Int(positions[k])
            sums += SIMD4<S>(x0[r], x1[r], x2[r], x3[r]) * weights[k]
          }
        }
        let (y1, y2, y3) = (y0 + m, y0 + 2 &* m, y0 + 3 &* m)
        if adds { sums += SIMD4<S>(y0[i], y1[i], y2[i], y3[i]) }
        (y0[i], y1[i], y2[i], y3[i]) = (sums[0], sums[1], sums[2], sums[3])
      }
      line &+= 4
    }
    while line < count {
      let (from, to) = (x + line &* n, y + line &* m)
      for i in 0..<m {
        let (first, end) = (Int(starts[i]), Int(starts[i &+ 1]))
        var sum = outside
        if first < end {
          sum = from[Int(positions[first])] * weights[first]
          for k in (first &+ 1)..<max(first &+ 1, end) {
            sum += from[Int(positions[k])] * weights[k]
          }
        }
        to[i] = adds ? sum + to[i] : sum
      }
      line &+= 1
    }
  }

  /// Adjacent numbers have the same weight: a row of them at a time.
  @inline(__always)
  private func applyToRows(
    _ x: UnsafePointer<S>, width: Int, to y: UnsafeMutablePointer<S>, adds: Bool, outside: S
  ) {
    for i in 0..<rows {
      var (k, end) = (Int(starts[i]), Int(starts[i &+ 1]))
      let target = y + i &* width
      if !adds {
        guard k < end else {
          target.update(repeating: outside, count: width)
          continue
        }
        let (row, w) = (x + Int(positions[k]) &* width, weights[k])
        for j in 0..<width { target[j] = row[j] * w }
        k &+= 1
      }
      while k < end {
        let (row, w) = (x + Int(positions[k]) &* width, weights[k])
        for j in 0..<width { target[j] += row[j] * w }
        k &+= 1
      }
    }
  }
}
