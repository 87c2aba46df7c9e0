import NNExp

/// A fully connected layer.
///
///     y    = Wx + b
///     ∂W  += ∂y xᵀ,  ∂b += ∂y,  ∂x += Wᵀ ∂y      (sums over the batch)
///
/// W_ij connects input j to unit i. An input of any shape is used as the list of its numbers in
/// row-major order.
///
/// - Shape: any → `[units]`; W `[units, inputs]`, b `[units]`
/// - Source: the texts S0–S4 of experiments/seeds/README.md. In S2 (Tanaka 2013), equations 25
///   and 28 lack the transposition.
struct Dense: Layer, Component {
  static let typeName = "dense"
  static let foreignNames = ["linear", "fc", "fully_connected", "affine", "inner_product"]
  static let documentation = Documentation(
    "every unit a weighted sum of all inputs, plus a bias",
    equation: "y = W x + b;  ∂W += ∂y xᵀ,  ∂b += ∂y,  ∂x += Wᵀ ∂y",
    shapes: "any shape → [units];  weight [units, inputs], bias [units]",
    example: "- {type: dense, units: 10}",
    source:
      "Rumelhart, Hinton, Williams 1986, \"Learning representations by back-propagating errors\"")

  private let units: Int
  private let hasBias: Bool

  init(from options: inout Options) {
    units = options.int("units", in: 1..., "number of outputs")
    options.suggest("units", for: "out_features", "neurons", "nodes", "hidden_size", "size")
    hasBias = options.bias(of: "unit")
  }

  func plan(for inputs: [Port]) throws -> Plan {
    let count = inputs[0].count
    guard count > 0 else { throw Diagnostic("the input \(inputs[0]) has no numbers") }
    let weight = Shape([units, count])
    var plan = Plan(
      output: [units], parameters: [.init("weight", weight, initial: .glorotUniform)],
      work: weight.count)
    if hasBias { plan.parameters.append(.init("bias", [units], initial: .zeros)) }
    plan.backwardReads = .inputs
    plan.canStoreInputGradient = weight.count > mostTinyWeights
    plan.canStoreGradients = plan.canStoreInputGradient
    plan.readsEntries = plan.canStoreGradients
    return plan.with(.within(-.infinity...(.infinity)))
  }

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      hasBias ? #"\rho[W, b]"# : #"\rho[W]"#, output: hasBias ? "W x + b" : "W x",
      inputs: [.init(derivative: "W", delta: #"W^T \delta_y"#)],
      parameters: [
        .init("weight", symbol: "W", gradient: #"\delta_y x^T"#),
        .init("bias", symbol: "b", gradient: #"\delta_y"#),
      ],
      work: DenseEntries(input: inputs[0].shape, units: units, hasBias: hasBias).entry)
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    var x = node.inputs[0]
    if node.inputPorts[0].shape.rank != 1 { x = graph.reshape(x, to: [node.inputPorts[0].count]) }
    let tensors = node.parameters.map { graph.constant($0) }
    return [graph.add("Gemm", [x] + tensors, attributes: [("transB", .integer(1))])]
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    // y = W x + b
    let map = AffineMap(pass.parameters, hasBias: hasBias)
    map.forward(pass.x, into: pass.y, samples: pass.samples)
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    // ∂W += ∂y xᵀ,  ∂b += ∂y,  ∂x += Wᵀ ∂y
    let map = AffineMap(pass.parameters, hasBias: hasBias)
    let gradient = AffineMap(pass.gradients, hasBias: hasBias)
    map.backward(
      pass.dy, pass.x, to: gradient, pass.dx, isWanted: pass.needsInputGradient,
      stores: pass.storesGradients, storesInputGradient: pass.storesInputGradient,
      samples: pass.samples)
  }

  /// An entry of a weight or bias affects only its own unit.
  func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool {
    let map = AffineMap(pass.parameters, hasBias: hasBias)
    map.forward(
      pass.x, into: pass.y, samples: pass.samples,
      unit: parameter == 0 ? entry / map.inputs : entry)
    return true
  }
}

extension Dense: SparseInputLayer {
  func forwardEntries<S: KernelScalar>(_ pass: ForwardPass<S>) {
    let map = EntryMap(pass.x, pass.indices[0], units: units, samples: pass.samples)
    map.forward(pass.parameters[0], bias: hasBias ? pass.parameters[1] : nil, into: pass.y)
  }

  func backwardEntries<S: KernelScalar>(_ pass: BackwardPass<S>) {
    let map = EntryMap(pass.x, pass.indices[0], units: units, samples: pass.samples)
    map.backward(pass.dy, to: pass.gradients[0], bias: hasBias ? pass.gradients[1] : nil)
  }
}
