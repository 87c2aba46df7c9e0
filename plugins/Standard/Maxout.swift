import NNExp

/// The largest of several affine maps of the input: a unit that learns its own activation.
///
///     aᵢⱼ  = Wᵢⱼ x + bᵢⱼ,   yᵢ = maxⱼ aᵢⱼ          j = 1 … pieces
///     ∂aᵢⱼ = ∂yᵢ for the first j that is largest, else 0
///     ∂W  += ∂a xᵀ,  ∂b += ∂a,  ∂x += Wᵀ ∂a      (sums over the batch)
///
/// Row `pieces`·i + j of W and b belongs to piece j of unit i. An input of any shape is used as the
/// list of its numbers in row-major order. If an aᵢⱼ is NaN, yᵢ is NaN.
///
/// - Shape: any → `[units]`; W `[units·pieces, inputs]`, b `[units·pieces]`
/// - Source: Goodfellow, Warde-Farley, Mirza, Courville, Bengio 2013, "Maxout networks".
struct Maxout: Layer, Component {
  static let typeName = "maxout"
  static let foreignNames = ["max_out"]
  static let documentation = Documentation(
    "the largest of several affine maps, a unit that learns its own activation",
    equation: """
      aᵢⱼ = Wᵢⱼ x + bᵢⱼ,  yᵢ = maxⱼ aᵢⱼ;  ∂aᵢⱼ = ∂yᵢ for the first largest j, else 0
      ∂W += ∂a xᵀ,  ∂b += ∂a,  ∂x += Wᵀ ∂a
      """,
    shapes: "any shape → [units];  weight [units·pieces, inputs], bias [units·pieces]",
    example: "- {type: maxout, units: 32, pieces: 4}",
    source: "Goodfellow, Warde-Farley, Mirza, Courville, Bengio 2013, \"Maxout networks\"")

  static let examples = [
    Example(["units": 3, "pieces": 2], inputs: [4]),
    Example(["units": 1, "pieces": 5], inputs: [2, 3]),
  ]

  private let units: Int
  private let pieces: Int

  init(from options: inout Options) {
    options.suggest("units", for: "out_features", "neurons", "nodes", "hidden_size", "size")
    units = options.int("units", in: 1..., "number of outputs")
    options.suggest("pieces", for: "pool_size", "k", "maps", "num_pieces")
    pieces = options.int("pieces", default: 2, in: 2...1024, "affine maps per unit")
  }

  /// Scratch memory: a, and ∂a.
  func plan(for inputs: [Port]) throws -> Plan {
    let count = inputs[0].count
    guard count > 0 else { throw Diagnostic("the input \(inputs[0]) has no numbers") }
    let maps = units.times(pieces)
    let weight = Shape([maps, count])
    return Plan(
      output: [units],
      parameters: [
        .init("weight", weight, initial: .glorotUniform), .init("bias", [maps], initial: .zeros),
      ],
      scratch: [.perSample(maps), .perSample(maps)], work: weight.count
    ).with(.within(-.infinity...(.infinity)))
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      #"\operatorname{maxout}"#, output: #"y_i = \max_j a_{ij}"#,
      where: [#"a_{ij} = \sum_k W_{ij,k} x_k + b_{ij}"#],
      inputs: [
        .init(
          derivative: #"\frac{\partial y_i}{\partial a_{ij}} = "#
            + #"[j = \operatorname*{argmax}_l a_{il}]"#,
          delta: #"W^T \delta_a"#)
      ],
      parameters: [
        .init("weight", symbol: "W", gradient: #"\delta_a x^T"#),
        .init("bias", symbol: "b", gradient: #"\delta_a"#),
      ], remark: "[…] is 1 if the condition is true, otherwise 0.",
      work: MaxoutEntries(input: inputs[0].shape, units: units, pieces: pieces).entry)
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    var x = node.inputs[0]
    if node.inputPorts[0].shape.rank != 1 { x = graph.reshape(x, to: [node.inputPorts[0].count]) }
    let maps = graph.add(
      "Gemm", x, graph.constant(node.parameters[0]), graph.constant(node.parameters[1]),
      attributes: [("transB", .integer(1))])
    let a = graph.reshape(maps, to: [units, pieces])
    return [
      graph.add("ReduceMax", a, graph.integers([2]), attributes: [("keepdims", .integer(0))])
    ]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (a, y) = (pass.scratch[0].start, pass.y.start)
    AffineMap(pass.parameters, hasBias: true).forward(
      pass.x, into: pass.scratch[0], samples: pass.samples)
    for i in 0..<pass.y.count {
      let a = a + i &* pieces
      var largest = a[0]
      for j in 1..<pieces where !(a[j] <= largest) && !largest.isNaN { largest = a[j] }
      y[i] = largest
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (a, da) = (pass.scratch[0].start, pass.scratch[1].start)
    let (y, dy) = (pass.y.start, pass.dy.start)
    for i in 0..<pass.y.count {
      let (a, da) = (a + i &* pieces, da + i &* pieces)
      var isOpen = true
      for j in 0..<pieces {
        let isLargest = isOpen && !(a[j] < y[i])
        da[j] = isLargest ? dy[i] : 0
        isOpen = isOpen && !isLargest
      }
    }
    AffineMap(pass.parameters, hasBias: true).backward(
      pass.scratch[1], pass.x, to: AffineMap(pass.gradients, hasBias: true), pass.dx,
      isWanted: pass.needsInputGradient, samples: pass.samples)
  }
}
