import NNExp
import TestSupport
import Testing

@testable import Engine

@Suite struct GraphTests {
  @Test func layersWithoutInputsFormAChain() throws {
    let graph = try graph(
      """
      model:
        - {type: dense, units: 3, name: hidden}
        - sigmoid
        - {type: dense, units: 1}
      """, input: [2])
    #expect(graph.nodes.map(\.name) == ["hidden", "sigmoid", "dense"])
    #expect(graph.nodes.map { $0.inputs.map(\.node) } == [[-1], [0], [1]])
    #expect(graph.nodes.map(\.plan.output) == [[3], [3], [1]])
    #expect(graph.parameterCount == 3 * 2 + 3 + 3 + 1)
    #expect(graph.parameters.map(\.offset) == [0, 6, 9, 12])
  }

  @Test func branchesCanMeetAgain() throws {
    let graph = try graph(
      """
      model:
        - {type: add, inputs: [left, right], name: sum}
        - {type: dense, units: 4, name: left, inputs: input}
        - {type: dense, units: 4, name: right, inputs: input}
        - {type: dense, units: 1, inputs: sum, name: output}
      """, input: [3])
    #expect(graph.nodes.map(\.name) == ["left", "right", "sum", "output"])
    #expect(graph.nodes[2].inputs.map(\.node) == [0, 1])
  }

  @Test func `a node that is an elementwise function uses its kernels`() throws {
    func functions(_ model: String) throws -> [ElementwiseFunction?] {
      try graph("model: [\(model)]", input: [1, 4, 4]).nodes.map(\.function)
    }
    #expect(
      try functions("{type: convolution, channels: 2, window: 3}, sigmoid, {type: dense, units: 2}")
        == [nil, .logistic, nil])
    #expect(try functions("tanh, relu, sigmoid") == [.tanh, nil, .logistic])
  }

  /// A layer with five axes causes an error, not a trap.
  @Test func `tensors of five axes are refused`() throws {
    var registry = registry
    registry.register(FiveAxes.self)
    for (location, fact) in [
      ("output", "its output [2, 1, 1, 1, …]"), ("weight", "its parameter 'w' [2, 1, 1, 1, …]"),
      ("state", "its state 's' [2, 1, 1, 1, …]"),
    ] {
      let found = #expect(throws: Diagnostics.self) {
        try graph("model: [{type: five_axes, of: \(location)}]", input: [2], registry: registry)
      }
      #expect(
        found?.description == """
          test.yaml:1:16: error: 'five_axes' (five_axes): \(fact) has 5 axes; at most 4 are supported
              model: [{type: five_axes, of: \(location)}]
                             ^
          note: the data are [2] per sample
          """)
    }
  }

  @Test func frozenParametersComeLast() throws {
    let graph = try graph(
      """
      model:
        - {type: dense, units: 2, name: a, frozen: [bias]}
        - {type: dense, units: 1, name: b}
        - {type: dense, units: 1, name: c, frozen: true}
      """, input: [2])
    #expect(graph.parameters.map(\.isFrozen) == [false, true, false, false, true, true])
    #expect(graph.parameters.map(\.offset) == [0, 7, 4, 6, 9, 10])
    #expect(graph.trainableCount == 7)
    #expect(graph.parameterCount == 11)
  }

  @Test func aCycleIsListed() {
    #expect(
      errors(
        """
        model:
          - {type: add, inputs: [input, c], name: a}
          - {type: tanh, name: b, inputs: a}
          - {type: tanh, name: c, inputs: b}
        """, input: [3]) == """
          test.yaml:2:12: error: the model has a cycle: a -> b -> c -> a
              - {type: add, inputs: [input, c], name: a}
                       ^
          """)
  }

  @Test func anUnknownInputGetsASuggestion() {
    #expect(
      errors(
        """
        model:
          - {type: dense, units: 2, name: hidden}
          - {type: tanh, inputs: hiden}
        """, input: [3]) == """
          test.yaml:3:26: error: 'tanh' takes its input from 'hiden', which is not a node; did you mean 'hidden'?
              - {type: tanh, inputs: hiden}
                                     ^
          note: the nodes are: input, hidden, tanh
          """)
  }

  @Test func twoNodesOfOneNameAreRefused() {
    #expect(
      errors(
        """
        model:
          - {type: dense, units: 2, name: a}
          - {type: tanh, name: a}
        """, input: [3]) == """
          test.yaml:3:12: error: the name 'a' is given to two nodes
              - {type: tanh, name: a}
                       ^
          test.yaml:2:12: note: the first one is here
              - {type: dense, units: 2, name: a}
                       ^
          """)
  }

  @Test func shapesThatDoNotFitNameBothNodes() {
    #expect(
      errors(
        """
        model:
          - {type: dense, units: 4, name: a, inputs: input}
          - {type: dense, units: 3, name: b, inputs: input}
          - {type: add, inputs: [a, b], name: sum}
        """, input: [2]) == """
          test.yaml:4:12: error: 'sum' (add): the inputs must have one shape, or extents of 1 where they \
          differ, found [4] and [3]
              - {type: add, inputs: [a, b], name: sum}
                       ^
          test.yaml:2:12: note: 'a' produces [4]
              - {type: dense, units: 4, name: a, inputs: input}
                       ^
          test.yaml:3:12: note: 'b' produces [3]
              - {type: dense, units: 3, name: b, inputs: input}
                       ^
          """)
  }

  @Test func anUnusedOutputIsAnError() {
    #expect(
      errors(
        """
        model:
          - {type: dense, units: 4, name: lost}
          - {type: dense, units: 3, name: used, inputs: input}
        """, input: [2]) == """
          test.yaml:2:12: error: the output of 'lost' is not used; the model's output is its last node, 'used'
              - {type: dense, units: 4, name: lost}
                       ^
          """)
  }

  @Test func unknownParametersAreNamed() {
    #expect(
      errors(
        """
        model:
          - {type: dense, units: 1, frozen: [biass], initial: {wait: zeros}}
        """, input: [2]) == """
          test.yaml:2:38: error: 'dense' (dense) has no parameter 'biass'; did you mean 'bias'?
              - {type: dense, units: 1, frozen: [biass], initial: {wait: zeros}}
                                                 ^
          note: its parameters are: weight, bias
          test.yaml:2:56: error: 'dense' (dense) has no parameter 'wait'
              - {type: dense, units: 1, frozen: [biass], initial: {wait: zeros}}
                                                                   ^
          note: its parameters are: weight, bias
          """)
  }

  @Test func theInputCountIsChecked() {
    #expect(
      errors(
        """
        model:
          - {type: dense, units: 1, name: a}
          - {type: add, inputs: [a]}
        """, input: [2]) == """
          test.yaml:3:12: error: 'add' (add) takes 2 to 64 inputs, found 1
              - {type: add, inputs: [a]}
                       ^
          test.yaml:2:12: note: 'a' produces [1]
              - {type: dense, units: 1, name: a}
                       ^
          """)
  }
}

/// A layer with a tensor of five axes.
private struct FiveAxes: Layer, Component {
  static let typeName = "five_axes"
  private enum Kind: String, CaseIterable { case output, weight, state }
  private let kind: Kind

  init(from options: inout Options) { kind = options.choice("of", default: Kind.output) }

  func plan(for inputs: [Port]) -> Plan {
    let shape = Shape([2, 1, 1, 1, 1])
    return Plan(
      output: kind == .output ? shape : inputs[0].shape,
      parameters: kind == .weight ? [.init("w", shape, initial: .zeros)] : [],
      state: kind == .state ? [.init("s", shape, value: 0)] : [])
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {}
  func backward<S: Scalar>(_ pass: BackwardPass<S>) {}
}
