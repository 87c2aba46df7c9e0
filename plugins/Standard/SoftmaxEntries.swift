import NNExp

/// Single entries of a softmax and of its logarithm with their numbers, for `nnexp explain`.
///
///     softmax      y[i] = e^(x[i]) / Σ e^(x[j]),     δ_x[i] = y[i] (δ_y[i] − Σ y[j] δ_y[j])
///     log_softmax  y[i] = x[i] − ln Σ e^(x[j]),      δ_x[i] = δ_y[i] − e^(y[i]) Σ δ_y[j]
///
/// The sums run over the line of i.
struct SoftmaxEntries: Sendable {
  let shape: Shape
  let lines: Lines
  let isLog: Bool

  /// The numbers on the line of a number.
  private func line(of i: Int) -> [Int] {
    let first = i / lines.inner / lines.length * lines.inner * lines.length + i % lines.inner
    return (0..<lines.length).map { first + $0 * lines.inner }
  }

  private func x(_ i: Int) -> String { WorkedEntry.letter("x", i, of: shape) }
  private func y(_ i: Int) -> String { WorkedEntry.letter("y", i, of: shape) }
  private func delta(_ i: Int) -> String { #"\delta_{\#(y(i))}"# }

  /// The entry of a tensor; nil if a power overflows or all of them underflow.
  func entry(
    _ tensor: WorkedEntry.Tensor, _ i: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    switch tensor {
    case .output: output(i, sample.x)
    case .inputGradient: isLog ? logGradient(i, sample) : gradient(i, sample)
    case .parameterGradient: nil
    }
  }

  private func output(_ i: Int, _ x: [Double]) -> WorkedEntry? {
    func number(_ i: Int) -> String { WorkedEntry.number(Double.exp(x[i])) }
    func power(_ i: Int) -> String { "e^{\(WorkedEntry.bare(x[i]))}" }
    let line = line(of: i)
    let terms = line.map { j in
      WorkedEntry.Term(Double.exp(x[j]), "e^{\(self.x(j))}", power(j), number(j))
    }
    let sum = terms.reduce(0) { $0 + $1.value }
    guard sum.isFinite, Double.exp(x[i]) > 0 else { return nil }
    if isLog {
      func step(_ x: String) -> WorkedEntry.Step { .sum(open: #"\#(x) - \ln ("#, close: ")") }
      let numeric = step(WorkedEntry.bare(x[i]))
      let others = line.reduce(0.0) { $0 + ($1 == i ? 0 : Double.exp(x[$1] - x[i])) }
      return WorkedEntry(
        y(i), terms: terms, steps: [step(self.x(i)), numeric, numeric],
        value: -Double.log1p(others))
    }
    func step(_ power: String) -> WorkedEntry.Step { .sum(open: #"\frac{\#(power)}{"#, close: "}") }
    return WorkedEntry(
      y(i), terms: terms,
      steps: [
        step("e^{\(self.x(i))}"), step(power(i)), step(number(i)),
        .formula(#"\frac{\#(number(i))}{\#(WorkedEntry.number(sum))}"#),
      ], value: Double.exp(x[i]) / sum)
  }

  private func gradient(_ i: Int, _ sample: WorkedEntry.Sample) -> WorkedEntry {
    let dy = sample.outputGradient
    func step(_ y: String, _ slope: String) -> WorkedEntry.Step {
      .sum(open: "\(y) (\(slope) - (", close: "))")
    }
    let terms = line(of: i).map { j in
      WorkedEntry.Term.product(sample.output[j], dy[j], y(j), delta(j))
    }
    return WorkedEntry(
      #"\delta_{\#(x(i))}"#, terms: terms,
      steps: [
        step(y(i), delta(i)),
        step(#"\#(WorkedEntry.number(sample.output[i])) \cdot"#, WorkedEntry.number(dy[i])),
      ], value: sample.output[i] * (dy[i] - terms.reduce(0) { $0 + $1.value }))
  }

  private func logGradient(_ i: Int, _ sample: WorkedEntry.Sample) -> WorkedEntry {
    let dy = sample.outputGradient
    func step(_ slope: String, _ power: String) -> WorkedEntry.Step {
      .sum(open: "\(slope) - \(power) (", close: ")")
    }
    let terms = line(of: i).map { j in
      WorkedEntry.Term(dy[j], delta(j), WorkedEntry.number(dy[j]))
    }
    let y = sample.output[i]
    return WorkedEntry(
      #"\delta_{\#(x(i))}"#, terms: terms,
      steps: [
        step(delta(i), "e^{\(self.y(i))}"),
        step(WorkedEntry.number(dy[i]), #"e^{\#(WorkedEntry.bare(y))} \cdot"#),
      ], value: dy[i] - Double.exp(y) * terms.reduce(0) { $0 + $1.value })
  }
}
