import Datasets
import Glibc
import NNExp
import Standard
import TestSupport
import Testing
import YAMLTree

@testable import Engine

/// Graphs with named ports, several heads and shared parameters.
@Suite struct PortTests {
  /// The graph of `model:` and `loss:` on ports of these shapes.
  private func graph(_ text: String, ports: [Port]) throws -> Graph {
    let declared = try Declared(text + "\ntrain: {epochs: 1}")
    return try Graph(
      declared.model, ports: ports, heads: declared.objective.heads, registry: standardRegistry)
  }

  /// The errors of a graph and of its losses.
  private func errors(
    _ text: String, ports: [Port] = [Port("a", [2]), Port("b", [2])],
    targets: [TargetPort] = [TargetPort(target: .values([1]))]
  ) throws -> String {
    do {
      let declared = try Declared(text + "\ntrain: {epochs: 1}")
      let graph = try Graph(
        declared.model, ports: ports, heads: declared.objective.heads, registry: standardRegistry)
      _ = try declared.objective.bound(to: graph, targets: targets, registry: standardRegistry)
      return "no error"
    } catch { return "\(error)" }
  }

  private func expectText(
    _ found: String, _ wanted: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) {
    #expect(found == wanted, "found:\n\(found)", sourceLocation: sourceLocation)
  }

  private static let branches = """
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
            - {type: multiply, inputs: [split, bent], name: gated}
            - {type: multiply, inputs: [gated, split.first], name: twice}
          """.utf8), name: "test.yaml"))
    let model = ModelDeclaration(from: &options, registry: registry)
    let graph = try Graph(model, inputShape: [4], registry: registry)
    #expect(graph.nodes[3].inputs.map(graph.name) == ["split", "bent"])
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

  // MARK: Heads

  @Test func `a head inside the graph is read by its loss and by the nodes after it`() throws {
    let graph = try graph(
      """
      model:
        - {type: dense, units: 2, name: middle}
        - {type: dense, units: 1, name: end}
        - {type: dense, units: 3, name: other, inputs: middle}
      loss: {end: squared_error, middle: squared_error, other: squared_error}
      """, ports: [Port("input", [2])])
    #expect(graph.heads == [1, 0, 2])
    #expect(graph.outputShape(of: 2) == [3])
  }

  @Test func `a node that neither a node nor a loss reads is an error`() throws {
    expectText(
      try errors(
        "model:\n  - {type: dense, units: 1, name: left, inputs: a}\n"
          + "  - {type: dense, units: 1, name: right, inputs: b}\nloss: {left: squared_error}"),
      """
      test.yaml:3:12: error: the output of 'right' is not used: no node and no loss reads it
          - {type: dense, units: 1, name: right, inputs: b}
                   ^
      note: the losses read: left
      """)
  }

  @Test func `a head that is not a node is an error`() throws {
    expectText(
      try errors(
        PortTests.branches.replacing("loss: squared_error", with: "loss: {endd: squared_error}")),
      """
      test.yaml:6:8: error: loss: 'endd' is not a node; did you mean 'end'?
          loss: {endd: squared_error}
                 ^
      note: the nodes are: left, right, both, end
      """)
  }

  @Test func `a cycle through a head is an error`() throws {
    expectText(
      try errors(
        "model:\n  - {type: add, name: sum, inputs: [a, b, end]}\n"
          + "  - {type: dense, units: 2, name: end}\nloss: {sum: squared_error, end: huber}"),
      """
      test.yaml:2:12: error: the model has a cycle: sum -> end -> sum
          - {type: add, name: sum, inputs: [a, b, end]}
                   ^
      """)
  }

  @Test func `a head without a target is an error`() throws {
    let text = PortTests.branches.replacing(
      "loss: squared_error",
      with: "loss:\n  end: squared_error\n  left: {type: huber, target: pric}")
    expectText(
      try errors(
        text,
        targets: [
          TargetPort(name: "price", target: .values([1])),
          TargetPort(name: "size", target: .values([2])),
        ]),
      """
      test.yaml:7:3: error: the head 'end' has no target: the data have no target with that \
      name; give its loss a 'target'
          end: squared_error
          ^
      note: the targets are: price, size
      test.yaml:8:31: error: loss of 'left': the data have no target 'pric'; did you mean 'price'?
          left: {type: huber, target: pric}
                                      ^
      note: the targets are: price, size
      """)
  }

  @Test func `a target that no loss learns is an error`() throws {
    expectText(
      try errors(
        PortTests.branches.replacing("loss: squared_error", with: "loss: {end: squared_error}"),
        targets: [
          TargetPort(name: "end", target: .values([1])),
          TargetPort(name: "size", target: .values([2])),
        ]),
      """
      test.yaml:6:13: error: no loss learns the target 'size'; leave it out of the data, or name \
      it as a loss's target
          loss: {end: squared_error}
                      ^
      """)
    expectText(
      try errors(
        PortTests.branches,
        targets: [
          TargetPort(name: "end", target: .values([1])),
          TargetPort(name: "size", target: .values([2])),
        ]),
      """
      test.yaml:6:7: error: the data have 2 targets, and there is one loss; give a mapping from \
      nodes to losses, such as loss: {end: squared_error}
          loss: squared_error
                ^
      note: the targets are: end, size
      """)
  }

  @Test func `metrics belong to a head where there are several losses`() throws {
    func metrics(_ text: String) throws -> String {
      try errors(
        PortTests.branches.replacing(
          "loss: squared_error", with: "loss: {end: squared_error, left: huber}\nmetrics: \(text)"),
        targets: [
          TargetPort(name: "end", target: .values([1])),
          TargetPort(name: "left", target: .values([2])),
        ])
    }
    #expect(try metrics("{end: [r2], left: mean_absolute_error}") == "no error")
    expectText(
      try metrics("[r2]"),
      """
      test.yaml:7:10: error: there are several losses: metrics must be a mapping from heads to \
      lists, such as metrics: {end: […]}
          metrics: [r2]
                   ^
      note: the heads are: end, left
      """)
    expectText(
      try metrics("{lefd: r2}"),
      """
      test.yaml:7:11: error: metrics: 'lefd' has no loss; did you mean 'left'?
          metrics: {lefd: r2}
                    ^
      note: the heads are: end, left
      """)
  }

  // MARK: Shared parameters

  @Test func `a shared tensor is counted once and belongs to its owner`() throws {
    let graph = try graph(
      PortTests.branches.replacing(
        "name: left, inputs: a",
        with: "name: left, inputs: a, parameters: {weight: right.weight}"),
      ports: [Port("a", [2]), Port("b", [2])])
    #expect(
      graph.parameters.map { "\($0.node).\($0.name)" } == [
        "left.bias", "right.weight", "right.bias", "end.weight", "end.bias",
      ])
    #expect(graph.nodes[0].parameters == [1, 0])
    #expect(graph.nodes[1].parameters == [1, 2])
    #expect(graph.parameters.map(\.users) == [[0], [0, 1], [1], [3], [3]])
    #expect(graph.parameterCount == 2 + 4 + 2 + 4 + 1)
  }

  @Test(arguments: [
    (
      "parameters: {weight: right.weigt}",
      """
      test.yaml:2:73: error: 'left' shares 'right.weigt': 'right' (dense) has no parameter 'weigt'; \
      did you mean 'weight'?
      """
    ),
    ("parameters: {weight: rihgt.weight}", "'rihgt' is not a node; did you mean 'right'?"),
    ("parameters: {weight: weight}", "'left' shares 'weight': write it as node.tensor"),
    ("parameters: {weigth: right.weight}", "'left' (dense) has no parameter 'weigth'"),
    ("parameters: {weight: 3}", "a shared parameter is written node.tensor, found the number 3"),
    (
      "parameters: {weight: end.weight}",
      "'left' shares 'end.weight', but its weight is [2, 2] and that one [1, 4]"
    ),
    (
      "parameters: {weight: left.weight}",
      "nodes share a tensor in a circle: left.weight -> left.weight; one of them must own it"
    ),
    (
      "parameters: {weight: right.weight}, initial: {weight: zeros}",
      "'left' shares 'right.weight', whose node decides about 'initial'; remove it here"
    ),
    (
      "parameters: {weight: right.weight}, l2: 0.1",
      "'left' shares 'right.weight', whose node decides about 'l2'; remove it here"
    ),
    (
      "parameters: {weight: right.weight}, frozen: true",
      "'left' shares 'right.weight', whose node decides about 'frozen'; remove it here"
    ),
    (
      "parameters: {weight: right.weight}, frozen: weight",
      "'left' shares 'right.weight', whose node decides about 'frozen'; remove it here"
    ),
  ])
  func `wrong references to shared tensors are errors`(_ keys: String, _ message: String) throws {
    let found = try errors(
      PortTests.branches.replacing("name: left, inputs: a", with: "name: left, inputs: a, \(keys)"))
    #expect(found.contains(message), "\(found)")
  }

  @Test func `settings of the owner apply to every user of a tensor`() throws {
    let graph = try graph(
      PortTests.branches.replacing(
        "name: left, inputs: a",
        with: "name: left, inputs: a, parameters: {weight: right.weight}, frozen: bias"
      ).replacing("name: right,", with: "name: right, frozen: weight, l2: 0.5,"),
      ports: [Port("a", [2]), Port("b", [2])])
    #expect(graph.parameters.map(\.isFrozen) == [true, true, false, false, false])
    #expect(graph.parameters[1].l2 == 0.5)
    #expect(graph.nodes.map(\.learnsFromBelow) == [false, true, true, true])
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

  // MARK: Fusion

  /// An activation directly after a dense layer is computed by a kernel. A loss that also reads
  /// the dense layer's output must not change that output or lose its own gradient.
  @Test func `a head between a layer and its activation leaves the bits alone`() throws {
    func outputs(_ loss: String, _ targets: [TargetPort]) throws -> [[Float]] {
      let declared = try Declared(
        "model: [{type: dense, units: 5, name: score}, {type: sigmoid, name: rate}]\n"
          + "loss: \(loss)\ntrain: {epochs: 1}")
      let graph = try Graph(
        declared.model, ports: [Port("input", [3])], heads: declared.objective.heads,
        registry: standardRegistry)
      let heads = try declared.objective.bound(
        to: graph, targets: targets, registry: standardRegistry)
      let network = try Network<Float>(graph, heads: heads, capacity: 7, seed: 2)
      let random = RandomStream(seed: 4, purpose: "test")
      let x = network.activation(dataEdge)
      for i in x.indices { x[i] = Float(random.normal(at: i)) }
      network.passes(7, isTraining: true).forward()
      return [0, 1].map { k in
        let y = network.activation(Graph.Edge(node: k))
        return y.indices.map { y[$0] }
      }
    }
    let one = TargetPort(name: "rate", target: .values([5]))
    let two = TargetPort(name: "score", target: .values([5]))
    #expect(
      try outputs("{rate: squared_error, score: squared_error}", [one, two])
        == outputs("{rate: squared_error}", [one]))
  }

  // MARK: Shards

  /// The nodes that share a tensor are in two segments, the first and the last of which are
  /// divided into shards.
  @Test func `the gradient of a shared tensor is the sum over samples, sharded or not`() throws {
    let text = """
      model:
        - {type: convolution, channels: 2, window: 3, padding: 1, name: one}
        - {type: tanh, name: a}
        - {type: batch_normalization, name: coupled}
        - {type: convolution, channels: 2, window: 3, padding: 1, name: two, parameters: {weight: one.weight}}
        - {type: tanh, name: b}
        - {type: convolution, channels: 2, window: 3, padding: 1, name: three, parameters: {weight: two.weight, bias: one.bias}}
        - {type: dense, units: 1, name: end}
      loss: squared_error
      train: {epochs: 1}
      """
    let declared = try Declared(text)
    let graph = try Graph(declared.model, inputShape: [2, 14, 14], registry: standardRegistry)
    let heads = try declared.heads(graph, .values([1]))
    let samples = 64
    let random = RandomStream(seed: 8, purpose: "test")
    func gradient(isWhole: Bool) throws -> [Double] {
      let network = try Network<Double>(graph, heads: heads, capacity: samples, seed: 1)
      let x = network.activation(dataEdge)
      for i in x.indices { x[i] = random.normal(at: i) }
      for i in 0..<samples { network.target(0)[i] = random.stream(1).normal(at: i) }
      // Evaluation: each sample is independent of the others.
      let passes = network.passes(samples, isTraining: false)
      let losses = passes.losses(gradient: true)
      network.zero()
      passes.forward()
      losses.evaluate()
      if isWhole { passes.backward() } else { passes.backward(afterNode: { _ in }) }
      return network.gradients.indices.map { network.gradients[$0] }
    }
    let sharded = try gradient(isWhole: true)
    let plain = try gradient(isWhole: false)
    let largest = plain.reduce(0) { max($0, abs($1)) }
    #expect(zip(sharded, plain).allSatisfy { abs($0 - $1) <= 1e-13 * largest })
    #expect(sharded != plain, "the batch is not sharded, and the test proves nothing")
    #expect(try gradient(isWhole: true) == sharded)
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
