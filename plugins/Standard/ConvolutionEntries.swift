import NNExp

/// Single entries of a convolution with their numbers, for `nnexp explain`.
///
///     y[o, r, c]       = b[o] + Σ w[o, i, u, v] · x[i, m, n]
///     δ_x[i, m, n]     = Σ w[o, i, u, v] · δ_y[o, r, c]
///     ∂L/∂w[o, i, u, v] = Σ δ_y[o, r, c] · x[i, m, n],  ∂L/∂b[o] = Σ δ_y[o, r, c]
///
/// with m = r·stride + u·dilation − padding, and n alike; an axis that is missing has the extent 1.
/// Entries in the padding are omitted. In a transposed convolution, which is the convolution from y
/// to x, the entry of w belongs to x[i, r, c] and y[o, m, n].
struct ConvolutionEntries: Sendable {
  let windows: Windows
  let groups: Int
  let hasBias: Bool
  let input: Shape
  let output: Shape
  let weight: Shape
  var isTransposed = false
  /// The letters of the weight and of the output.
  var w = "W"
  var y = "y"

  /// The positions of one output channel.
  private var positions: Int { output.count / output[0] }

  /// A product: the indices of its entries of w, x and y.
  private struct Factors {
    let w: Int
    let x: Int
    let y: Int
  }

  /// - Parameter slope: the work of an entry of δ_y that is not a gradient of the network.
  func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample,
    slope: (Int) -> WorkedEntry? = { _ in nil }
  ) -> WorkedEntry? {
    let (x, dy) = (sample.x, sample.outputGradient)
    func deltaLetter(_ i: Int) -> String { #"\delta_{\#(letter(y, i, output))}"# }
    func uses(_ i: Int) -> [WorkedEntry] { slope(i).map { [$0] } ?? [] }
    switch tensor {
    case .output:
      let bias = hasBias ? sample.parameters[1][index / positions] : 0
      let weights = sample.parameters[0]
      let terms = factors(ofOutput: index).map {
        WorkedEntry.Term.product(
          weights[$0.w], x[$0.x], letter(w, $0.w, weight), letter("x", $0.x, input))
      }
      let channel = index / positions
      return WorkedEntry(
        letter(y, index, output), terms: terms,
        steps: [
          .sum(open: hasBias ? "b_{\(channel)} + " : ""),
          .sum(open: hasBias ? WorkedEntry.number(bias) + " + " : ""),
        ], value: terms.reduce(bias) { $0 + $1.value })
    case .inputGradient:
      let weights = sample.parameters[0]
      return .sum(
        #"\delta_{\#(letter("x", index, input))}"#,
        factors { $0.x == index }.map {
          .product(
            weights[$0.w], dy[$0.y], letter(w, $0.w, weight), deltaLetter($0.y),
            uses: uses($0.y))
        })
    case .parameterGradient(0):
      return .sum(
        #"\frac{\partial L}{\partial \#(letter(w, index, weight))}"#,
        factors { $0.w == index }.map {
          .product(
            dy[$0.y], x[$0.x], deltaLetter($0.y), letter("x", $0.x, input), uses: uses($0.y))
        })
    case .parameterGradient:
      let count = positions
      return .sum(
        #"\frac{\partial L}{\partial b_{\#(index)}}"#,
        (index * count..<(index + 1) * count).map {
          WorkedEntry.Term(dy[$0], deltaLetter($0), WorkedEntry.number(dy[$0]))
        })
    }
  }

  private func letter(_ name: String, _ index: Int, _ shape: Shape) -> String {
    WorkedEntry.letter(name, index, of: shape)
  }

  /// The products of one entry of y.
  private func factors(ofOutput index: Int) -> [Factors] {
    isTransposed ? factors { $0.y == index } : factors(ofWindow: index)
  }

  private func factors(where isWanted: (Factors) -> Bool) -> [Factors] {
    (0..<(isTransposed ? input : output).count).flatMap { window in
      factors(ofWindow: window)
        .map { isTransposed ? Factors(w: $0.w, x: $0.y, y: $0.x) : $0 }
        .filter(isWanted)
    }
  }

  /// The products of one window of the convolution, in order.
  private func factors(ofWindow index: Int) -> [Factors] {
    let (image, map) = isTransposed ? (output, input) : (input, output)
    guard let x = Volume(image), let y = Volume(map) else { return [] }
    let positions = map.count / map[0]
    let (depth, rows, columns) = (windows.depth, windows.rows, windows.columns)
    let (o, c) = (index / positions, index % y.columns)
    let (d, r) = (index / (y.columns * y.rows) % y.slices, index / y.columns % y.rows)
    let perGroup = image[0] / groups
    let first = o / (map[0] / groups) * perGroup
    var found: [Factors] = []
    for i in 0..<perGroup {
      for t in 0..<depth.size {
        let l = d * depth.stride + t * depth.dilation - depth.padding
        guard (0..<x.slices).contains(l) else { continue }
        for u in 0..<rows.size {
          let m = r * rows.stride + u * rows.dilation - rows.padding
          guard (0..<x.rows).contains(m) else { continue }
          for v in 0..<columns.size {
            let n = c * columns.stride + v * columns.dilation - columns.padding
            guard (0..<x.columns).contains(n) else { continue }
            found.append(
              Factors(
                w: (((o * perGroup + i) * depth.size + t) * rows.size + u) * columns.size + v,
                x: (((first + i) * x.slices + l) * x.rows + m) * x.columns + n, y: index))
          }
        }
      }
    }
    return found
  }
}
