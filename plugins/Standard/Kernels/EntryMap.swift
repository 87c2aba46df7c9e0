import NNExp

/// The map y = W x + b for samples of which few entries are not 0, and its gradients.
///
/// A sample has `entries` pairs of a value and a row of Wᵀ; the other numbers of x are 0. Sums are
/// in the order of the entries, for any number of cores.
struct EntryMap<S: KernelScalar> {
  private let entries: SampleEntries<S>

  /// - Parameters:
  ///   - values: `[samples, entries]`
  ///   - rows: the rows of Wᵀ, `[samples, entries]`
  init(_ values: Tensor<S>, _ rows: Indices, units: Int, samples: Int) {
    entries = SampleEntries(
      values.start, rows: rows.start, samples: samples, count: values.shape.count, units: units)
  }

  /// y ← W x + b.
  ///
  /// - Parameter weight: Wᵀ, `[columns, units]`
  func forward(_ weight: Tensor<S>, bias: Tensor<S>?, into y: Tensor<S>) {
    shareUnits {
      S.sumEntries(entries, weight.start, bias: bias?.start, units: $0, into: y.start)
    }
  }

  /// ∂W ← ∂y xᵀ and ∂b ← ∂y, for the rows that the entries have.
  ///
  /// - Parameter gradient: ∂Wᵀ, `[columns, units]`
  func backward(_ dy: Tensor<S>, to gradient: Tensor<S>, bias: Tensor<S>?) {
    shareUnits { S.entryGradients(entries, dy.start, units: $0, into: gradient.start) }
    guard let bias else { return }
    bias.fill(0)
    for s in 0..<entries.samples {
      let dy = dy.start + s &* entries.units
      for i in 0..<entries.units { bias.start[i] += dy[i] }
    }
  }

  /// Divides the units among the cores, if the work is worth it.
  @inline(__always)
  private func shareUnits(_ body: (Range<Int>) -> Void) {
    // A part takes about 20 µs, and has whole cache lines of a row.
    let (units, line) = (entries.units, 64 / MemoryLayout<S>.stride)
    let work = entries.samples &* entries.count &* units
    let lines = (units &- 1) / line &+ 1
    let parts = min(8, work >> 18, lines)
    if parts <= 1 { return body(0..<units) }
    Workers.perform(parts) {
      body(
        lines &* $0 / parts &* line..<min(lines &* ($0 &+ 1) / parts &* line, units))
    }
  }
}
