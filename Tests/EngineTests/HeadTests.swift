import Datasets
import NNExp
import Standard
import TestSupport
import Testing

@testable import Engine

/// Graphs with several heads and with shared parameters.
@Suite struct HeadTests: DeclaresGraphs {
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
}
