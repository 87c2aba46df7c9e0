import NNExp
import TestSupport
import Testing

@testable import Interchange

@Suite struct GraphFileTests {
  /// y = 2x + c in float64, with the name of a class.
  private func graph() -> OperatorGraph {
    var graph = OperatorGraph(precision: .float64)
    let x = graph.input("x", .float64, [2])
    graph.scope = "node"
    let double = graph.add("Mul", x, graph.constant(2))
    let tensor = ExportedNode.Tensor(name: "node.bias", shape: [2], numbers: [1, .infinity])
    let sum = graph.add("Add", double, graph.constant(tensor))
    let index = graph.add("ArgMax", sum, attributes: [("axis", .integer(1))])
    graph.output("class", graph.add("Gather", graph.texts(["no", "yes"]), index), .text, [1])
    graph.output("y", graph.reshape(sum, to: [1, 2]), .float64, [1, 2])
    graph.metadata = [("run", "1"), ("weights", "best")]
    return graph
  }

  @Test func `a graph that was written is read`() throws {
    let file = GraphFile(graph(), name: "xor", version: "0.1.0")
    let read = try GraphFile(parsing: file.bytes, from: "graph")
    #expect(read.bytes == file.bytes)
    #expect(read.name == "xor" && read.version == "0.1.0")
    #expect(read.graph.operations == graph().operations)
    #expect(read.graph.constants.map(\.name) == graph().constants.map(\.name))
    #expect(read.graph.constants.map(\.entries).contains(.numbers([1, .infinity])))
    #expect(read.graph.inputs == graph().inputs && read.graph.outputs == graph().outputs)
  }

  @Test func `values have distinct names`() {
    var graph = OperatorGraph(precision: .float32)
    graph.scope = "a"
    let x = graph.input("a/Mul", .float32, [1])
    let first = graph.add("Mul", x, x)
    let second = graph.add("Mul", first, x)
    #expect([first.name, second.name] == ["a/Mul_2", "a/Mul_3"])
    #expect(graph.unused("a/Mul") == "a/Mul_4")
  }

  @Test func `a tensor that two nodes share is one constant`() {
    var graph = OperatorGraph(precision: .float32)
    let tensor = ExportedNode.Tensor(name: "a.weight", shape: [1], numbers: [1])
    #expect(graph.constant(tensor) == graph.constant(tensor))
    #expect(graph.constants.count == 1)
  }

  @Test func `a damaged graph is reported`() {
    let empty = Safetensors(tensors: []).bytes
    let error = #expect(throws: Diagnostic.self) {
      try GraphFile(parsing: empty, from: "graph")
    }
    #expect(error?.message == "the graph has no valid 'graph'")
    #expect(error?.failure == .environment)
  }
}
