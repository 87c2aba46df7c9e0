/// A model as a graph of the standard operators of ONNX, which `nnexp export` writes.
///
/// A layer adds the operators that compute its outputs in an evaluation; see
/// ``Layer/export(_:to:)``. Axis 0 of each value is the batch, whose extent is not known:
///
///     func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
///       // y = x² + c
///       let square = graph.add("Mul", node.inputs[0], node.inputs[0])
///       return [graph.add("Add", square, graph.constant(3))]
///     }
///
/// - Source: the operators of ONNX, opset 18, <https://onnx.ai/onnx/operators>.
public struct OperatorGraph: Sendable {
  /// A tensor that an operator reads or computes.
  public struct Value: Sendable, Hashable {
    public let name: String
    package init(_ name: String) { self.name = name }
  }

  /// The type of a tensor's entries.
  public enum Element: String, Sendable, CaseIterable {
    case float32, float64, int64, bool, text
  }

  /// An attribute of an operator.
  public enum Attribute: Sendable, Hashable {
    case integer(Int)
    case integers([Int])
    /// ONNX stores it in float32. Pass a number that needs more digits as a constant.
    case number(Double)
    case text(String)
    case texts([String])
  }

  /// An operator with its inputs and outputs.
  public struct Operation: Sendable, Hashable {
    package var name: String
    package var type: String
    /// The operator set; empty for the standard one.
    package var domain: String
    package var inputs: [Value]
    package var outputs: [Value]
    package var attributes: [NamedAttribute]

    package init(
      name: String, type: String, domain: String, inputs: [Value], outputs: [Value],
      attributes: [NamedAttribute]
    ) {
      (self.name, self.type, self.domain) = (name, type, domain)
      (self.inputs, self.outputs, self.attributes) = (inputs, outputs, attributes)
    }
  }

  package struct NamedAttribute: Sendable, Hashable {
    package var name: String
    package var value: Attribute

    package init(name: String, value: Attribute) { (self.name, self.value) = (name, value) }
  }

  /// A tensor of known entries, in row-major order.
  package struct Constant: Sendable, Hashable {
    package enum Entries: Sendable, Hashable {
      case numbers([Double])
      case integers([Int])
      case texts([String])
    }
    package var name: String
    package var element: Element
    package var shape: [Int]
    package var entries: Entries

    package init(name: String, element: Element, shape: [Int], entries: Entries) {
      (self.name, self.element, self.shape, self.entries) = (name, element, shape, entries)
    }
  }

  /// An input or output of the model. The shape does not contain the batch.
  package struct Terminal: Sendable, Hashable {
    package var name: String
    package var element: Element
    package var shape: [Int]

    package init(name: String, element: Element, shape: [Int]) {
      (self.name, self.element, self.shape) = (name, element, shape)
    }
  }

  /// The precision of the model's numbers: float32 or float64, as in the run.
  public let precision: Element

  package var operations: [Operation] = []
  package var constants: [Constant] = []
  package var inputs: [Terminal] = []
  package var outputs: [Terminal] = []
  /// Texts about the model, by name.
  package var metadata: [(name: String, text: String)] = []

  /// The beginning of the names of new values: the name of the current node.
  package var scope = ""
  private var names: Set<String> = []
  private var tensorNames: Set<String> = []

  package init(precision: Element) { self.precision = precision }

  // MARK: Operators

  /// Adds an operator with one output, and returns the output.
  ///
  /// - Parameter domain: the operator set; empty for the standard one.
  public mutating func add(
    _ type: String, _ inputs: Value..., attributes: [(String, Attribute)] = [],
    domain: String = ""
  ) -> Value {
    add(type, inputs, attributes: attributes, domain: domain)
  }

  /// Adds an operator with a list of inputs and one output, and returns the output.
  public mutating func add(
    _ type: String, _ inputs: [Value], attributes: [(String, Attribute)] = [],
    domain: String = ""
  ) -> Value {
    let name = newName(type)
    let output = Value(name)
    operations.append(
      Operation(
        name: name, type: type, domain: domain, inputs: inputs, outputs: [output],
        attributes: attributes.map { NamedAttribute(name: $0.0, value: $0.1) }))
    return output
  }

  /// Adds a reshaping of each sample to `shape`, in row-major order.
  public mutating func reshape(_ value: Value, to shape: Shape) -> Value {
    // An extent of 0 means that of the input.
    add("Reshape", value, integers([0] + shape.axes))
  }

  /// Adds a conversion to another type of entries.
  public mutating func cast(_ value: Value, to element: Element) -> Value {
    // The numbers of `TensorProto.DataType`.
    let type =
      switch element {
      case .float32: 1
      case .int64: 7
      case .text: 8
      case .bool: 9
      case .float64: 11
      }
    return add("Cast", value, attributes: [("to", .integer(type))])
  }

  // MARK: Constants

  /// Adds a number of the model's precision; it is broadcast to any shape.
  public mutating func constant(_ number: Double) -> Value { constant([number], []) }

  /// Adds numbers, in the model's precision unless another is given.
  ///
  /// - Precondition: the shape has as many entries as there are numbers.
  public mutating func constant(
    _ numbers: [Double], _ shape: [Int], as element: Element? = nil
  ) -> Value {
    precondition(shape.reduce(1, *) == numbers.count, "a constant of another shape")
    return append(element ?? precision, shape, .numbers(numbers))
  }

  /// Adds a list of 64-bit integers, such as axes.
  public mutating func integers(_ integers: [Int]) -> Value {
    append(.int64, [integers.count], .integers(integers))
  }

  /// Adds 64-bit integers of a shape.
  package mutating func integers(_ integers: [Int], _ shape: [Int]) -> Value {
    append(.int64, shape, .integers(integers))
  }

  /// Adds a list of texts.
  package mutating func texts(_ texts: [String]) -> Value {
    append(.text, [texts.count], .texts(texts))
  }

  /// Adds a parameter or state of a node under its name, if no other node has added it.
  public mutating func constant(_ tensor: ExportedNode.Tensor) -> Value {
    if tensorNames.insert(tensor.name).inserted {
      names.insert(tensor.name)
      constants.append(
        Constant(
          name: tensor.name, element: precision, shape: tensor.shape.axes,
          entries: .numbers(tensor.numbers)))
    }
    return Value(tensor.name)
  }

  private mutating func append(
    _ element: Element, _ shape: [Int], _ entries: Constant.Entries
  ) -> Value {
    let name = newName("constant")
    constants.append(Constant(name: name, element: element, shape: shape, entries: entries))
    return Value(name)
  }

  // MARK: Inputs and outputs

  /// Adds an input of the model.
  package mutating func input(_ name: String, _ element: Element, _ shape: [Int]) -> Value {
    names.insert(name)
    inputs.append(Terminal(name: name, element: element, shape: shape))
    return Value(name)
  }

  /// Adds an output of the model that equals `value`.
  package mutating func output(
    _ name: String, _ value: Value, _ element: Element, _ shape: [Int]
  ) {
    names.insert(name)
    outputs.append(Terminal(name: name, element: element, shape: shape))
    operations.append(
      Operation(
        name: "output \(name)", type: "Identity", domain: "", inputs: [value],
        outputs: [Value(name)], attributes: []))
  }

  /// The name, or the name with a number if another value has it.
  package func unused(_ name: String) -> String {
    var found = name
    var count = 1
    while names.contains(found) {
      count += 1
      found = "\(name)_\(count)"
    }
    return found
  }

  /// Marks a name as used, so that no value gets it.
  package mutating func reserve(_ name: String) { names.insert(name) }

  private mutating func newName(_ type: String) -> String {
    let name = unused(scope.isEmpty ? type : "\(scope)/\(type)")
    names.insert(name)
    return name
  }
}

/// A node of the network for ``Layer/export(_:to:)``.
public struct ExportedNode: Sendable {
  /// A parameter or state with its trained numbers.
  public struct Tensor: Sendable {
    /// `node.tensor`, with the node that owns it.
    public let name: String
    public let shape: Shape
    public let numbers: [Double]

    package init(name: String, shape: Shape, numbers: [Double]) {
      (self.name, self.shape, self.numbers) = (name, shape, numbers)
    }
  }

  /// The values of the inputs, `[batch] + shape`; 64-bit integers for a port of indices.
  public let inputs: [OperatorGraph.Value]

  /// The ports of the inputs.
  public let inputPorts: [Port]

  /// The ports of the outputs, as planned.
  public let outputPorts: [Port]

  /// The parameters and the state, in the plan's order.
  public let parameters: [Tensor]
  public let state: [Tensor]

  package init(
    inputs: [OperatorGraph.Value], inputPorts: [Port], outputPorts: [Port], parameters: [Tensor],
    state: [Tensor]
  ) {
    (self.inputs, self.inputPorts, self.outputPorts) = (inputs, inputPorts, outputPorts)
    (self.parameters, self.state) = (parameters, state)
  }
}
