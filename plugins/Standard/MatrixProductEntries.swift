import NNExp

/// Single entries of a product of matrices with their numbers, for `nnexp explain`.
///
///     y[i, j]    = Σₖ a[i, k] · b[k, j]
///     δ_a[i, k]  = Σⱼ δ_y[i, j] · b[k, j]
///     δ_b[k, j]  = Σᵢ a[i, k] · δ_y[i, j]
///
/// The indices of a transposed input are written as in the input.
struct MatrixProductEntries: Sendable {
  /// The shapes of a and b.
  let factors: [Shape]
  let product: Shape
  let transposes: [Bool]

  private var rows: Int { product[product.rank - 2] }
  private var columns: Int { product[product.rank - 1] }
  private var depth: Int {
    let a = factors[0]
    return transposes[0] ? a[a.rank - 2] : a[a.rank - 1]
  }

  func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    let (a, b, dy) = (sample.inputs[0], sample.inputs[1], sample.outputGradient)
    switch tensor {
    case .output:
      let (list, i, j) = (
        index / (rows * columns), index / columns % rows, index % columns
      )
      return .sum(
        letter("y", index, product),
        (0..<depth).map { k in
          let (p, q) = (first(list, i, k), second(list, k, j))
          return .product(
            a[p], b[q], letter("x1", p, factors[0]), letter("x2", q, factors[1]))
        })
    case .inputGradient(0):
      let (list, i, k) = position(index, in: 0, rows: rows, columns: depth)
      return .sum(
        delta(letter("x1", index, factors[0])),
        (0..<columns).map { j in
          let (r, q) = ((list * rows + i) * columns + j, second(list, k, j))
          return .product(
            dy[r], b[q], delta(letter("y", r, product)), letter("x2", q, factors[1]))
        })
    case .inputGradient:
      let (list, k, j) = position(index, in: 1, rows: depth, columns: columns)
      return .sum(
        delta(letter("x2", index, factors[1])),
        (0..<rows).map { i in
          let (p, r) = (first(list, i, k), (list * rows + i) * columns + j)
          return .product(
            a[p], dy[r], letter("x1", p, factors[0]), delta(letter("y", r, product)))
        })
    case .parameterGradient: return nil
    }
  }

  private func letter(_ name: String, _ index: Int, _ shape: Shape) -> String {
    WorkedEntry.letter(name, index, of: shape)
  }

  private func delta(_ letter: String) -> String { #"\delta_{\#(letter)}"# }

  /// The index of a[i, k] and of b[k, j] in their tensors.
  private func first(_ list: Int, _ i: Int, _ k: Int) -> Int {
    list * rows * depth + (transposes[0] ? k * rows + i : i * depth + k)
  }

  private func second(_ list: Int, _ k: Int, _ j: Int) -> Int {
    list * depth * columns + (transposes[1] ? j * depth + k : k * columns + j)
  }

  /// The matrix, row and column of an entry of a factor, as it is multiplied.
  private func position(
    _ index: Int, in factor: Int, rows: Int, columns: Int
  ) -> (list: Int, row: Int, column: Int) {
    let (list, rest) = index.quotientAndRemainder(dividingBy: rows * columns)
    return transposes[factor]
      ? (list, rest % rows, rest / rows) : (list, rest / columns, rest % columns)
  }
}
