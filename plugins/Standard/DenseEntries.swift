import NNExp

/// Single entries of a dense layer with their numbers, for `nnexp explain`.
///
///     y[i]      = b[i] + Σⱼ W[i, j] · x[j]
///     δ_x[j]    = Σᵢ W[i, j] · δ_y[i]
///     ∂L/∂W[i, j] = δ_y[i] · x[j]
///
/// ∂L/∂b = δ_y has no terms.
struct DenseEntries: Sendable {
  let input: Shape
  let units: Int
  let hasBias: Bool

  private var weight: Shape { [units, input.count] }

  private func x(_ j: Int) -> String { WorkedEntry.letter("x", j, of: input) }
  private func w(_ index: Int) -> String { WorkedEntry.letter("W", index, of: weight) }
  private func delta(_ i: Int) -> String { #"\delta_{y_{\#(i)}}"# }

  func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    let (inputs, weights) = (input.count, sample.parameters[0])
    let (x, dy) = (sample.x, sample.outputGradient)
    switch tensor {
    case .output:
      let bias = hasBias ? sample.parameters[1][index] : 0
      let terms = (0..<inputs).map { j in
        WorkedEntry.Term.product(
          weights[index * inputs + j], x[j], w(index * inputs + j), self.x(j))
      }
      return WorkedEntry(
        "y_{\(index)}", terms: terms,
        steps: [
          .sum(open: hasBias ? "b_{\(index)} + " : ""),
          .sum(open: hasBias ? WorkedEntry.number(bias) + " + " : ""),
        ], value: terms.reduce(bias) { $0 + $1.value })
    case .inputGradient:
      return .sum(
        #"\delta_{\#(self.x(index))}"#,
        (0..<units).map { i in
          .product(weights[i * inputs + index], dy[i], w(i * inputs + index), delta(i))
        })
    case .parameterGradient(0):
      let (i, j) = (index / inputs, index % inputs)
      return .sum(
        #"\frac{\partial L}{\partial \#(w(index))}"#,
        [.product(dy[i], x[j], delta(i), self.x(j))])
    case .parameterGradient: return nil
    }
  }
}
