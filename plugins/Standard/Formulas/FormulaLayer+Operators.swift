import NNExp

// A formula as a graph of standard operators.

extension FormulaLayer {
  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    var writer = FormulaOperators(self, node, in: &graph)
    guard let y = writer.value(of: formula.value, in: &graph) else { return nil }
    let shape = node.outputPorts[0].shape
    return [formula.hasEntries && formula.grouping != .window ? y : graph.reshape(y, to: shape)]
  }
}

/// Writes the nodes of a formula as operators.
///
/// A number per entry is a value `[batch] + sample`, or `[batch] + output + [entries]` if the
/// groups are windows. A number per group has the extent 1 along the axes of its entries.
private struct FormulaOperators {
  private let expression: Expression
  private let inputs: [OperatorGraph.Value]
  private let parameters: [OperatorGraph.Value]
  /// The axes of the entries of a group.
  private let axes: OperatorGraph.Value
  /// The number of entries of each group.
  private let count: OperatorGraph.Value
  /// True for the entries of the windows, and false for those beyond an edge; nil if there are
  /// none of these.
  private let mask: OperatorGraph.Value?
  private var values: [Expression.ID: OperatorGraph.Value] = [:]
  /// The shape of a sample with a batch axis of 1; nil if the groups are windows, of which every input
  /// has all entries.
  private let sample: Shape?
  /// The nodes whose values have all entries of a sample; others lack axes, or have the extent 1.
  private var whole: Set<Expression.ID> = []
  private let wholeInputs: [Bool]
  private let wholeParameters: [Bool]

  init(_ layer: FormulaLayer, _ node: ExportedNode, in graph: inout OperatorGraph) {
    let formula = layer.formula
    expression = formula.expression
    var sample = node.inputPorts[0].shape
    for port in node.inputPorts where port.shape.rank > sample.rank { sample = port.shape }
    let isWindow = formula.grouping == .window
    if isWindow { sample = node.outputPorts[0].shape }
    self.sample = isWindow ? nil : Shape([1] + sample.axes)
    wholeInputs = node.inputPorts.map { $0.shape == sample }
    wholeParameters = zip(formula.parameters, node.parameters).map {
      $0.extent != .scalar && $1.shape == sample
    }
    if let pooling = layer.pooling, isWindow {
      inputs = [pooling.entries(of: node.inputs[0], 0, &graph, node)]
      axes = graph.integers([-1])
      let counts = pooling.counts(node, withPadding: false)
      count = graph.constant(counts, sample.axes + [1])
      let most = counts.max() ?? 0
      if counts.contains(where: { $0 < most }) {
        let flags = counts.flatMap { own in (0..<Int(most)).map { Double($0) < own ? 1.0 : 0 } }
        mask = graph.cast(graph.constant(flags, sample.axes + [Int(most)]), to: .bool)
      } else {
        mask = nil
      }
    } else {
      inputs = BroadcastAxes.values(of: node, in: &graph)
      axes = graph.integers(Array(1...max(1, sample.rank)))
      count = graph.constant(Double(sample.count))
      mask = nil
    }
    var tensors: [OperatorGraph.Value] = []
    for (parameter, tensor) in zip(formula.parameters, node.parameters) {
      let value = graph.constant(tensor)
      switch parameter.extent {
      case .scalar: tensors.append(value)
      case .features, .channels:
        // The axes of a sample that the tensor lacks, and that of the entries of a window.
        let rest = sample.rank - tensor.shape.rank + (isWindow ? 1 : 0)
        let shape = [1] + tensor.shape.axes + Array(repeating: 1, count: rest)
        tensors.append(graph.add("Reshape", value, graph.integers(shape)))
      }
    }
    parameters = tensors
  }

  /// The value of a node; nil for the nodes of derivatives.
  mutating func value(
    of id: Expression.ID, in graph: inout OperatorGraph
  ) -> OperatorGraph.Value? {
    if let known = values[id] { return known }
    var operands: [OperatorGraph.Value] = []
    for operand in Expression.operands(of: expression.nodes[id]) {
      guard let value = value(of: operand, in: &graph) else { return nil }
      operands.append(value)
    }
    let node = expression.nodes[id]
    switch node {
    case .input(let k) where wholeInputs[k]: whole.insert(id)
    case .parameter(let k) where wholeParameters[k]: whole.insert(id)
    case .reduce(_, let u), .softmax(let u), .logSoftmax(let u), .norm(let u, _, _):
      // Every entry counts, also if several have the same number.
      if let sample, isEntry(u), !whole.contains(u) {
        operands[0] = graph.add("Expand", operands[0], graph.integers(sample.axes))
      }
      if isEntry(id) { whole.insert(id) }
    default:
      let all = Expression.operands(of: node)
      if all.contains(where: whole.contains) { whole.insert(id) }
    }
    let value = add(node, operands, in: &graph)
    values[id] = value
    return value
  }

  private func add(
    _ node: Expression.Node, _ operands: [OperatorGraph.Value], in graph: inout OperatorGraph
  ) -> OperatorGraph.Value? {
    switch node {
    case .number(let bits): return graph.constant(Double(bitPattern: bits))
    case .input(let k): return inputs[k]
    case .parameter(let k): return parameters[k]
    case .entryCount: return count
    case .unary(let function, _): return unary(function, operands[0], in: &graph)
    case .binary(let function, _, _):
      return binary(function, operands[0], operands[1], in: &graph)
    case .reduce(let reduction, let u):
      return reduce(reduction, operands[0], isEntry: isEntry(u), in: &graph)
    case .softmax(let u):
      let sum = reduce(.logSumExp, operands[0], isEntry: isEntry(u), in: &graph)
      return graph.add("Exp", graph.add("Sub", operands[0], sum))
    case .logSoftmax(let u):
      let sum = reduce(.logSumExp, operands[0], isEntry: isEntry(u), in: &graph)
      return graph.add("Sub", operands[0], sum)
    case .norm(let u, _, let isNormalized):
      return norm(
        operands[0], operands[1], isNormalized: isNormalized, isEntry: isEntry(u), in: &graph)
    case .select:
      return graph.add("Where", graph.cast(operands[0], to: .bool), operands[1], operands[2])
    case .cotangent, .normSlope, .normPowerSlope, .productOfOthers, .isFirst: return nil
    }
  }

  private func isEntry(_ id: Expression.ID) -> Bool { expression.levels[id] == .entry }

  private func unary(
    _ function: Expression.Unary, _ u: OperatorGraph.Value, in graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    let one = { (graph: inout OperatorGraph) in graph.constant(1) }
    switch function {
    case .negate: return graph.add("Neg", u)
    case .abs: return graph.add("Abs", u)
    case .sign: return graph.add("Sign", u)
    case .square: return graph.add("Mul", u, u)
    case .sqrt: return graph.add("Sqrt", u)
    case .exp: return graph.add("Exp", u)
    case .expm1: return graph.add("Sub", graph.add("Exp", u), one(&graph))
    case .log: return graph.add("Log", u)
    case .log1p: return graph.add("Log", graph.add("Add", u, one(&graph)))
    case .tanh: return graph.add("Tanh", u)
    case .logistic: return graph.add("Sigmoid", u)
    case .softplus:
      let power = graph.add("Exp", graph.add("Neg", graph.add("Abs", u)))
      let logarithm = graph.add("Log", graph.add("Add", power, one(&graph)))
      return graph.add("Add", graph.add("Relu", u), logarithm)
    case .erf: return graph.add("Erf", u)
    case .erfc: return graph.add("Sub", one(&graph), graph.add("Erf", u))
    case .sin: return graph.add("Sin", u)
    case .cos: return graph.add("Cos", u)
    case .floor: return graph.add("Floor", u)
    case .gaussian: return graph.add("Exp", graph.add("Neg", graph.add("Mul", u, u)))
    case .tanhSlope:
      let t = graph.add("Tanh", u)
      return graph.add("Sub", one(&graph), graph.add("Mul", t, t))
    case .logisticSlope:
      let s = graph.add("Sigmoid", u)
      return graph.add("Mul", s, graph.add("Sub", one(&graph), s))
    }
  }

  private func binary(
    _ function: Expression.Binary, _ a: OperatorGraph.Value, _ b: OperatorGraph.Value,
    in graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    switch function {
    case .add: return graph.add("Add", a, b)
    case .subtract: return graph.add("Sub", a, b)
    case .multiply: return graph.add("Mul", a, b)
    case .divide: return graph.add("Div", a, b)
    case .power: return graph.add("Pow", a, b)
    case .min: return graph.add("Min", a, b)
    case .max: return graph.add("Max", a, b)
    case .less: return graph.cast(graph.add("Less", a, b), to: graph.precision)
    case .lessOrEqual: return graph.cast(graph.add("LessOrEqual", a, b), to: graph.precision)
    case .equal: return graph.cast(graph.add("Equal", a, b), to: graph.precision)
    }
  }

  /// A reduction over the entries of each group.
  ///
  /// - Parameter isEntry: false if all entries of a group have the same number.
  private func reduce(
    _ reduction: Expression.Reduction, _ u: OperatorGraph.Value, isEntry: Bool,
    in graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    func reduced(
      _ type: String, _ u: OperatorGraph.Value, neutral: Double, _ graph: inout OperatorGraph
    ) -> OperatorGraph.Value {
      let u = mask.map { graph.add("Where", $0, u, graph.constant(neutral)) } ?? u
      return graph.add(type, u, axes)
    }
    switch reduction {
    case .sum where isEntry: return reduced("ReduceSum", u, neutral: 0, &graph)
    case .product where isEntry: return reduced("ReduceProd", u, neutral: 1, &graph)
    case .max where isEntry: return reduced("ReduceMax", u, neutral: -.infinity, &graph)
    case .min where isEntry: return reduced("ReduceMin", u, neutral: .infinity, &graph)
    case .logSumExp where isEntry:
      let m = reduced("ReduceMax", u, neutral: -.infinity, &graph)
      let power = graph.add("Exp", graph.add("Sub", u, m))
      let sum = reduced("ReduceSum", power, neutral: 0, &graph)
      return graph.add("Add", m, graph.add("Log", sum))
    case .sum: return graph.add("Mul", u, count)
    case .product: return graph.add("Pow", u, count)
    case .max, .min: return u
    case .logSumExp: return graph.add("Add", u, graph.add("Log", count))
    }
  }

  /// m·s^(1/p) with m = max|u| and s = Σ (|u|/m)ᵖ, or s/n.
  private func norm(
    _ u: OperatorGraph.Value, _ p: OperatorGraph.Value, isNormalized: Bool, isEntry: Bool,
    in graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    let size = graph.add("Abs", u)
    let m = reduce(.max, size, isEntry: isEntry, in: &graph)
    let isZero = graph.add("Equal", m, graph.constant(0))
    let divisor = graph.add("Where", isZero, graph.constant(1), m)
    let power = graph.add("Pow", graph.add("Div", size, divisor), p)
    var sum = reduce(.sum, power, isEntry: isEntry, in: &graph)
    if isNormalized { sum = graph.add("Div", sum, count) }
    return graph.add("Mul", m, graph.add("Pow", sum, graph.add("Div", graph.constant(1), p)))
  }
}
