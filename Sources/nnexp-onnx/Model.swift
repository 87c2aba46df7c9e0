import Foundation
import NNExp
import SwiftProtobuf

/// The bytes of an ONNX file with the graph. The same graph gives the same bytes.
///
/// - Source: ONNX, IR version 8, opset 18, `onnx.proto`.
func onnxModel(_ graph: OperatorGraph, name: String, version: String) throws -> [UInt8] {
  var model = Onnx_ModelProto()
  model.irVersion = 8
  model.producerName = "nnexp"
  model.producerVersion = version
  model.opsetImport = [operatorSet("", 18)]
  if graph.operations.contains(where: { $0.domain == "ai.onnx.ml" }) {
    model.opsetImport.append(operatorSet("ai.onnx.ml", 3))
  }
  model.metadataProps = graph.metadata.map { name, text in
    var entry = Onnx_StringStringEntryProto()
    entry.key = name
    entry.value = text
    return entry
  }
  model.graph.name = name
  model.graph.input = graph.inputs.map(valueInfo)
  model.graph.output = graph.outputs.map(valueInfo)
  // A layer may add a constant that it does not use after all.
  let used = Set(graph.operations.flatMap { $0.inputs.map(\.name) })
  model.graph.initializer = graph.constants.filter { used.contains($0.name) }.map(tensor)
  model.graph.node = graph.operations.map(node)
  let bytes: [UInt8] = try model.serializedBytes()
  guard bytes.count <= Int(Int32.max) else {
    throw Diagnostic(
      "the model has \(bytes.count) bytes, and a file of Protocol Buffers at most \(Int32.max)")
  }
  return bytes
}

private func operatorSet(_ domain: String, _ version: Int64) -> Onnx_OperatorSetIdProto {
  var set = Onnx_OperatorSetIdProto()
  set.domain = domain
  set.version = version
  return set
}

private func dataType(_ element: OperatorGraph.Element) -> Onnx_TensorProto.DataType {
  switch element {
  case .float32: .float
  case .float64: .double
  case .int64: .int64
  case .bool: .bool
  case .text: .string
  }
}

/// An input or output: the batch, then the shape of a sample.
private func valueInfo(_ terminal: OperatorGraph.Terminal) -> Onnx_ValueInfoProto {
  var info = Onnx_ValueInfoProto()
  info.name = terminal.name
  info.type.tensorType.elemType = Int32(dataType(terminal.element).rawValue)
  var batch = Onnx_TensorShapeProto.Dimension()
  batch.dimParam = "batch"
  info.type.tensorType.shape.dim = [batch]
  for extent in terminal.shape {
    var axis = Onnx_TensorShapeProto.Dimension()
    axis.dimValue = Int64(extent)
    info.type.tensorType.shape.dim.append(axis)
  }
  return info
}

private func tensor(_ constant: OperatorGraph.Constant) -> Onnx_TensorProto {
  var tensor = Onnx_TensorProto()
  tensor.name = constant.name
  tensor.dims = constant.shape.map(Int64.init)
  tensor.dataType = Int32(dataType(constant.element).rawValue)
  switch constant.entries {
  case .numbers(let numbers) where constant.element == .float32:
    tensor.rawData = numbers.map(Float.init).withUnsafeBytes { Data($0) }
  case .numbers(let numbers): tensor.rawData = numbers.withUnsafeBytes { Data($0) }
  case .integers(let integers):
    tensor.rawData = integers.map(Int64.init).withUnsafeBytes { Data($0) }
  case .texts(let texts): tensor.stringData = texts.map { Data($0.utf8) }
  }
  return tensor
}

private func node(_ operation: OperatorGraph.Operation) -> Onnx_NodeProto {
  var node = Onnx_NodeProto()
  node.name = operation.name
  node.opType = operation.type
  node.domain = operation.domain
  node.input = operation.inputs.map(\.name)
  node.output = operation.outputs.map(\.name)
  node.attribute = operation.attributes.map { entry in
    var attribute = Onnx_AttributeProto()
    attribute.name = entry.name
    switch entry.value {
    case .integer(let value):
      attribute.type = .int
      attribute.i = Int64(value)
    case .integers(let values):
      attribute.type = .ints
      attribute.ints = values.map(Int64.init)
    case .number(let value):
      attribute.type = .float
      attribute.f = Float(value)
    case .text(let text):
      attribute.type = .string
      attribute.s = Data(text.utf8)
    case .texts(let texts):
      attribute.type = .strings
      attribute.strings = texts.map { Data($0.utf8) }
    }
    return attribute
  }
  return node
}
