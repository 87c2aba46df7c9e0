import NNExp

/// The maximum of several affine maps: a unit that learns its own activation.
///
///     aᵢⱼ  = Wᵢⱼ x + bᵢⱼ,   yᵢ = maxⱼ aᵢⱼ          j = 1 … pieces
///     ∂aᵢⱼ = ∂yᵢ for the first j that is largest, else 0
///     ∂W  += ∂aᵀ x,  ∂b += Σ ∂a,  ∂x += ∂a W
///
/// - Shape: any → `[units]`
/// - Source: Goodfellow, Warde-Farley, Mirza, Courville, Bengio 2013, "Maxout
///   networks".
struct Maxout: Layer, Component {
  static let typeName = "maxout"
  static let documentation = Documentation(
    "the largest of several affine maps, a unit that learns its own activation",
    equation: """
      yᵢ = maxⱼ (Wᵢⱼ x + bᵢⱼ)
      ∂aᵢⱼ = ∂yᵢ for the first largest j, else 0
      """,
    shapes: "any → [units]",
    example: "- {type: maxout, units: 32, pieces: 4}",
    source: "Goodfellow et al. 2013, \"Maxout networks\"")

  static let examples = [
    Example(["units": 3, "pieces": 2], inputs: [4]),
    Example(["units": 1, "pieces": 5], inputs: [2, 3]),
  ]

  private let units: Int
  private let pieces: Int

  init(from options: inout Options) {
    units = options.int("units", in: 1...1 << 20, "number of outputs")
    pieces = options.int("pieces", default: 2, in: 2...1024, "affine maps per unit")
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let count = inputs[0].count
    guard count > 0 else { throw Diagnostic("the input \(inputs[0]) has no numbers") }
    let maps = units * pieces
    return Plan(
      output: [units],
      parameters: [
        .init("weight", [maps, count], initial: .glorotUniform),
        .init("bias", [maps], initial: .zeros),
      ],
      scratch: [.perSample(maps)], work: Shape([maps, count]).count)
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let flat = graph.reshape(node.inputs[0], to: [node.inputPorts[0].count])
    let maps = graph.add(
      "Gemm", flat, graph.constant(node.parameters[0]), graph.constant(node.parameters[1]),
      attributes: [("transB", .integer(1))])
    let a = graph.reshape(maps, to: [units, pieces])
    return [
      graph.add("ReduceMax", a, graph.integers([2]), attributes: [("keepdims", .integer(0))])
    ]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (a, bias) = (pass.scratch[0], pass.parameters[1])
    let maps = bias.count
    for s in 0..<pass.samples {
      for m in 0..<maps { a[s &* maps &+ m] = bias[m] }
    }
    multiply(
      pass.x.matrix(rows: pass.samples, columns: pass.x.shape.count),
      pass.parameters[0].matrix(rows: maps, columns: pass.x.shape.count).transposed,
      into: a.matrix(rows: pass.samples, columns: maps), accumulating: true)
    for i in pass.y.indices {
      var largest = a[i &* pieces]
      for j in 1..<pieces where !(a[i &* pieces &+ j] <= largest) { largest = a[i &* pieces &+ j] }
      pass.y[i] = largest
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (a, y, dy) = (pass.scratch[0], pass.y, pass.dy)
    let (weight, dBias) = (pass.parameters[0], pass.gradients[1])
    let (maps, count) = (dBias.count, pass.x.shape.count)
    // Each map's activation is overwritten by its derivative.
    for i in y.indices {
      var isFound = false
      for j in 0..<pieces {
        let isLargest = !isFound && a[i &* pieces &+ j] == y[i]
        a[i &* pieces &+ j] = isLargest ? dy[i] : 0
        isFound = isFound || isLargest
      }
    }
    for s in 0..<pass.samples {
      for m in 0..<maps { dBias[m] += a[s &* maps &+ m] }
    }
    let da = a.matrix(rows: pass.samples, columns: maps)
    multiply(
      da.transposed, pass.x.matrix(rows: pass.samples, columns: count),
      into: pass.gradients[0].matrix(rows: maps, columns: count), accumulating: true)
    if pass.needsInputGradient {
      multiply(
        da, weight.matrix(rows: maps, columns: count),
        into: pass.dx.matrix(rows: pass.samples, columns: count), accumulating: true)
    }
  }
}

func register(in registry: inout Registry) { registry.register(Maxout.self) }
