import NNExp

/// A learned vector for each index.
///
///     y_k       = E[i_k]
///     ∂E[i_k]  += ∂y_k            (summed over the samples and over equal indices)
///
/// The input is a port of indices below n: a category or the words of a text. The vector of the index
/// `padding` is 0 and is not learned. `parameters: {weight: words.weight}` of a dense layer shares the
/// vectors with an output of n units.
///
/// - Shape: one index → `[size]`; `[count]` indices → `[size, count]`; E `[n, size]`
/// - Source: Bengio, Ducharme, Vincent, Jauvin 2003.
struct Embedding: Layer, Component {
  static let typeName = "embedding"
  static let foreignNames = ["embed", "embedding_bag", "gather", "lookup", "lookup_table"]
  static let documentation = Documentation(
    "a learned vector for each index of a category",
    equation: "y_k = E[i_k], 0 for the index padding;  ∂E[i_k] += ∂y_k",
    shapes: "one index → [size]; [count] indices → [size, count];  weight [indices, size]",
    example: "- {type: embedding, size: 4, inputs: city}",
    source: "Bengio, Ducharme, Vincent, Jauvin 2003, \"A neural probabilistic language model\"")
  static let examples = [
    Example(["size": 3], inputs: .indices(below: 5, [1])),
    Example(["size": 2], inputs: .indices(below: 4, [6])),
    Example(["size": 2, "padding": 0], inputs: .indices(below: 3, [4])),
  ]

  private let size: Int
  private let padding: Int?

  init(from options: inout Options) {
    size = options.int("size", in: 1..., "length of each vector")
    padding = options.optionalInt(
      "padding", in: 0..., "the index whose vector is 0 and is not learned")
    options.suggest("padding", for: "padding_idx", "padding_index", "mask_zero")
    options.suggest("size", for: "output_dim", "embedding_dim", "dim", "units")
  }

  func takesIndices(at input: Int) -> Bool { true }

  func plan(for inputs: [Port]) throws -> Plan {
    guard let count = inputs[0].indexCount else {
      throw Diagnostic("expected indices, found values; declare them under data: {indices: …}")
    }
    guard inputs[0].shape.rank == 1, inputs[0].count > 0 else {
      throw Diagnostic("expected one axis of indices, found \(inputs[0])")
    }
    if let padding, padding >= count {
      throw Diagnostic("padding \(padding) is not an index below \(count)")
    }
    let positions = inputs[0].count
    return Plan(
      output: positions == 1 ? [size] : [size, positions],
      parameters: [
        .init("weight", [count, size], initial: Initial("normal", [("standard_deviation", 1)]))
      ])
  }

  func equations(for inputs: [Port]) -> Equations {
    let isVector = inputs[0].count == 1
    return Equations(
      #"\operatorname{embedding}[W]"#, output: isVector ? "y_j = W_{x,j}" : "y_{j,k} = W_{x_k,j}",
      inputs: [],
      parameters: [
        .init(
          "weight", symbol: "W",
          gradient: isVector
            ? #"\frac{\partial L}{\partial W_{i,j}} = [i = x] \delta_{y_j}"#
            : #"\frac{\partial L}{\partial W_{i,j}} = \sum_{k : x_k = i} \delta_{y_{j,k}}"#)
      ],
      remark: (padding.map { "The vector of the index \($0) is 0, and has no gradient. " } ?? "")
        + (isVector ? "[…] is 1 if the condition is true, otherwise 0." : ""),
      work: { entry($0, $1, $2) })
  }

  /// Single entries with their numbers, for explanations.
  private func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    let indices = sample.inputs[0].map { Int($0) }
    let output: Shape = indices.count == 1 ? [size] : [size, indices.count]
    let weight: Shape = [sample.parameters[0].count / size, size]
    switch tensor {
    case .output:
      let (j, k) = (index / indices.count, index % indices.count)
      let entry = indices[k] * size + j
      let letter = WorkedEntry.letter("y", index, of: output)
      if indices[k] == padding {
        return WorkedEntry(letter, terms: [], steps: [.formula("0")], value: 0)
      }
      let value = sample.parameters[0][entry]
      return .sum(
        letter,
        [.init(value, WorkedEntry.letter("W", entry, of: weight), WorkedEntry.bare(value))])
    case .inputGradient: return nil
    case .parameterGradient:
      let (row, j) = (index / size, index % size)
      let users = row == padding ? [] : indices.indices.filter { indices[$0] == row }
      return .sum(
        #"\frac{\partial L}{\partial \#(WorkedEntry.letter("W", index, of: weight))}"#,
        users.map { k in
          let dy = sample.outputGradient[j * indices.count + k]
          let letter = WorkedEntry.letter("y", j * indices.count + k, of: output)
          return .init(
            dy, #"\delta_{\#(letter)}"#,
            users.count == 1 ? WorkedEntry.bare(dy) : WorkedEntry.number(dy))
        })
    }
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    var rows = graph.add("Gather", graph.constant(node.parameters[0]), node.inputs[0])
    if let padding {
      let isPadding = graph.add("Equal", node.inputs[0], graph.integers([padding]))
      let mask = graph.add("Unsqueeze", isPadding, graph.integers([-1]))
      rows = graph.add("Where", mask, graph.constant(0), rows)
    }
    return node.outputPorts[0].shape.rank == 1
      ? [graph.reshape(rows, to: [size])]
      : [graph.add("Transpose", rows, attributes: [("perm", .integers([0, 2, 1]))])]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (indices, weight, y) = (pass.indices[0], pass.parameters[0], pass.y)
    let positions = indices.shape.count
    for s in 0..<pass.samples {
      for k in 0..<positions {
        let row = indices[s * positions + k] * size
        if indices[s * positions + k] == padding {
          for j in 0..<size { y[(s * size + j) * positions + k] = 0 }
          continue
        }
        for j in 0..<size { y[(s * size + j) * positions + k] = weight[row + j] }
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (indices, gradient, dy) = (pass.indices[0], pass.gradients[0], pass.dy)
    let positions = indices.shape.count
    for s in 0..<pass.samples {
      for k in 0..<positions {
        let row = indices[s * positions + k] * size
        if indices[s * positions + k] == padding { continue }
        for j in 0..<size { gradient[row + j] += dy[(s * size + j) * positions + k] }
      }
    }
  }
}
