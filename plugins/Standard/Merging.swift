import NNExp

/// The sum of the inputs.
///
///     y    = x¹ + x² + …
///     ∂xᵏ += ∂y
struct Add: Layer, Component {
  static let typeName = "add"
  static let foreignNames = ["sum", "residual"]
  let inputCount = 2...64
  static let documentation = Documentation(
    "the sum of its inputs, as at the end of a skip connection",
    equation: "y = x¹ + x² + …;  ∂xᵏ += ∂y",
    shapes: "2 to 64 inputs of one shape → that shape; an input is repeated along axes that it "
      + "lacks at the front, and along those of extent 1",
    example: "- {type: add, inputs: [left, right]}",
    source: "He, Zhang, Ren, Sun 2015, \"Deep residual learning for image recognition\"")

  init(from options: inout Options) {}

  static let examples = [
    Example(inputs: [3], [3]), Example(inputs: [2, 3, 2], [2, 1, 1]),
  ]

  func plan(for inputs: [Port]) throws -> Plan {
    var plan = Plan(output: try BroadcastAxes.shape(of: inputs))
    plan.backwardReads = []
    return plan
  }

  func equations(for inputs: [Port]) -> Equations {
    let sum = Repeated(inputs)
    return Equations(
      "+", output: sum.letters.joined(separator: " + "),
      inputs: inputs.map {
        .init(
          derivative: $0.shape == sum.shape ? "I" : "", delta: sum.delta(#"\delta_y"#, of: $0))
      },
      remark: sum.remark, work: sum.work(by: "+"))
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let inputs = BroadcastAxes.values(of: node, in: &graph)
    return [inputs.dropFirst().reduce(inputs[0]) { graph.add("Add", $0, $1) }]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let y = pass.y
    pass.copyFirst()
    for k in 1..<pass.inputs.count {
      let x = pass.inputs[k]
      guard x.shape == y.shape else {
        forEachRepeated(x, in: y, samples: pass.samples) { y[$0] += x[$1] }
        continue
      }
      for i in y.indices { y[i] += x[i] }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let dy = pass.dy
    for k in 0..<pass.dInputs.count {
      let dx = pass.dInputs[k]
      guard dx.shape == dy.shape else {
        forEachRepeated(dx, in: dy, samples: pass.samples) { dx[$1] += dy[$0] }
        continue
      }
      for i in dx.indices { dx[i] += dy[i] }
    }
  }
}

/// The product of the inputs, entry by entry.
///
///     y    = x¹ · x² · …
///     ∂xᵏ += ∂y · Π_{j≠k} xʲ
///
/// The product of the other inputs is multiplied, never computed as y divided by an input, so
/// that zeros are not a special case.
struct Multiply: Layer, Component {
  static let typeName = "multiply"
  static let foreignNames = ["mul", "product", "hadamard"]
  let inputCount = 2...64
  static let documentation = Documentation(
    "the product of its inputs, entry by entry, as in a gate",
    equation: "y = x¹ · x² · …;  ∂xᵏ += ∂y · Π_{j≠k} xʲ",
    shapes: "2 to 64 inputs of one shape → that shape; an input is repeated along axes that it "
      + "lacks at the front, and along those of extent 1",
    example: "- {type: multiply, inputs: [values, gate]}",
    source: "ONNX's operator Mul")

  init(from options: inout Options) {}

  static let examples = [
    Example(inputs: [3], [3]), Example(inputs: [2, 3, 2], [2, 1, 1]),
  ]

  /// Scratch memory, if an input is repeated: the product of the others.
  func plan(for inputs: [Port]) throws -> Plan {
    let shape = try BroadcastAxes.shape(of: inputs)
    let isRepeated = inputs.contains { $0.shape != shape }
    return Plan(output: shape, scratch: isRepeated ? [.perSample(shape.count)] : [])
  }

  func equations(for inputs: [Port]) -> Equations {
    let all = Repeated(inputs)
    func product(without k: Int) -> String {
      all.letters.enumerated().filter { $0.offset != k }.map(\.element)
        .joined(separator: #" \otimes "#)
    }
    return Equations(
      #"\otimes"#, output: all.letters.joined(separator: #" \otimes "#),
      inputs: inputs.enumerated().map { k, input in
        .init(
          derivative: all.remark.isEmpty ? #"\operatorname{diag}(\#(product(without: k)))"# : "",
          delta: all.delta(#"\delta_y \otimes \#(product(without: k))"#, of: input))
      }, remark: all.remark, work: all.work(by: "·"))
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let inputs = BroadcastAxes.values(of: node, in: &graph)
    return [inputs.dropFirst().reduce(inputs[0]) { graph.add("Mul", $0, $1) }]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let y = pass.y
    pass.copyFirst()
    for k in 1..<pass.inputs.count {
      let x = pass.inputs[k]
      guard x.shape == y.shape else {
        forEachRepeated(x, in: y, samples: pass.samples) { y[$0] *= x[$1] }
        continue
      }
      for i in y.indices { y[i] *= x[i] }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let dy = pass.dy
    let inputs = pass.inputs
    if pass.scratch.count > 0 { return backwardRepeated(pass) }
    for k in 0..<inputs.count {
      let dx = pass.dInputs[k]
      for i in dx.indices {
        var product = dy[i]
        for j in 0..<inputs.count where j != k { product *= inputs[j][i] }
        dx[i] += product
      }
    }
  }

  private func backwardRepeated<S: Scalar>(_ pass: BackwardPass<S>) {
    let (inputs, product) = (pass.inputs, pass.scratch[0])
    for k in 0..<inputs.count {
      product.update(from: pass.dy)
      for j in 0..<inputs.count where j != k {
        let x = inputs[j]
        forEachRepeated(x, in: pass.dy, samples: pass.samples) { product[$0] *= x[$1] }
      }
      let dx = pass.dInputs[k]
      forEachRepeated(dx, in: pass.dy, samples: pass.samples) { dx[$1] += product[$0] }
    }
  }
}

/// The inputs of a sum or product in `nnexp explain`.
private struct Repeated {
  let letters: [String]
  let shape: Shape?
  private let inputs: [Port]

  init(_ inputs: [Port]) {
    self.inputs = inputs
    letters = (1...inputs.count).map { "x\($0)" }
    shape = try? BroadcastAxes.shape(of: inputs)
  }

  var remark: String { BroadcastAxes.remark(on: letters, inputs.map(\.shape), over: shape) }

  func delta(_ delta: String, of input: Port) -> String {
    BroadcastAxes.delta(delta, of: input.shape, over: shape)
  }

  /// Single entries, as those of a formula that combines the inputs by an operator. Nil if no input
  /// is repeated, because the whole tensors then show them.
  func work(by sign: String) -> Equations.Work? {
    if remark.isEmpty { return nil }
    return try? FormulaLayer(letters.joined(separator: " \(sign) "), letters)
      .work(for: inputs.map(\.shape))
  }
}

/// Calls `body` with the index of every number of `large` and that of `small` there.
@inline(__always)
private func forEachRepeated<S: Scalar>(
  _ small: Tensor<S>, in large: Tensor<S>, samples: Int,
  _ body: (_ large: Int, _ small: Int) -> Void
) {
  let lines = BroadcastAxes(small.shape, over: large.shape)
  let (largeCount, smallCount) = (large.shape.count, small.shape.count)
  for s in 0..<samples {
    lines.forEachNumber { body(s &* largeCount &+ $0, s &* smallCount &+ $1) }
  }
}

extension ForwardPass {
  /// Computes y ← x, repeated to the shape of y.
  fileprivate func copyFirst() {
    guard x.shape != y.shape else { return copy() }
    let (x, y) = (x, y)
    forEachRepeated(x, in: y, samples: samples) { y[$0] = x[$1] }
  }
}

/// Concatenates the inputs along axis 0: features after features, or channels after channels.
///
///     y    = [x¹; x²; …]
///     ∂xᵏ += ∂y's part k
struct Concatenate: Layer, Component {
  static let typeName = "concatenate"
  static let foreignNames = ["concat", "cat"]
  let inputCount = 2...64
  static let documentation = Documentation(
    "its inputs one after the other along axis 0 (features, or channels)",
    equation: "y = [x¹; x²; …];  ∂xᵏ += the part of ∂y that came from xᵏ",
    shapes: "2 to 64 inputs that differ only in axis 0 → axis 0 their sum, the others unchanged",
    example: "- {type: concatenate, inputs: [left, right]}",
    source: "ONNX's operator Concat")

  init(from options: inout Options) {}

  func plan(for inputs: [Port]) throws -> Plan {
    var axes = inputs[0].shape.axes
    guard !axes.isEmpty else { throw Diagnostic("an input without axes cannot be concatenated") }
    for other in inputs.dropFirst().map(\.shape) {
      guard other.rank == axes.count, other.axes.dropFirst() == axes.dropFirst() else {
        throw Diagnostic(
          "the inputs may differ only in their first extent, found \(inputs[0]) and \(other)")
      }
      let (sum, overflow) = axes[0].addingReportingOverflow(other[0])
      axes[0] = overflow ? Int.max : sum
    }
    var plan = Plan(output: Shape(axes), work: 0)
    plan.backwardReads = []
    plan.acceptsEmptyInputs = true
    return plan
  }

  func equations(for inputs: [Port]) -> Equations {
    var offset = 0
    return Equations(
      "", output: "[" + (1...inputs.count).map { "x\($0)" }.joined(separator: "; ") + "]",
      inputs: inputs.map(\.shape).enumerated().map { k, shape in
        defer { offset += shape.rank > 0 ? shape[0] : 1 }
        let position = offset == 0 ? "i" : "i + \(offset)"
        return .init(
          derivative: "", delta: #"\delta_{x\#(k + 1)_i} = \delta_{y_{\#(position)}}"#)
      }, remark: "i counts along the first axis, from 0.")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    [graph.add("Concat", node.inputs, attributes: [("axis", .integer(1))])]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let y = pass.y
    var offset = 0
    for k in 0..<pass.inputs.count {
      let x = pass.inputs[k]
      let count = x.shape.count
      for s in 0..<pass.samples {
        let first = s * y.shape.count + offset
        y.slice(first..<first + count).update(from: x.slice(s * count..<(s + 1) * count))
      }
      offset += count
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let dy = pass.dy
    var offset = 0
    for k in 0..<pass.dInputs.count {
      let dx = pass.dInputs[k]
      let count = dx.shape.count
      for s in 0..<pass.samples {
        let from = s * dy.shape.count + offset
        for i in 0..<count { dx[s &* count &+ i] += dy[from &+ i] }
      }
      offset += count
    }
  }
}
