import NNExp

/// Single entries of the pooling layers with their numbers, for `nnexp explain`: each window's
/// entries, their powers, and the factors of the backward pass.
///
///     Lp       y_r  = (Σᵢ |xᵢ|ᵖ)^(1/p),  with (1/n) before the sum if `normalizes`
///              δ_xᵢ = Σ_r δ_y_r sign(xᵢ) (|xᵢ|/y_r)^(p−1)
///     maximum  y_r  = max xᵢ,            δ_xᵢ = Σ_r δ_y_r ∂y_r/∂xᵢ
///     mean     y_r  = (1/n_r) Σᵢ xᵢ,     δ_xᵢ = Σ_r (1/n_r) δ_y_r
struct PoolingEntries: Sendable {
  /// The positions in x of every window's entries.
  let windows: [[Int]]
  /// The number n_r of every window.
  let sizes: [Int]
  let input: Shape
  let output: Shape
  let normalizes: Bool

  private func x(_ i: Int) -> String { WorkedEntry.letter("x", i, of: input) }
  private func y(_ r: Int) -> String { WorkedEntry.letter("y", r, of: output) }
  private func delta(_ r: Int) -> String { #"\delta_{\#(y(r))}"# }

  /// The entry of a tensor; nil if it has no sum of terms, or if the powers are not finite.
  func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample, p: Double
  ) -> WorkedEntry? {
    switch tensor {
    case .output: p == .infinity ? largest(index, sample) : norm(index, sample, p: p)
    case .inputGradient: gradient(index, sample, p: p)
    case .parameterGradient: nil
    }
  }

  private func norm(_ r: Int, _ sample: WorkedEntry.Sample, p: Double) -> WorkedEntry? {
    let power = WorkedEntry.number(p)
    let terms = windows[r].map { i in
      let value = Double.pow(abs(sample.x[i]), p)
      return WorkedEntry.Term(
        value, "|\(x(i))|^{\(power)}", "|\(WorkedEntry.bare(sample.x[i]))|^{\(power)}",
        WorkedEntry.number(value))
    }
    let sum = terms.reduce(0) { $0 + $1.value } / (normalizes ? Double(windows[r].count) : 1)
    guard sum.isFinite, sum > 0 || sample.output[r] == 0 else { return nil }
    let share = normalizes ? #"\frac{1}{\#(windows[r].count)} ("# : ""
    let open = #"\left( "# + share
    let close = (normalizes ? ")" : "") + #" \right)^{1/\#(power)}"#
    return WorkedEntry(
      y(r), terms: terms,
      steps: [
        .sum(open: open, close: close), .sum(open: open, close: close),
        .sum(open: open, close: close), .formula("\(WorkedEntry.base(sum))^{1/\(power)}"),
      ], value: Double.pow(sum, 1 / p))
  }

  private func largest(_ r: Int, _ sample: WorkedEntry.Sample) -> WorkedEntry? {
    let values = windows[r].map { abs(sample.x[$0]) }
    return WorkedEntry(
      y(r), terms: [],
      steps: maximum(of: values, windows[r].map { "|\(x($0))|" }) {
        "|\(WorkedEntry.bare(sample.x[windows[r][$0]]))|"
      }, value: values.reduce(0) { $1 > $0 ? $1 : $0 })
  }

  /// The number of entries of a large window that are written: the largest.
  private static let mostEntries = 4

  /// The maximum of values with their letters, and with their numbers.
  private func maximum(
    of values: [Double], _ letters: [String], number: (Int) -> String
  ) -> [WorkedEntry.Step] {
    let order = values.indices.sorted { values[$0] > values[$1] }
    let isShort = values.count <= Self.mostEntries + 2
    let shown = isShort ? Array(values.indices) : order.prefix(Self.mostEntries).sorted()
    let others = values.count - shown.count
    func list(_ texts: [String], _ rest: String) -> WorkedEntry.Step {
      let more = others > 0 ? [#"\text{… \#(others) more\#(rest)}"#] : []
      return .formula(#"\max("# + (texts + more).joined(separator: ", ") + ")")
    }
    let next = isShort ? 0 : values[order[Self.mostEntries]]
    return [
      list(shown.map { letters[$0] }, ""),
      list(shown.map(number), ", at most \(rounded(next, digits: 6))"),
    ]
  }

  /// The entry of a tensor of a layer of maxima.
  func maximum(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    switch tensor {
    case .output:
      let values = windows[index].map { sample.x[$0] }
      if values.contains(where: \.isNaN) { return nil }
      return WorkedEntry(
        y(index), terms: [],
        steps: maximum(of: values, windows[index].map(x)) { WorkedEntry.bare(values[$0]) },
        value: values.max() ?? .nan)
    case .inputGradient:
      return .sum(
        #"\delta_{\#(x(index))}"#,
        windows.indices.filter { windows[$0].contains(index) }.map { r in
          let first = windows[r].first { sample.x[$0] == sample.output[r] || sample.x[$0].isNaN }
          return .product(
            sample.outputGradient[r], first == index ? 1 : 0, delta(r),
            #"\frac{\partial \#(y(r))}{\partial \#(x(index))}"#)
        })
    case .parameterGradient: return nil
    }
  }

  /// The entry of a tensor of a layer of means, or of sums for sizes of 1.
  func mean(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    switch tensor {
    case .output:
      let terms = windows[index].map {
        WorkedEntry.Term(sample.x[$0], x($0), WorkedEntry.number(sample.x[$0]))
      }
      let isSum = sizes[index] == 1
      let open = isSum ? "" : #"\frac{1}{\#(sizes[index])} ("#
      let step = WorkedEntry.Step.sum(open: open, close: isSum ? "" : ")")
      let sum = terms.reduce(0) { $0 + $1.value }
      return WorkedEntry(
        y(index), terms: terms, steps: [step, step],
        value: sum / Double(sizes[index]))
    case .inputGradient:
      return .sum(
        #"\delta_{\#(x(index))}"#,
        windows.indices.filter { windows[$0].contains(index) }.map { r in
          let dy = sample.outputGradient[r]
          if sizes[r] == 1 { return WorkedEntry.Term(dy, delta(r), WorkedEntry.number(dy)) }
          let share = #"\frac{1}{\#(sizes[r])}"#
          return WorkedEntry.Term(
            dy / Double(sizes[r]), "\(share) \(delta(r))",
            #"\#(share) \cdot \#(WorkedEntry.number(dy))"#)
        })
    case .parameterGradient: return nil
    }
  }

  private func gradient(_ i: Int, _ sample: WorkedEntry.Sample, p: Double) -> WorkedEntry? {
    let (value, power) = (sample.x[i], WorkedEntry.number(p - 1))
    let sign = value < 0 ? -1.0 : value > 0 ? 1 : 0
    let terms = windows.indices.filter { windows[$0].contains(i) }.map { r in
      let share = normalizes && p.isFinite ? 1 / Double(windows[r].count) : 1
      let ratio = abs(value) / sample.output[r]
      let factor: Double
      if value == 0 || sample.output[r] == 0 {
        factor = 0
      } else if p == .infinity {
        factor = windows[r].first { abs(sample.x[$0]) == sample.output[r] } == i ? 1 : 0
      } else {
        factor = share * Double.pow(ratio, p - 1)
      }
      let term = sample.outputGradient[r] * sign * factor
      let before = WorkedEntry.number(sample.outputGradient[r])
      let after = WorkedEntry.number(abs(value))
      let whole = WorkedEntry.number(sample.output[r])
      let fraction = normalizes && p.isFinite ? #" \cdot \frac{1}{\#(windows[r].count)}"# : ""
      let signs = #" \cdot \#(WorkedEntry.number(sign))"#
      guard p.isFinite else {
        return WorkedEntry.Term(
          term, #"\delta_{\#(y(r))} \frac{\partial \#(y(r))}{\partial \#(x(i))}"#,
          before + signs + #" \cdot \#(WorkedEntry.number(factor))"#,
          WorkedEntry.number(term))
      }
      return WorkedEntry.Term(
        term,
        delta(r) + (fraction.isEmpty ? " " : fraction + #" \cdot "#)
          + #"\operatorname{sign}(\#(x(i))) \left( \frac{|\#(x(i))|}{\#(y(r))} \right)^{\#(power)}"#,
        before + fraction + signs
          + #" \cdot \left( \frac{\#(after)}{\#(whole)} \right)^{\#(power)}"#,
        before + signs + #" \cdot \#(WorkedEntry.number(factor))"#)
    }
    return WorkedEntry(
      #"\delta_{\#(x(i))}"#, terms: terms, steps: [.sum(), .sum(), .sum()],
      value: terms.reduce(0) { $0 + $1.value })
  }
}

extension Pooling {
  /// The single entries for explanations; nil if the input has no plan.
  func entries(
    from input: Shape, normalizes: Bool = false, countsPadding: Bool = false
  ) -> PoolingEntries? {
    guard let output = try? plan(for: input).output else { return nil }
    let entries = windowEntries(from: input, to: output, countsPadding: countsPadding)
    return PoolingEntries(
      windows: entries.positions, sizes: entries.sizes, input: input, output: output,
      normalizes: normalizes)
  }

  /// The positions in a sample of every window's entries, in the order of y, and the number of each
  /// window's entries.
  func windowEntries(
    from input: Shape, to output: Shape, countsPadding: Bool = false
  ) -> (positions: [[Int]], sizes: [Int]) {
    var (ofChannel, sizes): ([[Int]], [Int]) = ([], [])
    forEachWindow(from: input, to: output) { patch in
      var positions: [Int] = []
      patch.forEach { positions.append($0) }
      ofChannel.append(positions)
      sizes.append(countsPadding ? patch.countWithPadding : patch.count)
    }
    let channels = input.rank == 1 ? 1 : input[0]
    let count = input.count / channels
    return (
      (0..<channels).flatMap { c in ofChannel.map { $0.map { c * count + $0 } } },
      (0..<channels).flatMap { _ in sizes }
    )
  }
}
