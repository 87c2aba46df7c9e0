import Files
public import NNExp

/// A graph of operators as bytes, which `nnexp export` passes to its companion programs: a
/// safetensors file whose tensors are the constants and whose metadata contain the rest.
public struct GraphFile: Sendable {
  public let graph: OperatorGraph
  /// The name of the model.
  public let name: String
  /// The version of nnexp.
  public let version: String

  public init(_ graph: OperatorGraph, name: String, version: String) {
    (self.graph, self.name, self.version) = (graph, name, version)
  }

  // MARK: Writing

  public var bytes: [UInt8] {
    var tensors: [Safetensors.Tensor] = []
    var constants: [JSON] = []
    for constant in graph.constants {
      let data: [UInt8]
      let type: Safetensors.DataType
      switch constant.entries {
      case .texts(let texts):
        constants.append([
          "name": .string(constant.name), "texts": .array(texts.map(JSON.string)),
        ])
        continue
      case .integers(let integers):
        (type, data) = (.int64, integers.withUnsafeBytes(Array.init))
      case .numbers(let numbers) where constant.element == .float32:
        (type, data) = (.float32, numbers.map(Float.init).withUnsafeBytes(Array.init))
      case .numbers(let numbers):
        (type, data) = (.float64, numbers.withUnsafeBytes(Array.init))
      }
      constants.append(["name": .string(constant.name)])
      tensors.append(
        .init(name: constant.name, type: type, shape: constant.shape, bytes: data[...]))
    }
    let json: JSON = [
      "name": .string(name), "version": .string(version),
      "precision": .string(graph.precision.rawValue),
      "metadata": .array(graph.metadata.map { [.string($0.name), .string($0.text)] }),
      "inputs": .array(graph.inputs.map(\.json)), "outputs": .array(graph.outputs.map(\.json)),
      "constants": .array(constants), "operations": .array(graph.operations.map(\.json)),
    ]
    return Safetensors(
      metadata: [.init("graph", .string(json.description))], tensors: tensors
    ).bytes
  }

  // MARK: Reading

  /// - Throws: a `Diagnostic`.
  public init(parsing bytes: [UInt8], from path: String) throws {
    let file = try Safetensors(parsing: bytes, from: path)
    guard let text = file.metadata.first(where: { $0.key == "graph" })?.value.string else {
      throw GraphFile.fault("graph")
    }
    let json = try JSON(parsing: Array(text.utf8), from: path)
    name = try GraphFile.need(json["name"]?.string, "name")
    version = try GraphFile.need(json["version"]?.string, "version")
    var graph = OperatorGraph(
      precision: try GraphFile.need(
        json["precision"]?.string.flatMap(OperatorGraph.Element.init), "precision"))
    func list<Value>(_ key: String, _ make: (JSON) throws -> Value) throws -> [Value] {
      try GraphFile.need(json[key]?.array, key).map(make)
    }
    graph.metadata = try list("metadata") { entry in
      let pair = entry.array?.compactMap(\.string) ?? []
      guard pair.count == 2 else { throw GraphFile.fault("metadata") }
      return (pair[0], pair[1])
    }
    graph.inputs = try list("inputs", OperatorGraph.Terminal.init)
    graph.outputs = try list("outputs", OperatorGraph.Terminal.init)
    graph.operations = try list("operations", OperatorGraph.Operation.init)
    let tensors = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0) })
    graph.constants = try list("constants") { entry in
      let name = try GraphFile.need(entry["name"]?.string, "name")
      if let texts = entry["texts"]?.array {
        return OperatorGraph.Constant(
          name: name, element: .text, shape: [texts.count],
          entries: .texts(try texts.map { try GraphFile.need($0.string, "texts") }))
      }
      return try OperatorGraph.Constant(GraphFile.need(tensors[name], "constants"))
    }
    self.graph = graph
  }

  fileprivate static func fault(_ key: String) -> Diagnostic {
    Diagnostic("the graph has no valid '\(key)'", failure: .environment)
  }

  fileprivate static func need<Value>(_ value: Value?, _ key: String) throws -> Value {
    guard let value else { throw fault(key) }
    return value
  }

  fileprivate static func texts(_ json: JSON?, _ key: String) throws -> [String] {
    try need(json?.array, key).map { try need($0.string, key) }
  }
}

extension OperatorGraph.Constant {
  fileprivate init(_ tensor: Safetensors.Tensor) throws {
    let count = tensor.bytes.count / tensor.type.size
    func numbers<Number>(_ type: Number.Type) -> [Number] {
      [Number](unsafeUninitializedCapacity: count) { buffer, used in
        UnsafeMutableRawBufferPointer(buffer).copyBytes(from: tensor.bytes)
        used = count
      }
    }
    switch tensor.type {
    case .int64:
      self.init(
        name: tensor.name, element: .int64, shape: tensor.shape,
        entries: .integers(numbers(Int.self))
      )
    case .float32:
      self.init(
        name: tensor.name, element: .float32, shape: tensor.shape,
        entries: .numbers(numbers(Float.self).map(Double.init)))
    case .float64:
      self.init(
        name: tensor.name, element: .float64, shape: tensor.shape,
        entries: .numbers(numbers(Double.self)))
    default: throw GraphFile.fault("constants")
    }
  }
}

extension OperatorGraph.Terminal {
  fileprivate var json: JSON {
    [
      "name": .string(name), "element": .string(element.rawValue),
      "shape": .array(shape.map(JSON.int)),
    ]
  }

  fileprivate init(_ json: JSON) throws {
    self.init(
      name: try GraphFile.need(json["name"]?.string, "name"),
      element: try GraphFile.need(
        json["element"]?.string.flatMap(OperatorGraph.Element.init), "element"),
      shape: try GraphFile.need(json["shape"]?.array, "shape").map {
        try GraphFile.need($0.int, "shape")
      })
  }
}

extension OperatorGraph.Operation {
  fileprivate var json: JSON {
    [
      "name": .string(name), "type": .string(type), "domain": .string(domain),
      "inputs": .array(inputs.map { .string($0.name) }),
      "outputs": .array(outputs.map { .string($0.name) }),
      "attributes": .object(attributes.map { .init($0.name, $0.value.json) }),
    ]
  }

  fileprivate init(_ json: JSON) throws {
    self.init(
      name: try GraphFile.need(json["name"]?.string, "name"),
      type: try GraphFile.need(json["type"]?.string, "type"),
      domain: try GraphFile.need(json["domain"]?.string, "domain"),
      inputs: try GraphFile.texts(json["inputs"], "inputs").map(OperatorGraph.Value.init),
      outputs: try GraphFile.texts(json["outputs"], "outputs").map(OperatorGraph.Value.init),
      attributes: try GraphFile.need(json["attributes"]?.object, "attributes").map {
        .init(name: $0.key, value: try OperatorGraph.Attribute($0.value))
      })
  }
}

extension OperatorGraph.Attribute {
  fileprivate var json: JSON {
    switch self {
    case .integer(let value): ["integer": .int(value)]
    case .integers(let values): ["integers": .array(values.map(JSON.int))]
    case .number(let value): ["number": .number(value)]
    case .text(let text): ["text": .string(text)]
    case .texts(let texts): ["texts": .array(texts.map(JSON.string))]
    }
  }

  fileprivate init(_ json: JSON) throws {
    if let value = json["integer"]?.int {
      self = .integer(value)
    } else if let values = json["integers"]?.array {
      self = .integers(try values.map { try GraphFile.need($0.int, "integers") })
    } else if let value = json["number"]?.double {
      self = .number(value)
    } else if let text = json["text"]?.string {
      self = .text(text)
    } else if let texts = json["texts"] {
      self = .texts(try GraphFile.texts(texts, "texts"))
    } else {
      throw GraphFile.fault("attributes")
    }
  }
}
