import Engine
import NNExp
import Testing

/// Fault 62: any content of a file of 1 MiB is read in time proportional to its length.
@Suite struct LargeModelTests {
  @Test func unnamedLayersAreNumbered() throws {
    let graph = try graph("model:\n" + String(repeating: "  - tanh\n", count: 30_000), input: [2])
    #expect(graph.nodes.count == 30_000)
    #expect(graph.nodes.prefix(3).map(\.name) == ["tanh", "tanh_2", "tanh_3"])
    #expect(graph.nodes.last?.name == "tanh_30000")
  }

  @Test func aTakenNumberIsSkipped() throws {
    let graph = try graph("model: [tanh, {type: tanh, name: tanh_2}, tanh, tanh]", input: [2])
    #expect(graph.nodes.map(\.name) == ["tanh", "tanh_2", "tanh_3", "tanh_4"])
  }

  @Test func concatenateReportsItsLimit() throws {
    let names = (0..<65).map { "n\($0)" }
    let nodes = names.map { "  - {type: tanh, name: \($0), inputs: input}\n" }.joined()
    let text =
      "model:\n\(nodes)  - {type: concatenate, inputs: [\(names.joined(separator: ", "))]}\n"
    let error = "\(try #require(throws: Diagnostics.self) { try graph(text, input: [2]) })"
    #expect(
      error.hasPrefix(
        "test.yaml:67:12: error: 'concatenate' (concatenate) takes 2 to 64 inputs, found 65\n"))
    #expect(error.hasSuffix("note: … and 49 more inputs"))
  }

  @Test func twentyThousandUnknownInputsAreReported() throws {
    let nodes = (0..<20_000).map { "  - {type: tanh, inputs: none_\($0)}\n" }.joined()
    let error = try #require(throws: Diagnostics.self) { try graph("model:\n" + nodes, input: [2]) }
    #expect(error.list.count == 20_000)
    #expect("\(error)".hasSuffix("\n… and 19900 more"))
  }
}
