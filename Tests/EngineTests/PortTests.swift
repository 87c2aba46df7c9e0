import Datasets
import Platform
import NNExp
import Standard
import TestSupport
import Testing
import YAMLTree

@testable import Engine

/// Graphs with named ports and several outputs, their random numbers and their memory.
@Suite struct PortTests: DeclaresGraphs {
  static let branches = """
    model:
      - {type: dense, units: 2, name: left, inputs: a}
      - {type: dense, units: 2, name: right, inputs: b}
      - {type: concatenate, inputs: [left, right], name: both}
      - {type: dense, units: 1, name: end}
    loss: squared_error
    """

  @Test func `a node reads the port that it names`() throws {
    let graph = try graph(
      PortTests.branches, ports: [Port("a", [2]), Port("b", [3, 4])])
    #expect(graph.nodes.map(\.inputShapes) == [[[2]], [[3, 4]], [[2], [2]], [[4]]])
    #expect(graph.nodes[2].inputs.map(graph.name) == ["left", "right"])
    #expect(graph.nodes[1].inputs.map(graph.name) == ["b"])
    #expect(graph.outputShape == [1])
  }

  @Test func `a port that nobody reads is an error`() throws {
    expectText(
      try errors(
        "model:\n  - {type: dense, units: 1, inputs: a}\nloss: squared_error"),
      """
      test.yaml:2:3: error: no node reads the port 'b' of the data; leave it out of the data, or \
      name it in a node's inputs
          - {type: dense, units: 1, inputs: a}
          ^
      """)
  }

  @Test func `a first node without inputs is an error if the ports have names`() throws {
    expectText(
      try errors(
        "model:\n  - {type: dense, units: 1}\n  - {type: add, inputs: [dense, a, b]}\n"
          + "loss: squared_error"),
      """
      test.yaml:2:12: error: 'dense' needs 'inputs': the data have named ports
          - {type: dense, units: 1}
                   ^
      note: the ports are: a, b
      """)
  }

  @Test func `a node cannot have the name of a port`() throws {
    expectText(
      try errors(
        "model:\n  - {type: dense, units: 1, name: b, inputs: a}\n"
          + "  - {type: add, inputs: [a, b]}\nloss: squared_error"),
      """
      test.yaml:2:12: error: 'b' is the name of a port of the data; give the node another one
          - {type: dense, units: 1, name: b, inputs: a}
                   ^
      """)
  }

  @Test func `an input that is neither a node nor a port is an error`() throws {
    expectText(
      try errors(
        "model:\n  - {type: dense, units: 1, name: left, inputs: [input]}\n"
          + "  - {type: add, inputs: [left, lefd]}\nloss: squared_error"),
      """
      test.yaml:2:50: error: 'left' takes its input from 'input', which is neither a node nor a \
      port of the data
          - {type: dense, units: 1, name: left, inputs: [input]}
                                                         ^
      note: ports and nodes: a, b, left, add
      test.yaml:3:32: error: 'add' takes its input from 'lefd', which is neither a node nor a \
      port of the data; did you mean 'left'?
          - {type: add, inputs: [left, lefd]}
                                       ^
      note: ports and nodes: a, b, left, add
      """)
  }

  @Test func `an output that the node lacks is an error`() throws {
    expectText(
      try errors(
        "model:\n  - {type: dense, units: 1, name: left, inputs: a}\n"
          + "  - {type: add, inputs: [left.right, b]}\nloss: squared_error"),
      """
      test.yaml:3:26: error: 'add' takes its input from 'left.right', but 'left' has no output \
      'right'
          - {type: add, inputs: [left.right, b]}
                                 ^
      test.yaml:2:12: note: its outputs are: output
          - {type: dense, units: 1, name: left, inputs: a}
                   ^
      """)
  }

  @Test func `one of several outputs must be named`() throws {
    let part = "  - {type: split, sizes: [1, 1], inputs: a, name: s}\n"
    let end = "  - {type: add, inputs: [dense, b]}\n"
    for reader in ["{type: dense, units: 1}", "{type: dense, units: 1, inputs: s}"] {
      let text = try errors("model:\n\(part)  - \(reader)\n\(end)loss: squared_error")
      #expect(
        text.contains(
          "error: 'dense' takes its input from 's', which has several outputs; name one of them in "
            + "its inputs\n"), "\(text)")
      #expect(text.contains("note: the outputs are: s.part_1, s.part_2\n"), "\(text)")
    }
  }

  @Test func `a loss reads a node with one output`() throws {
    expectText(
      try errors(
        "model:\n  - {type: concatenate, inputs: [a, b]}\n"
          + "  - {type: split, sizes: [1, 3], name: s}\nloss: squared_error"),
      """
      test.yaml:3:12: error: the loss reads 's', which has several outputs; add a node that reads one \
      of them
          - {type: split, sizes: [1, 3], name: s}
                   ^
      note: the outputs are: s.part_1, s.part_2
      """)
  }

  @Test func `values and indices are not interchangeable`() throws {
    expectText(
      try errors(
        "model:\n  - {type: embedding, size: 2, name: vector, inputs: a}\n"
          + "  - {type: dense, units: 1, name: end, inputs: b}\n"
          + "  - {type: add, inputs: [vector, end]}\nloss: squared_error",
        ports: [Port("a", [2]), .init("b", [1], kind: .indices(below: 7))]),
      """
      test.yaml:2:12: error: 'vector' (embedding): expected indices, found values; declare them \
      under data: {indices: …}
          - {type: embedding, size: 2, name: vector, inputs: a}
                   ^
      note: the port 'a' is [2] per sample
      test.yaml:3:48: error: 'end' (dense) takes values, but 'b' has indices
          - {type: dense, units: 1, name: end, inputs: b}
                                                       ^
      note: the port 'b' is [1] of indices below 7 per sample
      """)
  }

  // MARK: Outputs

  @Test func `an edge carries the output that it names`() throws {
    var registry = standardRegistry
    registry.register(Halves.self)
    var options = Options(
      try parseYAML(
        Array(
          """
          model:
            - {type: dense, units: 6, name: wide}
            - {type: halves, name: split}
            - {type: tanh, inputs: split.second, name: bent}
            - {type: multiply, inputs: [split.first, bent], name: gated}
            - {type: multiply, inputs: [gated, split.first], name: twice}
          """.utf8), name: "test.yaml"))
    let model = ModelDeclaration(from: &options, registry: registry)
    let graph = try Graph(model, inputShape: [4], registry: registry)
    #expect(graph.nodes[3].inputs.map(graph.name) == ["split.first", "bent"])
    #expect(graph.nodes[2].inputs.map(graph.name) == ["split.second"])
    let heads = try heads(of: graph, target: .values([3]))
    let network = try Network<Double>(graph, heads: heads, capacity: 5, seed: 1)
    let random = RandomStream(seed: 2, purpose: "test")
    let x = network.activation(dataEdge)
    for i in x.indices { x[i] = random.normal(at: i) }
    let passes = network.passes(5, isTraining: true)
    passes.forward()
    let wide = network.activation(Graph.Edge(node: 0))
    let z = network.output(5)
    for s in 0..<5 {
      for j in 0..<3 {
        let (a, b) = (wide[s * 6 + j], wide[s * 6 + 3 + j])
        #expect(abs(z[s * 3 + j] - a * tanh(b) * a) < 1e-15)
      }
    }
  }

  // MARK: Random numbers

  /// Initial values by tensor, and the dropout's output for inputs of ones.
  private func draws(_ text: String, ports: [Port]) throws -> [String: [Double]] {
    let declared = try Declared(text + "\ntrain: {epochs: 1}")
    let graph = try Graph(
      declared.model, ports: ports, heads: declared.objective.heads, registry: standardRegistry)
    let heads = try declared.objective.bound(
      to: graph, targets: [TargetPort(target: .values([1]))], registry: standardRegistry)
    let network = try Network<Double>(graph, heads: heads, capacity: 4, seed: 11)
    var values = Dictionary(
      uniqueKeysWithValues: network.learned.map { learned in
        ("\(learned.node).\(learned.name)", learned.tensor.indices.map { learned.tensor[$0] })
      })
    for port in graph.ports.indices {
      network.activation(Graph.Edge(node: -1, output: port)).fill(1)
    }
    for name in ["left", "right"] {
      for tensor in network.learned where tensor.node == name { tensor.tensor.fill(1) }
    }
    let passes = network.passes(4, isTraining: true)
    passes.draw(RandomStream(seed: 3, purpose: "test"), step: 5)
    passes.forward()
    let k = try #require(graph.nodes.firstIndex { $0.name == "drop" })
    let y = network.activation(Graph.Edge(node: k))
    values["drop"] = y.indices.map { y[$0] == 0 ? 0 : 1 }
    return values
  }

  @Test func `neither a port nor a sharer shifts the random numbers of others`() throws {
    func text(_ left: String, _ right: String) -> String {
      """
      model:
        - {type: dense, units: 2, name: left, inputs: \(left)}
        - {type: dense, units: 2, name: right, inputs: \(right)}
        - {type: concatenate, inputs: [left, right], name: both}
        - {type: dropout, rate: 0.5, name: drop}
        - {type: dense, units: 1, name: end}
      loss: squared_error
      """
    }
    let plain = try draws(text("input", "input"), ports: [Port("input", [2])])
    let ports = try draws(text("a", "b"), ports: [Port("a", [2]), Port("b", [2])])
    #expect(ports == plain)
    let turned = try draws(text("a", "b"), ports: [Port("b", [2]), Port("a", [2])])
    #expect(turned == plain)
    let shared = try draws(
      text("a", "b, parameters: {weight: left.weight}"), ports: [Port("a", [2]), Port("b", [2])])
    #expect(shared["right.weight"] == nil)
    for (name, values) in shared { #expect(values == plain[name], "\(name)") }
  }

  // MARK: Memory

  @Test func `the forecast counts each port and each target once`() throws {
    let text = "model:\n  - {type: add, inputs: [a, b], name: sum}\n"
    func activations(_ a: Int, targets: [Int]) throws -> Int {
      let loss = targets.indices.map { "n\($0): {type: squared_error, target: t\($0)}" }
      let nodes = targets.indices.map {
        "  - {type: dense, units: \(targets[$0]), name: n\($0), inputs: sum}\n"
      }
      let declared = try Declared(
        text + nodes.joined() + "loss: {\(loss.joined(separator: ", "))}\ntrain: {epochs: 1}")
      let graph = try Graph(
        declared.model, ports: [Port("a", [a]), Port("b", [a])], heads: declared.objective.heads,
        registry: standardRegistry)
      let heads = try declared.objective.bound(
        to: graph,
        targets: targets.enumerated().map {
          TargetPort(name: "t\($0)", target: .values([$1]))
        }, registry: standardRegistry)
      return MemoryPlan(graph, heads: heads, vectors: 0, capacity: 16, scalarSize: 4).activations
    }
    // Per sample: two ports, their sum and its gradient, and per head its target, its output
    // and the output's gradient.
    let narrow = try activations(160, targets: [16])
    #expect(narrow == 16 * 4 * (2 * 160 + 2 * 160 + 3 * 16))
    #expect(try activations(160, targets: [16, 32]) - narrow == 16 * 4 * 3 * 32)
  }
}

/// Two outputs: the first and the second half of the input.
struct Halves: Layer, Component {
  static let typeName = "halves"
  init(from options: inout Options) {}

  func plan(for inputs: [Port]) throws -> Plan {
    let half = Shape([inputs[0].count / 2])
    return Plan(outputs: [Port("first", half), Port("second", half)])
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let width = pass.x.shape.count
    for k in 0..<2 {
      let y = pass.outputs[k]
      for i in y.indices {
        y[i] = pass.x[i / (width / 2) * width + k * width / 2 + i % (width / 2)]
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let width = pass.x.shape.count
    for k in 0..<2 {
      let dy = pass.dOutputs[k]
      for i in dy.indices {
        pass.dx[i / (width / 2) * width + k * width / 2 + i % (width / 2)] += dy[i]
      }
    }
  }
}
