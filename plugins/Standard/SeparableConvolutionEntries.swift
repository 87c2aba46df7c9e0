import NNExp

/// Single entries of a separable convolution with their numbers, for `nnexp explain`.
///
///     y[o, …]       = b[o] + Σᵢ W[o, i] · z[i, …],  z of the convolution with V
///     δ_z[i, …]     = Σₒ W[o, i] · δ_y[o, …]
///     ∂L/∂W[o, i]   = Σ δ_y[o, …] · z[i, …],  ∂L/∂b[o] = Σ δ_y[o, …]
///
/// δ_x and ∂L/∂V are those of ``ConvolutionEntries``, with δ_z.
struct SeparableConvolutionEntries: Sendable {
  /// The convolution of each channel, with the letters V and z.
  let depthwise: ConvolutionEntries
  let output: Shape
  let hasBias: Bool

  private var middle: Shape { depthwise.output }
  private var positions: Int { output.count / output[0] }
  private var weight: Shape { [output[0], middle[0]] }

  func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    let (weights, dy) = (sample.parameters[1], sample.outputGradient)
    func first(_ gradient: [Double] = []) -> WorkedEntry.Sample {
      WorkedEntry.Sample(
        inputs: sample.inputs, output: [], outputGradient: gradient,
        parameters: [sample.parameters[0]])
    }
    /// The products of an entry of δ_z.
    func factors(_ z: Int) -> [(w: Int, y: Int)] {
      let (i, p) = z.quotientAndRemainder(dividingBy: positions)
      return (0..<output[0]).map { ($0 * middle[0] + i, $0 * positions + p) }
    }
    /// A term with an entry of z.
    func term(_ factor: Double, _ letter: String, _ z: Int) -> WorkedEntry.Term? {
      depthwise.entry(.output, z, first()).map {
        .product(factor, $0.value, letter, $0.entry, uses: [$0])
      }
    }
    switch tensor {
    case .output:
      let (o, p) = index.quotientAndRemainder(dividingBy: positions)
      let bias = hasBias ? sample.parameters[2][o] : 0
      let terms = (0..<middle[0]).compactMap { i in
        term(weights[o * middle[0] + i], letter(o * middle[0] + i), i * positions + p)
      }
      return WorkedEntry(
        WorkedEntry.letter("y", index, of: output), terms: terms,
        steps: [
          .sum(open: hasBias ? "b_{\(o)} + " : ""),
          .sum(open: hasBias ? WorkedEntry.number(bias) + " + " : ""),
        ], value: terms.reduce(bias) { $0 + $1.value })
    case .parameterGradient(1):
      let (o, i) = index.quotientAndRemainder(dividingBy: middle[0])
      return .sum(
        #"\frac{\partial L}{\partial \#(letter(index))}"#,
        (0..<positions).compactMap { p in
          let y = o * positions + p
          return term(dy[y], delta(y), i * positions + p)
        })
    case .parameterGradient(2):
      return .sum(
        #"\frac{\partial L}{\partial b_{\#(index)}}"#,
        (index * positions..<(index + 1) * positions).map {
          WorkedEntry.Term(dy[$0], delta($0), WorkedEntry.number(dy[$0]))
        })
    case .inputGradient, .parameterGradient:
      let slopes = (0..<middle.count).map { z in
        factors(z).reduce(0) { $0 + weights[$1.w] * dy[$1.y] }
      }
      return depthwise.entry(tensor, index, first(slopes)) { z in
        .sum(
          #"\delta_{\#(WorkedEntry.letter("z", z, of: middle))}"#,
          factors(z).map { w, y in
            let (weight, slope) = (weights[w], dy[y])
            return WorkedEntry.Term(weight * slope) {
              [
                "\(letter(w)) \(delta(y))",
                #"\#(WorkedEntry.number(weight)) \cdot \#(WorkedEntry.number(slope))"#,
              ]
            }
          })
      }
    }
  }

  private func letter(_ w: Int) -> String { WorkedEntry.letter("W", w, of: weight) }
  private func delta(_ y: Int) -> String {
    #"\delta_{\#(WorkedEntry.letter("y", y, of: output))}"#
  }
}
