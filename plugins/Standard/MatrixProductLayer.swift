import NNExp

/// The matrix product of two inputs.
///
///     C[i, j] = Σₖ A[i, k] · B[k, j]
///     ∂A     += ∂C Bᵀ,  ∂B += Aᵀ ∂C
///
/// With `transpose`, Aᵀ or Bᵀ replaces A or B. Inputs of three axes are lists of matrices.
///
/// - Shape: `[m, k]` and `[k, n]` → `[m, n]`; `[b, m, k]` and `[b, k, n]` → `[b, m, n]`
struct MatrixProductLayer: Layer, Component {
  static let typeName = "matrix_product"
  static let foreignNames = ["matmul", "bmm", "dot", "batch_dot", "gemm"]
  let inputCount = 2...2
  static let documentation = Documentation(
    "the matrix product of two inputs",
    equation: "C[i, j] = Σₖ A[i, k]·B[k, j] for the inputs x¹ = A, x² = B;  ∂x¹ += ∂C Bᵀ;  "
      + "∂x² += Aᵀ ∂C",
    shapes: "[m, k] and [k, n] → [m, n];  [b, m, k] and [b, k, n] → [b, m, n]",
    example: "- {type: matrix_product, inputs: [queries, keys], transpose: second}",
    source: "ONNX's operator MatMul")

  static let examples = [
    Example(inputs: [2, 3], [3, 4]),
    Example(["transpose": "second"], inputs: [2, 3, 2], [2, 4, 2]),
    Example(["transpose": "first"], inputs: [3, 2], [3, 4]),
  ]

  private enum Transposed: String, CaseIterable, Sendable { case none, first, second, both }

  private let transposed: Transposed
  private var transposesFirst: Bool { transposed == .first || transposed == .both }
  private var transposesSecond: Bool { transposed == .second || transposed == .both }

  init(from options: inout Options) {
    options.suggest("transpose", for: "transpose_a", "transpose_b", "transA", "transB")
    transposed = options.choice(
      "transpose", default: Transposed.none, "the inputs whose rows and columns are exchanged")
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let (a, b) = (inputs[0].shape, inputs[1].shape)
    guard a.rank == b.rank, a.rank == 2 || (a.rank == 3 && a[0] == b[0]) else {
      throw Diagnostic(
        "expected two matrices, or two lists of as many matrices, found \(a) and \(b)")
    }
    let (m, k) = rowsAndColumns(a, transposesFirst)
    let (rows, n) = rowsAndColumns(b, transposesSecond)
    guard k == rows else {
      throw Diagnostic(
        "the columns of the first matrix must be as many as the rows of the second, found "
          + "\(k) and \(rows)")
    }
    guard a.count > 0, b.count > 0 else {
      throw Diagnostic("the inputs \(a) and \(b) have no numbers")
    }
    let output: Shape = a.rank == 2 ? [m, n] : [a[0], m, n]
    return Plan(output: output, work: output.count.times(k))
  }

  private func rowsAndColumns(_ shape: Shape, _ isTransposed: Bool) -> (Int, Int) {
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    return isTransposed ? (columns, rows) : (rows, columns)
  }

  func equations(for inputs: [Port]) -> Equations {
    let a = transposesFirst ? "x1^T" : "x1"
    let b = transposesSecond ? "x2^T" : "x2"
    let aBack = transposesFirst ? "x1" : "x1^T"
    let bBack = transposesSecond ? "x2" : "x2^T"
    return Equations(
      #"\cdot"#, output: "\(a) \(b)",
      inputs: [
        .init(
          derivative: "",
          delta: transposesFirst ? #"\#(b) \delta_y^T"# : #"\delta_y \#(bBack)"#),
        .init(
          derivative: "",
          delta: transposesSecond ? #"\delta_y^T \#(a)"# : #"\#(aBack) \delta_y"#),
      ],
      remark: inputs[0].shape.rank > 2 ? "For each matrix of the lists." : "",
      work: work(for: inputs))
  }

  private func work(for inputs: [Port]) -> Equations.Work? {
    guard let plan = try? plan(for: inputs) else { return nil }
    return MatrixProductEntries(
      factors: inputs.map(\.shape), product: plan.output,
      transposes: [transposesFirst, transposesSecond]
    ).entry
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let order = node.inputPorts[0].shape.rank == 2 ? [0, 2, 1] : [0, 1, 3, 2]
    var (a, b) = (node.inputs[0], node.inputs[1])
    if transposesFirst {
      a = graph.add("Transpose", a, attributes: [("perm", .integers(order))])
    }
    if transposesSecond {
      b = graph.add("Transpose", b, attributes: [("perm", .integers(order))])
    }
    return [graph.add("MatMul", a, b)]
  }

  /// The matrix at an index, transposed if the option says so.
  private func matrix<S: Scalar>(
    _ tensor: Tensor<S>, _ index: Int, isTransposed: Bool
  ) -> Matrix<S> {
    let shape = tensor.shape
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let matrix = tensor.matrix(
      from: index &* rows &* columns, rows: rows, columns: columns, rowStride: columns,
      columnStride: 1)
    return isTransposed ? matrix.transposed : matrix
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (a, b, c) = (pass.inputs[0], pass.inputs[1], pass.y)
    for i in 0..<(pass.samples &* (c.shape.rank == 2 ? 1 : c.shape[0])) {
      multiply(
        matrix(a, i, isTransposed: transposesFirst), matrix(b, i, isTransposed: transposesSecond),
        into: matrix(c, i, isTransposed: false))
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (a, b, dc) = (pass.inputs[0], pass.inputs[1], pass.dy)
    let (da, db) = (pass.dInputs[0], pass.dInputs[1])
    for i in 0..<(pass.samples &* (dc.shape.rank == 2 ? 1 : dc.shape[0])) {
      let slope = matrix(dc, i, isTransposed: false)
      multiply(
        slope, matrix(b, i, isTransposed: !transposesSecond),
        into: matrix(da, i, isTransposed: transposesFirst), accumulating: true)
      multiply(
        matrix(a, i, isTransposed: !transposesFirst), slope,
        into: matrix(db, i, isTransposed: transposesSecond), accumulating: true)
    }
  }
}
