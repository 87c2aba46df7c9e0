import NNExp
import Testing
import YAMLTree

/// Overrides that are applied, and the resulting trees.
@Suite struct OverrideTests {
  static let file = """
    name: xor
    gradient_check:
    model:
      - {type: dense, units: 2, name: hidden}
      - sigmoid
      - {type: dense, units: 1}
      - tanh
    train: &t
      optimizer: {type: sgd, learning_rate: 0.5}
      epochs: 10
    copy: *t
    """

  private func applied(_ overrides: String...) throws -> ConfigValue {
    try apply(overrides: overrides, to: parse(OverrideTests.file))
  }

  /// Fault 49: keys and names are distinguished by their bytes.
  @Test func canonicallyEquivalentPathsAreDifferent() throws {
    let root = try parse("é: 1\nlist: [{name: é, a: 1}]")
    #expect(
      try apply(overrides: ["é=2", "list.é.a=2"], to: root).flow
        == #"{"é": 2, list: [{name: "é", a: 2}]}"#)
    let error = #expect(throws: Diagnostics.self) {
      try apply(overrides: ["e\u{301}=2", "list.e\u{301}.a=2"], to: root)
    }
    #expect(
      error?.list.map(\.message) == [
        "the file has no 'e\u{301}'", "no element is named 'e\u{301}'",
      ])
  }

  /// Expects the tree of the file with the overridden part changed.
  private func expect(
    _ override: String, _ before: String, _ after: String,
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws {
    let expected = OverrideTests.file.replacing(before, with: after, maxReplacements: 1)
    try #require(expected != OverrideTests.file)
    // The alias keeps the value of the file, not of an override.
    let copy = try parse(OverrideTests.file)["copy"]!
    var tree = try parse(expected)
    if case .map(var entries) = tree.content {
      for index in entries.indices where entries[index].key == "copy" {
        entries[index].value = copy
      }
      tree.content = .map(entries)
    }
    let found = try applied(override)
    #expect(
      found.isSame(as: tree), "\(override): found \(found.flow)", sourceLocation: sourceLocation)
  }

  @Test func keysAreReplaced() throws {
    try expect("name=b", "name: xor", "name: b")
    try expect("train.epochs=20", "epochs: 10", "epochs: 20")
    try expect("train.epochs=1e-4", "epochs: 10", "epochs: 1e-4")
    try expect("train.epochs=null", "epochs: 10", "epochs: null")
    try expect("train.epochs='20'", "epochs: 10", "epochs: '20'")
    try expect("train.epochs=[1, {a: b}]", "epochs: 10", "epochs: [1, {a: b}]")
    try expect("train.epochs=a: b", "epochs: 10", "epochs: {a: b}")
    try expect("train.optimizer={type: adam}", "{type: sgd, learning_rate: 0.5}", "{type: adam}")
    try expect("name=a=b", "name: xor", "name: a=b")
    try expect("name=lr:0.1", "name: xor", "name: lr:0.1")
    try expect("name=no", "name: xor", "name: 'no'")
    try expect("name= x ", "name: xor", "name: x")
    try expect("name=\"a # b\"", "name: xor", "name: \"a # b\"")
    try expect("name=--- a", "name: xor", "name: '--- a'")
  }

  @Test func layersAreFoundByNameTypeOrPosition() throws {
    try expect("model.hidden.units=4", "units: 2", "units: 4")
    try expect("model.0.units=4", "units: 2", "units: 4")
    try expect("model.2.units=4", "units: 1", "units: 4")
    try expect("model.1=relu", "- sigmoid", "- relu")
    try expect("model.sigmoid=relu", "- sigmoid", "- relu")
    try expect("model.tanh={type: dense, units: 3}", "- tanh", "- {type: dense, units: 3}")
  }

  @Test func keysAreAdded() throws {
    try expect("+train.batch_size=4", "epochs: 10", "epochs: 10\n  batch_size: 4")
    try expect("+train.a.b.c=4", "epochs: 10", "epochs: 10\n  a: {b: {c: 4}}")
    try expect("+model.hidden.bias=false", "name: hidden", "name: hidden, bias: false")
    try expect("+gradient_check.at=[end]", "gradient_check:\n", "gradient_check: {at: [end]}\n")
  }

  @Test func newKeysComeLast() throws {
    guard case .map(let entries) = try applied("+seed=7").content else { return }
    #expect(entries.map(\.key) == ["name", "gradient_check", "model", "train", "copy", "seed"])
    #expect(entries.last?.value.integer == 7)
  }

  /// `- sigmoid` is short for `- {type: sigmoid}`, and is expanded when an override adds
  /// options.
  @Test func aShorthandTakesOptions() throws {
    try expect("+model.1.name=s", "- sigmoid", "- {type: sigmoid, name: s}")
    try expect("+model.sigmoid.name=s", "- sigmoid", "- {type: sigmoid, name: s}")
    try expect("model.tanh.type=relu", "- tanh", "- {type: relu}")
  }

  @Test func overridesApplyInOrder() throws {
    let tree = try applied(
      "train.epochs=1", "train.epochs=2", "+train.batch={a: 1}", "train.batch.a=3",
      "model.1=dense", "model.1={type: relu, name: r}", "+model.r.slope=2")
    #expect(
      tree["train"]!.flow == """
        {optimizer: {type: sgd, learning_rate: 0.5}, epochs: 2, batch: {a: 3}}
        """)
    #expect(tree["model"]!.flow.contains("{type: relu, name: r, slope: 2}"))
  }

  @Test func valuesHaveTheirLocations() throws {
    func location(_ node: ConfigValue?) -> String { node?.location.map { "\($0)" } ?? "none" }
    let tree = try applied("train.epochs= x", "+größe.é.b=[1, 2]", "name=|\n  a\n  b")
    #expect(location(tree["train"]?["epochs"]) == "command line:1:15")
    #expect(location(tree["größe"]) == "command line:1:8")
    #expect(location(tree["größe"]?["é"]?["b"]) == "command line:1:12")
    #expect(tree["name"]!.isSame(as: "a\nb"))
    // Values that were not overridden keep their locations.
    #expect(location(tree["train"]?["optimizer"]) == "a.yaml:9:14")
  }

  @Test func noOverridesLeaveTheTreeAsItIs() throws {
    let tree = try parse(OverrideTests.file)
    #expect(try apply(overrides: [], to: tree).isSame(as: tree))
  }
}
