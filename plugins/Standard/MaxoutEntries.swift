import NNExp

/// Single entries of a maxout layer with their numbers, for `nnexp explain`.
///
///     y[i]        = maxⱼ a[i, j],  a[i, j] = b[i, j] + Σₖ W[i, j, k] · x[k]
///     δ_x[k]      = Σᵢ W[i, j*, k] · δ_y[i],  j* the first j with the largest a[i, j]
///     ∂L/∂W[i, j*, k] = δ_y[i] · x[k]
///
/// ∂L/∂b = δ_a has no terms.
struct MaxoutEntries: Sendable {
  let input: Shape
  let units: Int
  let pieces: Int

  /// The rows of W.
  private var maps: Int { units * pieces }
  private func x(_ k: Int) -> String { WorkedEntry.letter("x", k, of: input) }
  private func w(_ index: Int) -> String {
    WorkedEntry.letter("W", index, of: [maps, input.count])
  }
  private func delta(_ i: Int) -> String { #"\delta_{y_{\#(i)}}"# }

  private func maps(of i: Int, _ sample: WorkedEntry.Sample) -> [Double] {
    let (w, b) = (sample.parameters[0], sample.parameters[1])
    return (i * pieces..<(i + 1) * pieces).map { m in
      sample.x.indices.reduce(b[m]) { $0 + w[m * input.count + $1] * sample.x[$1] }
    }
  }

  /// The row of W that determines a unit.
  private func row(of i: Int, _ sample: WorkedEntry.Sample) -> Int {
    let a = maps(of: i, sample)
    return i * pieces + (a.indices.first { j in a.allSatisfy { !($0 > a[j]) } } ?? 0)
  }

  func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    let (count, weights) = (input.count, sample.parameters[0])
    let (x, dy) = (sample.x, sample.outputGradient)
    switch tensor {
    case .output:
      let a = maps(of: index, sample)
      func list(_ texts: [String]) -> WorkedEntry.Step {
        .formula(#"\max("# + texts.joined(separator: ", ") + ")")
      }
      return WorkedEntry(
        "y_{\(index)}", terms: [],
        steps: [
          list(a.indices.map { "a_{\(index),\($0)}" }), list(a.map(WorkedEntry.number)),
        ], value: a.max() ?? 0)
    case .inputGradient:
      return .sum(
        #"\delta_{\#(self.x(index))}"#,
        (0..<units).map { i in
          let entry = row(of: i, sample) * count + index
          return .product(weights[entry], dy[i], w(entry), delta(i))
        })
    case .parameterGradient(0):
      let (row, k) = (index / count, index % count)
      let i = row / pieces
      guard row == self.row(of: i, sample) else { return nil }
      return .sum(
        #"\frac{\partial L}{\partial \#(w(index))}"#,
        [.product(dy[i], x[k], delta(i), self.x(k))])
    case .parameterGradient: return nil
    }
  }
}
