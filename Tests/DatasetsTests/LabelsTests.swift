import Testing

@testable import Datasets

@Suite struct LabelsTests {
  func load(_ labels: [String], _ section: String = "") throws -> RunDatasets<Double> {
    try folder(labels).load("csv: a.csv\n" + section)
  }

  func errors(_ labels: [String], _ section: String) throws -> String {
    try folder(labels).errors("csv: a.csv\n" + section)
  }

  func folder(_ labels: [String]) throws -> TestFolder {
    try TestFolder(["a.csv": "x,t\n" + labels.map { "1,\($0)\n" }.joined()])
  }

  @Test func textLabelsBecomeClassesInOrder() throws {
    let data = try load(["b", "a", "Z", "ä", "a"])
    #expect(data.target == .classes(4))
    #expect(data.classNames == ["Z", "a", "b", "ä"])
    #expect(data.train.targets == [2, 1, 0, 3, 1])
    #expect(data.targetNames == ["t"])
  }

  /// Fault 49: labels, columns and files are distinguished by their bytes.
  @Test func canonicallyEquivalentLabelsAreDifferent() throws {
    let (composed, decomposed) = ("é", "e\u{301}")
    for section in ["", "classes: [\(decomposed), \(composed)]"] {
      let data = try load([composed, decomposed, composed], section)
      #expect(data.classNames.hasSameTexts(as: [decomposed, composed]))
      #expect(data.train.targets == [1, 0, 1])
    }
    let inline = try TestFolder([String: String]()).load(
      "inline: {inputs: [[1], [2]], targets: [\(composed), \(decomposed)]}")
    #expect(inline.classNames.hasSameTexts(as: [decomposed, composed]))

    let columns = try TestFolder(["a.csv": "\(composed),\(decomposed),t\n1,2,3\n"])
    #expect(
      try columns.load("csv: {path: a.csv, inputs: \(decomposed), targets: t}").train.inputs == [2])
    let files = try TestFolder(["\(composed).csv": "x,t\n1,2\n"])
    try files.write(Array("x,t\n3,4\n".utf8), to: "\(decomposed).csv")
    let two = try files.load("csv: \(composed).csv\nvalidation: {csv: \(decomposed).csv}")
    #expect(two.train.inputs == [1] && two.validation?.inputs == [3])
  }

  @Test func aStarBeforeACombiningMarkIsAPattern() throws {
    let columns = try TestFolder(["a.csv": "a\u{301},ba\u{301},t\n1,2,3\n"])
    #expect(
      try columns.load("csv: {path: a.csv, inputs: *\u{301}, targets: t}").train.inputs == [1, 2])
  }

  @Test func numbersBecomeClassesOnlyOnRequest() throws {
    #expect(try load(["3", "1"]).target == .values([1]))
    let data = try load(["10", "2", "-1", "2"], "target_kind: classes")
    #expect(data.classNames == ["-1", "2", "10"])
    #expect(data.train.targets == [2, 1, 0, 1])
    let indices = try load(["3", "0"], "classes: 5")
    #expect(indices.target == .classes(5))
    #expect(indices.train.targets == [3, 0])
  }

  @Test func declaredClassesKeepTheirOrder() throws {
    let data = try load(["b", "a", "b"], "classes: [c, b, a]")
    #expect(data.classNames == ["c", "b", "a"])
    #expect(data.train.targets == [1, 2, 1])
    #expect(try load(["2", "1"], "classes: [1, 2, 3]").train.targets == [1, 0])
  }

  @Test func oneHotTargetsHaveOneColumnPerClass() throws {
    let data = try load(["b", "a", "c"], "one_hot: true")
    #expect(data.target == .values([3]))
    #expect(data.targetNames == ["a", "b", "c"])
    #expect(data.classNames.isEmpty)
    #expect(data.train.targets == [0, 1, 0, 1, 0, 0, 0, 0, 1])
  }

  @Test func labelsOutsideTheClassesAreReported() throws {
    #expect(
      try errors(["0", "10", "3"], "classes: 10") == """
        a.csv:3:3: error: label '10' is not among the 10 classes 0 to 9
            1,10
              ^
        """)
    #expect(
      try errors(["0", "-1"], "classes: 10") == """
        a.csv:3:3: error: label '-1' is not among the 10 classes 0 to 9
            1,-1
              ^
        """)
    #expect(
      try errors(["setosa", "virginia"], "classes: [setosa, virginica]") == """
        a.csv:3:3: error: label 'virginia' is not among the classes setosa, virginica; did you \
        mean 'virginica'?
            1,virginia
              ^
        """)
    #expect(
      try errors(["a", "b"], "classes: 3") == """
        a.csv:2:3: error: 3 classes are declared, but the targets hold 2: a, b
            1,a
              ^
        """)
    #expect(
      try errors(["1", "1.5"], "target_kind: classes") == """
        a.csv:3:3: error: a class label is a whole number or a text, found 1.5
            1,1.5
              ^
        """)
  }

  @Test func targetsOfAnotherKindAreReported() throws {
    #expect(
      try errors(["a", "b"], "target_kind: values") == """
        a.csv:2:3: error: expected numbers as targets ('target_kind: values'), found texts
            1,a
              ^
        """)
    #expect(
      try errors(["1", "2"], "one_hot: true") == """
        test.yaml:2:10: error: 'one_hot' needs class targets; give 'target_kind: classes'
            one_hot: true
                     ^
        """)
    #expect(
      try TestFolder(["a.csv": "x,s,t\n1,a,b\n"]).errors("csv: {path: a.csv, targets: [s, t]}")
        == """
        a.csv:2:3: error: classes need one label per sample, but each sample has 2 targets
            1,a,b
              ^
        """)
    #expect(
      try errors(["1", "2"], "classes: 0") == """
        test.yaml:2:10: error: classes must be the number of classes (1 to 16777216) or the list \
        of their names, found the number 0
            classes: 0
                     ^
        """)
  }

  @Test func oneHotTargetsBeyondTheMemoryAreReported() throws {
    let labels = (0..<300_000).map { String($0 % 2) }
    let message = try errors(labels, "classes: 16777216\none_hot: true")
    #expect(
      message.hasPrefix(
        "test.yaml:3:10: error: the array of 300000 × 16777216 numbers needs 40265318400000 bytes of "
          + "memory, and "))
  }
}
