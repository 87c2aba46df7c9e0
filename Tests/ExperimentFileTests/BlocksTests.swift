import ExperimentFile
import NNExp
import TestSupport
import Testing

/// The blocks of layers that a model repeats.
@Suite struct BlocksTests {
  private func read(_ model: String) throws -> Experiment {
    try Experiment(
      Array(
        """
        data: {inline: {inputs: [[0, 1], [1, 0]], targets: [1, 2]}}
        loss: squared_error
        train: {epochs: 1}
        \(model)
        """.utf8), path: "a.yaml", registry: registry)
  }

  private func error(_ model: String) -> String? {
    do {
      _ = try read(model)
      return nil
    } catch { return "\(error)" }
  }

  @Test func `a named block is repeated, with its input and its own names`() throws {
    let read = try read(
      """
      blocks:
        residual:
          - {type: dense, name: map, units: 2}
          - tanh
          - {type: add, inputs: [tanh, input]}
      model:
        - {type: dense, units: 2}
        - {block: residual, repeat: 2}
        - {block: residual, name: end, inputs: dense}
        - {type: dense, units: 1}
      """)
    let nodes = read.model.nodes
    #expect(
      nodes.map(\.name) == [
        "dense", "residual_1_map", "residual_1_tanh", "residual_1_add", "residual_2_map",
        "residual_2_tanh", "residual_2_add", "end_1_map", "end_1_tanh", "end_1_add", "dense_2",
      ])
    #expect(
      nodes.map { $0.inputs?.map(\.name) ?? [] } == [
        [], [], [], ["residual_1_tanh", "dense"], [], [], ["residual_2_tanh", "residual_1_add"],
        ["dense"], [], ["end_1_tanh", "dense"], [],
      ])
    #expect(read.resolvedText.contains("name: residual_2_add"))
    #expect(!read.resolvedText.contains("block:"))
  }

  @Test func `blocks contain blocks, whose nodes have names in them`() throws {
    let read = try read(
      """
      blocks:
        pair: [{type: dense, name: map, units: 2}, tanh]
        stage:
          - {block: pair, repeat: 2}
          - {type: add, inputs: [pair_2_tanh, pair_1_tanh, input]}
          - block: [{block: pair, name: last}, {type: add, name: sum, inputs: [last_1_map, input]}]
      model:
        - {type: dense, units: 2}
        - {block: stage, repeat: 2, name: s}
        - {block: pair, inputs: s_1_pair_1_map}
        - {type: dense, units: 1}
      """)
    let stage = [
      "pair_1_map", "pair_1_tanh", "pair_2_map", "pair_2_tanh", "add", "block_1_last_1_map",
      "block_1_last_1_tanh", "block_1_sum",
    ]
    let nodes = read.model.nodes
    #expect(
      nodes.map(\.name) == ["dense"] + stage.map { "s_1_" + $0 } + stage.map { "s_2_" + $0 }
        + ["pair_1_map", "pair_1_tanh", "dense_2"])
    let inputs = nodes.map { $0.inputs?.map(\.name) ?? [] }
    #expect(inputs[5] == ["s_1_pair_2_tanh", "s_1_pair_1_tanh", "dense"])
    #expect(inputs[8] == ["s_1_block_1_last_1_map", "s_1_add"])
    #expect(inputs[13] == ["s_2_pair_2_tanh", "s_2_pair_1_tanh", "s_1_block_1_sum"])
    #expect(inputs[17] == ["s_1_pair_1_map"])
    // The resolved file has the nodes, and gives the same model.
    let again = try Experiment(
      Array(read.resolvedText.utf8), path: "b.yaml", registry: registry)
    #expect(again.model.nodes.map(\.name) == nodes.map(\.name))
    #expect(again.resolvedText == read.resolvedText)
  }

  /// Each block is written out once, however often others contain it.
  @Test func `many levels of blocks are refused in no time`() {
    let levels = (1...60).map { "  b\($0): [{block: b\($0 - 1)}, {block: b\($0 - 1)}]" }
    let text = error(
      "blocks:\n  b0: [relu]\n" + levels.joined(separator: "\n") + "\nmodel: [{block: b60}]")
    #expect(text?.contains("error: the blocks have more than 10000 nodes") == true)
    #expect(text?.split(separator: "\n").count { $0.contains("error:") } == 1)
  }

  @Test func `a block may be written at its place, and overrides find its nodes`() throws {
    let root = """
      data: {inline: {inputs: [[0, 1], [1, 0]], targets: [1, 2]}}
      loss: squared_error
      train: {epochs: 1}
      model:
        - block:
            - {type: dense, name: map, units: 2}
            - {type: dense, units: 2, parameters: {weight: map.weight}}
          repeat: 2
        - {type: dense, units: 1}
      """
    let read = try Experiment(
      Array(root.utf8), path: "a.yaml", overrides: ["+model.block_2_map.l2=0.5"],
      registry: registry)
    #expect(
      read.model.nodes.map(\.name) == [
        "block_1_map", "block_1_dense", "block_2_map", "block_2_dense", "dense",
      ])
    #expect(read.model.nodes.map { $0.l2 ?? 0 } == [0, 0, 0.5, 0, 0])
    #expect(read.model.nodes[3].shared.map(\.owner.name) == ["block_2_map.weight"])
  }

  static let wrong: [(String, String)] = [
    (
      "blocks: {then: [relu]}\nmodel: [{block: thn}, {block: then}]",
      """
      a.yaml:5:17: error: unknown block 'thn'; did you mean 'then'?
          model: [{block: thn}, {block: then}]
                          ^
      """
    ),
    (
      "blocks: {a: [relu], c: [tanh]}\nmodel: [{block: a, repeat: 0}]",
      """
      a.yaml:5:28: error: repeat must be an integer from 1 to 1000, found the number 0
          model: [{block: a, repeat: 0}]
                                     ^
      a.yaml:4:21: error: the block 'c' is not used in model
          blocks: {a: [relu], c: [tanh]}
                              ^
      """
    ),
    (
      "model: [{block: 3}, {block: []}, {block: [{block: [relu]}]}]",
      """
      a.yaml:4:17: error: a block must be a name or a list of layers, found the number 3
          model: [{block: 3}, {block: []}, {block: [{block: [relu]}]}]
                          ^
      a.yaml:4:29: error: the block has no layers
          model: [{block: 3}, {block: []}, {block: [{block: [relu]}]}]
                                      ^
      """
    ),
    (
      "model: [{block: [relu], times: 3, inputs: [a], name: b}]",
      """
      a.yaml:4:25: error: unknown key 'times' of a block
          model: [{block: [relu], times: 3, inputs: [a], name: b}]
                                  ^
      note: known keys: block, inputs, name, repeat
      a.yaml:4:43: error: inputs of a block must be one name, found a list
          model: [{block: [relu], times: 3, inputs: [a], name: b}]
                                                    ^
      """
    ),
    (
      "blocks: [relu]\nmodel: [relu]",
      """
      a.yaml:4:9: error: blocks must be a mapping from names to lists of layers, found a list
          blocks: [relu]
                  ^
      """
    ),
    // An error of every repetition is reported once.
    (
      "blocks: {a: [{type: dense, units: 0}]}\nmodel: [{block: a, repeat: 3}]",
      """
      a.yaml:4:35: error: units must be an integer ≥ 1, found the number 0
          blocks: {a: [{type: dense, units: 0}]}
                                            ^
      """
    ),
    (
      "model: [{block: [{type: relu, name: input}]}]",
      """
      a.yaml:4:37: error: the name 'input' is reserved for the node before the block; choose another
          model: [{block: [{type: relu, name: input}]}]
                                              ^
      """
    ),
    (
      "model: [{type: relu, repeat: 3}]",
      """
      a.yaml:4:22: error: unknown key 'repeat'; did you mean '{block: [{…}], repeat: 2}'?
          model: [{type: relu, repeat: 3}]
                               ^
      """
    ),
  ]

  /// The location is that of the name that closes the circle.
  static let circles: [(String, String)] = [
    (
      "blocks: {a: [{block: a}]}\nmodel: [{block: a}]",
      """
      a.yaml:4:22: error: the block 'a' contains itself: a → a
          blocks: {a: [{block: a}]}
                               ^
      """
    ),
    (
      "blocks: {a: [{block: b}], b: [relu, {block: [{block: c}]}], c: [{block: b}]}\n"
        + "model: [{block: a}, {block: c}]",
      """
      a.yaml:4:73: error: the block 'b' contains itself: b → c → b
          blocks: {a: [{block: b}], b: [relu, {block: [{block: c}]}], c: [{block: b}]}
                                                                                  ^
      """
    ),
  ]

  @Test(arguments: wrong + circles) func `an error in a block has its location`(
    model: String, text: String
  ) {
    #expect(error(model) == text)
  }

  @Test func `a layer that fails in a block is named`() {
    #expect(
      error("model: [{block: [{type: dense, unit: 3}], repeat: 1}]")?.contains(
        "a.yaml:4:32: error: unknown key 'unit'; did you mean 'units'?") == true)
  }
}
