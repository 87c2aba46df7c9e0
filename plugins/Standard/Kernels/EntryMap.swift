import NNExp

/// The map y = W x + b for samples of which few entries are not 0, and its gradients.
///
/// A sample has `entries` pairs of a value and a row of Wᵀ; the other numbers of x are 0. Sums are
/// in the order of the entries, for any number of cores.
struct EntryMap<S: Scalar> {
  private let samples: Int
  private let entries: Int
  private let units: Int
  private let values: UnsafeMutablePointer<S>
  private let rows: UnsafePointer<Int32>

  /// - Parameters:
  ///   - values: `[samples, entries]`
  ///   - rows: the rows of Wᵀ, `[samples, entries]`
  init(_ values: Tensor<S>, _ rows: Indices, units: Int, samples: Int) {
    self.samples = samples
    self.units = units
    entries = values.shape.count
    self.values = values.start
    self.rows = rows.start
  }

  /// y ← W x + b.
  ///
  /// - Parameter weight: Wᵀ, `[columns, units]`
  func forward(_ weight: Tensor<S>, bias: Tensor<S>?, into y: Tensor<S>) {
    share(samples) { samples in
      for s in samples {
        let y = y.start + s &* units
        if let bias {
          y.update(from: bias.start, count: units)
        } else {
          y.update(repeating: 0, count: units)
        }
        for e in s &* entries..<(s &+ 1) &* entries {
          add(values[e], weight.start + Int(rows[e]) &* units, to: y, units)
        }
      }
    }
  }

  /// ∂W ← ∂y xᵀ and ∂b ← ∂y.
  ///
  /// - Parameter gradient: ∂Wᵀ, `[columns, units]`
  func backward(_ dy: Tensor<S>, to gradient: Tensor<S>, bias: Tensor<S>?) {
    gradient.fill(0)
    bias?.fill(0)
    // Each part has some of the units.
    share(units) { range in
      let first = range.lowerBound
      for s in 0..<samples {
        let dy = dy.start + (s &* units &+ first)
        if let bias { add(1, dy, to: bias.start + first, range.count) }
        for e in s &* entries..<(s &+ 1) &* entries {
          add(
            values[e], dy, to: gradient.start + (Int(rows[e]) &* units &+ first), range.count)
        }
      }
    }
  }

  /// y ← y + a·x.
  @inline(__always)
  private func add(
    _ a: S, _ x: UnsafeMutablePointer<S>, to y: UnsafeMutablePointer<S>, _ count: Int
  ) {
    var i = 0
    while i < count {
      y[i] += a * x[i]
      i &+= 1
    }
  }

  /// Divides `0..<count` among the cores, if the work is worth it.
  @inline(__always)
  private func share(_ count: Int, _ body: (Range<Int>) -> Void) {
    // A part takes about 20 µs.
    let work = samples &* entries &* units
    let parts = min(8, work >> 17, count >> 3)
    if parts <= 1 { return body(0..<count) }
    Workers.perform(parts) { body(count * $0 / parts..<count * ($0 + 1) / parts) }
  }
}
