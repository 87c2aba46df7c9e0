import NNExp

/// The gated linear unit: the first half of the input, with the second half as its gate.
///
///     y   = a ⊗ σ(b),  x = [a; b]
///     ∂a += ∂y ⊗ σ(b),  ∂b += ∂y ⊗ a ⊗ σ(b) ⊗ (1 − σ(b))
///
/// - Shape: `[2n, …]` → `[n, …]`
/// - Source: Dauphin, Fan, Auli, Grangier 2017
struct Glu: Layer, Component {
  static let typeName = "glu"
  static let foreignNames = ["gated_linear_unit"]
  static let documentation = Documentation(
    "the first half of the input along axis 0, with the second half as its gate",
    equation: "y = a·σ(b), x = [a; b];  ∂x += [∂y·σ(b); ∂y·a·σ(b)·(1 − σ(b))]",
    shapes: "[2n, …] → [n, …]", example: "- glu",
    source: "Dauphin, Fan, Auli, Grangier 2017, \"Language modeling with gated convolutional "
      + "networks\"")

  static let examples = [Example(inputs: [4]), Example(inputs: [2, 3])]

  init(from options: inout Options) {}

  /// Scratch memory: σ(b), and ∂y ⊗ a.
  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard shape.rank > 0, shape[0] % 2 == 0 else {
      throw Diagnostic("the extent of axis 0 must be even, found \(shape)")
    }
    guard !shape.hasTooManyAxes else { return Plan(output: shape) }
    var axes = shape.axes
    axes[0] /= 2
    let output = Shape(axes)
    return Plan(output: output, scratch: [.perSample(output.count), .perSample(output.count)])
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\operatorname{glu}"#, output: #"a \otimes \sigma(b)"#,
      where: [#"x = [a; b]"#, #"\sigma(u) = \frac{1}{1 + e^{-u}}"#],
      inputs: [
        .init(
          derivative: "",
          delta: #"[\delta_y \otimes \sigma(b); "#
            + #"\delta_y \otimes a \otimes \sigma(b) \otimes (1 - \sigma(b))]"#)
      ], work: { entry($0, $1, $2, shape: inputs[0].shape) })
  }

  /// Single entries with their numbers, for explanations.
  private func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample, shape: Shape
  ) -> WorkedEntry? {
    let number = WorkedEntry.number
    let count = shape.count / 2
    let i = index % count
    func x(_ i: Int) -> String { WorkedEntry.letter("x", i, of: shape) }
    let y = WorkedEntry.letter("y", i, of: Shape([shape[0] / 2] + shape.axes.dropFirst()))
    let (a, b, dy) = (sample.x[i], sample.x[i + count], sample.outputGradient[i])
    let sigma = #"\sigma(\#(x(i + count)))"#
    let value = 1 / (1 + Double.exp(-b))
    let gate = WorkedEntry(
      sigma, terms: [], steps: [.formula(#"\frac{1}{1 + e^{\#(WorkedEntry.bare(-b))}}"#)],
      value: value)
    switch tensor {
    case .output: return .sum(y, [.product(a, value, x(i), sigma, uses: [gate])])
    case .inputGradient where index < count:
      return .sum(
        #"\delta_{\#(x(i))}"#, [.product(dy, value, #"\delta_{\#(y)}"#, sigma, uses: [gate])])
    case .inputGradient:
      return .sum(
        #"\delta_{\#(x(index))}"#,
        [
          .init(
            dy * a * value / (1 + Double.exp(b)),
            #"\delta_{\#(y)} \#(x(i)) \#(sigma) (1 - \#(sigma))"#,
            #"\#(number(dy)) \cdot \#(number(a)) \cdot \#(number(value)) \cdot "#
              + #"(1 - \#(number(value)))"#, uses: [gate])
        ])
    case .parameterGradient: return nil
    }
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let half = node.outputPorts[0].shape[0]
    let axis = graph.integers([1])
    let a = graph.add(
      "Slice", node.inputs[0], graph.integers([0]), graph.integers([half]), axis)
    let b = graph.add(
      "Slice", node.inputs[0], graph.integers([half]), graph.integers([2 * half]), axis)
    return [graph.add("Mul", a, graph.add("Sigmoid", b))]
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    let count = pass.y.shape.count
    for s in 0..<pass.samples {
      let a = pass.x.start + 2 &* s &* count
      let gate = pass.scratch[0].start + s &* count
      let y = pass.y.start + s &* count
      S.map(.logistic, a + count, into: gate, count: count)
      for i in 0..<count { y[i] = a[i] * gate[i] }
    }
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    let count = pass.y.shape.count
    for s in 0..<pass.samples {
      let a = pass.x.start + 2 &* s &* count
      let gate = pass.scratch[0].start + s &* count
      let slope = pass.scratch[1].start + s &* count
      let dy = pass.dy.start + s &* count
      let da = pass.dx.start + 2 &* s &* count
      for i in 0..<count {
        da[i] += dy[i] * gate[i]
        slope[i] = dy[i] * a[i]
      }
      S.addVJP(of: .logistic, a + count, gate, slope, to: da + count, count: count)
    }
  }
}
