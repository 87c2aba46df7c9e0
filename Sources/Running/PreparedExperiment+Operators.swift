import Datasets
import Engine
import Files
public import NNExp

extension PreparedExperiment {
  /// The network with its present weights as a graph of standard operators.
  ///
  /// - Parameter isBare: false for inputs in the form of the data and outputs like those of
  ///   predictions.csv; true for the inputs and outputs of the network itself.
  /// - Throws: a `Diagnostic` at the location of each node whose layer does not say how it is
  ///   exported.
  public func operators(isBare: Bool) throws -> OperatorGraph {
    var graph = OperatorGraph(precision: S.self == Float.self ? .float32 : .float64)
    let ports: [OperatorGraph.Value]
    if isBare {
      ports = self.graph.ports.map {
        graph.input($0.name, $0.isIndices ? .int64 : graph.precision, $0.shape.axes)
      }
    } else {
      ports = data.addInputs(to: &graph)
    }
    let outputs = try addNodes(to: &graph, ports)
    for head in heads {
      let output = outputs[head.node][0]
      if isBare {
        let name = self.graph.nodes[head.node].name
        graph.output(graph.unused(name), output, graph.precision, head.outputShape.axes)
      } else {
        HeadOperators(head, data.targets[head.targetIndex], output).add(to: &graph)
      }
    }
    return graph
  }

  /// The names of numbers, as JSON lists: the classes of each head that learns classes, in the
  /// order of their outputs; and if the model is bare, the inputs of a table.
  public func exportedNames(isBare: Bool) -> [(name: String, text: String)] {
    func list(_ names: [String]) -> String { JSON.array(names.map(JSON.string)).description }
    var names = heads.compactMap { head in
      let names = data.targets[head.targetIndex].classNames
      return names.isEmpty ? nil : (name: "classes\(head.suffix)", text: list(names))
    }
    if isBare, !data.encoding.columns.isEmpty {
      names.append((name: "inputs", text: list(data.inputNames)))
    }
    return names
  }

  /// Adds the operators of all nodes. Returns the values of each node's outputs.
  private func addNodes(
    to graph: inout OperatorGraph, _ ports: [OperatorGraph.Value]
  ) throws -> [[OperatorGraph.Value]] {
    let network = trainer.network
    var tensors: [String: ExportedNode.Tensor] = [:]
    for learned in network.learned {
      let name = "\(learned.node).\(learned.name)"
      let unused = graph.unused(name)
      graph.reserve(unused)
      tensors[name] = ExportedNode.Tensor(
        name: unused, shape: learned.tensor.shape,
        numbers: learned.tensor.indices.map { Double(learned.tensor[$0]) })
    }
    var outputs: [[OperatorGraph.Value]] = []
    var errors = Diagnostics()
    for node in self.graph.nodes {
      graph.scope = node.name
      let exported = ExportedNode(
        inputs: node.inputs.map { $0.isData ? ports[$0.output] : outputs[$0.node][$0.output] },
        inputPorts: node.inputPorts, outputPorts: node.plan.outputs,
        parameters: self.graph.parameters(of: node).compactMap { tensors["\($0.node).\($0.name)"] },
        state: node.plan.state.compactMap { tensors["\(node.name).\($0.name)"] })
      // In ONNX, an extent of 0 in a shape means the extent of the input.
      let isEmpty = (node.inputPorts + node.plan.outputs).contains { $0.count == 0 }
      let values = isEmpty ? nil : node.layer.export(exported, to: &graph)
      if isEmpty {
        errors.add(
          Diagnostic(
            "'\(node.name)' (\(node.typeName)) cannot be exported: it has a tensor without numbers",
            at: node.location))
      } else if let values, values.count != node.plan.outputs.count {
        errors.add(
          Diagnostic(
            "'\(node.name)' (\(node.typeName)) has \(node.plan.outputs.count) outputs, but its "
              + "export has \(values.count)", at: node.location))
      } else if values == nil {
        errors.add(
          Diagnostic(
            "'\(node.name)' (\(node.typeName)) cannot be exported: the layer does not say how",
            at: node.location,
            notes: [.init("a layer in Swift says so in its method 'export(_:to:)'")]))
      }
      // After an error, the graph is not used.
      outputs.append(
        values ?? node.plan.outputs.map { _ in OperatorGraph.Value(node.name) })
    }
    graph.scope = ""
    try errors.throwIfAny()
    return outputs
  }
}

/// The operators that turn the output of a head into the columns of predictions.csv.
private struct HeadOperators {
  private let head: Head
  private let port: TargetPort
  private let output: OperatorGraph.Value
  private let count: Int
  private let meaning: OutputMeaning

  init(_ head: Head, _ port: TargetPort, _ output: OperatorGraph.Value) {
    (self.head, self.port, self.output) = (head, port, output)
    count = head.outputShape.count
    meaning = head.loss.outputMeaning
  }

  func add(to graph: inout OperatorGraph) {
    graph.scope = "prediction\(head.suffix)"
    let z = head.outputShape.rank == 1 ? output : graph.reshape(output, to: [count])
    switch port.target {
    case .classes: addClasses(to: &graph, z)
    case .values(let shape):
      var numbers = prediction(of: z, in: &graph)
      if let units = head.units { numbers = original(numbers, units, in: &graph) }
      add("prediction", numbers, of: shape, to: &graph)
      if meaning.hasVariances {
        add("standard_deviation", standardDeviation(of: z, in: &graph), of: shape, to: &graph)
      }
    }
  }

  private func add(
    _ name: String, _ numbers: OperatorGraph.Value, of shape: Shape, to graph: inout OperatorGraph
  ) {
    let numbers = shape.rank == 1 ? numbers : graph.reshape(numbers, to: shape)
    graph.output(graph.unused(name + head.suffix), numbers, graph.precision, shape.axes)
  }

  /// Half of the outputs.
  private func half(
    _ range: Range<Int>, of z: OperatorGraph.Value, in graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    graph.add(
      "Slice", z, graph.integers([range.lowerBound]), graph.integers([range.upperBound]),
      graph.integers([1]))
  }

  /// The standard deviations in the units of the data.
  private func standardDeviation(
    of z: OperatorGraph.Value, in graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    let second = half(count / 2..<count, of: z, in: &graph)
    let deviation =
      if case .meansAndVariances(let least) = meaning {
        graph.add("Sqrt", graph.add("Max", second, graph.constant(least)))
      } else {
        graph.add("Exp", graph.add("Mul", second, graph.constant(0.5)))
      }
    guard let units = head.units else { return deviation }
    return graph.add(
      "Mul", deviation, graph.constant(units.spread.map { abs($0) }, [units.spread.count]))
  }

  /// The name of the predicted class, and the probability or score of each class.
  private func addClasses(to graph: inout OperatorGraph, _ z: OperatorGraph.Value) {
    let index: OperatorGraph.Value
    var scores = prediction(of: z, in: &graph)
    if count == 1 {
      let isOne = graph.add("GreaterOrEqual", z, graph.constant(head.threshold))
      index = graph.add(
        "Squeeze", graph.cast(isOne, to: .int64), graph.integers([1]))
      if meaning.hasProbabilities {
        let other = graph.add("Sub", graph.constant(1), scores)
        scores = graph.add("Concat", other, scores, attributes: [("axis", .integer(1))])
      }
    } else {
      index = graph.add(
        "ArgMax", z, attributes: [("axis", .integer(1)), ("keepdims", .integer(0))])
    }
    let names = port.classNames.isEmpty ? (0..<max(2, count)).map { "\($0)" } : port.classNames
    let name = graph.add("Gather", graph.texts(names), index)
    graph.output(graph.unused("prediction\(head.suffix)"), name, .text, [])
    let kind = meaning.hasProbabilities ? "probability" : "score"
    graph.output(
      graph.unused("\(kind)\(head.suffix)"), scores, graph.precision,
      [count == 1 && meaning.hasProbabilities ? 2 : count])
  }

  /// The probabilities, if the outputs have any; otherwise the outputs.
  private func prediction(
    of z: OperatorGraph.Value, in graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    switch meaning {
    case .values, .probabilities, .scores, .distances: z
    case .meansAndVariances, .meansAndLogVariances: half(0..<count / 2, of: z, in: &graph)
    case .logits: graph.add("Sigmoid", z)
    case .jointLogits: graph.add("Softmax", z, attributes: [("axis", .integer(1))])
    }
  }

  /// The numbers in the units of the data, computed in float64.
  private func original(
    _ numbers: OperatorGraph.Value, _ units: TargetUnits, in graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    let isFloat = graph.precision == .float32
    let z = isFloat ? graph.cast(numbers, to: .float64) : numbers
    func constant(_ numbers: [Double]) -> OperatorGraph.Value {
      graph.constant(numbers, [numbers.count], as: .float64)
    }
    let areLogs = units.areLogs.isEmpty ? units.spread.map { _ in false } : units.areLogs
    var x = z
    if areLogs.contains(false) {
      let offset = zip(units.shift, units.origin).map(+)
      x = graph.add("Add", graph.add("Mul", z, constant(units.spread)), constant(offset))
    }
    if areLogs.contains(true) {
      let isLog = graph.cast(constant(areLogs.map { $0 ? 1 : 0 }), to: .bool)
      x = graph.add("Where", isLog, graph.add("Exp", z), x)
    }
    return isFloat ? graph.cast(x, to: .float32) : x
  }
}
