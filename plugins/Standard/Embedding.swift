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
  static let foreignNames = ["embed", "lookup", "lookup_table"]
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
    Equations(prose: Self.documentation.equation)
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
