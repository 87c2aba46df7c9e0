import NNExp

/// Single entries of Lp pooling with their numbers, for `nnexp explain`: each window's
/// entries, their powers, and the factors of the backward pass.
///
///     y_r  = (Σᵢ |xᵢ|ᵖ)^(1/p),  with (1/n) before the sum if `normalizes`
///     δ_xᵢ = Σ_r δ_y_r sign(xᵢ) (|xᵢ|/y_r)^(p−1)
struct PoolingEntries: Sendable {
  /// The positions in x of every window's entries.
  let windows: [[Int]]
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
        value, "|\(x(i))|^{\(power)}", "|\(bare(sample.x[i]))|^{\(power)}",
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
        .sum(open: open, close: close), .formula("\(bracketed(sum))^{1/\(power)}"),
      ], value: Double.pow(sum, 1 / p))
  }

  private func largest(_ r: Int, _ sample: WorkedEntry.Sample) -> WorkedEntry? {
    guard windows[r].count <= 9 else { return nil }
    let values = windows[r].map { abs(sample.x[$0]) }
    func list(_ texts: [String]) -> WorkedEntry.Step {
      .formula(#"\max("# + texts.joined(separator: ", ") + ")")
    }
    return WorkedEntry(
      y(r), terms: [],
      steps: [
        list(windows[r].map { "|\(x($0))|" }),
        list(windows[r].map { "|\(bare(sample.x[$0]))|" }),
      ], value: values.reduce(0) { $1 > $0 ? $1 : $0 })
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
      let (before, after) = (WorkedEntry.number(sample.outputGradient[r]), bare(abs(value)))
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
          + #" \cdot \left( \frac{\#(after)}{\#(bare(sample.output[r]))} \right)^{\#(power)}"#,
        before + signs + #" \cdot \#(WorkedEntry.number(factor))"#)
    }
    return WorkedEntry(
      #"\delta_{\#(x(i))}"#, terms: terms, steps: [.sum(), .sum(), .sum()],
      value: terms.reduce(0) { $0 + $1.value })
  }

  /// A number without the brackets of a negative one.
  private func bare(_ value: Double) -> String {
    value < 0 ? "-" + WorkedEntry.number(-value) : WorkedEntry.number(value)
  }

  /// The base of a power.
  private func bracketed(_ value: Double) -> String {
    let text = WorkedEntry.number(value)
    return text.contains { !"0123456789.".contains($0) } ? "(\(text))" : text
  }
}
