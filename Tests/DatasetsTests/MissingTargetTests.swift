import NNExp
import TestSupport
import Testing

@testable import Datasets

/// Samples without a target, which a head leaves out.
@Suite struct MissingTargetTests {
  let folder: TestFolder
  static let source = "csv: {path: a.csv, inputs: {x: x}, targets: {p: [p, q], s: s}}\n"

  init() throws {
    folder = try TestFolder([
      "a.csv": "x,p,q,s\n1,10,0,yes\n2,,5,no\n3,30,4,\n4, ,,no\n5,20,\"\",yes\n6,20,2,yes\n"
    ])
  }

  /// Numbers are equal, and NaN is at the same positions.
  func same(_ a: [Double]?, _ b: [Double]) -> Bool {
    a?.count == b.count && zip(a ?? [], b).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
  }

  @Test func emptyCellsAreNaN() throws {
    let data = try folder.load(MissingTargetTests.source, incomplete: ["p", "s"])
    let nan = Double.nan
    #expect(
      same(
        data.train.targets,
        [10, 0, 1, nan, nan, 0, 30, 4, nan, nan, nan, 0, nan, nan, 1, 20, 2, 1]))
    #expect(data.targets[1].classNames == ["no", "yes"])
    let oneHot = try folder.load(
      "csv: {path: a.csv, inputs: x, targets: s}\none_hot: true", incomplete: ["target"])
    #expect(same(oneHot.train.targets, [0, 1, 1, 0, nan, nan, 1, 0, 0, 1, 0, 1]))
    let indices = try TestFolder(["a.csv": "x,t\n1,\n2,2\n3,0\n"]).load(
      "csv: a.csv\nclasses: 3", incomplete: ["target"])
    #expect(same(indices.train.targets, [nan, 2, 0]))
  }

  @Test func scalesAreFittedToWhatIsThere() throws {
    let data = try folder.load(
      MissingTargetTests.source + "scale: {p: min_max}", incomplete: ["p", "s"])
    let nan = Double.nan
    #expect(
      same(
        data.train.targets,
        [0, 0, 1, nan, nan, 0, 1, 1, nan, nan, nan, 0, nan, nan, 1, 0.5, 0.5, 1]))
  }

  @Test func samplesWithoutAClassAreAStratumOfTheirOwn() throws {
    let rows = (0..<100).map { "\($0),\($0 % 4 == 0 ? "" : $0 % 2 == 0 ? "a" : "b")\n" }
    let folder = try TestFolder(["a.csv": "x,t\n" + rows.joined()])
    let data = try folder.load(
      "csv: a.csv\nsplit: {validation: 0.2, stratified: true}", incomplete: ["target"])
    let targets = try #require(data.validation?.targets)
    #expect(targets.filter(\.isNaN).count == 5)
    #expect(targets.filter { $0 == 0 }.count == 5)
    #expect(targets.filter { $0 == 1 }.count == 10)
  }

  @Test func inlineNullsAreNaN() throws {
    let nan = Double.nan
    let data = try folder.load(
      "inline: {inputs: [1, 2, 3], targets: {a: [null, [1, 2], [3, null]], b: [u, null, v]}}",
      incomplete: ["a", "b"])
    #expect(same(data.train.targets, [nan, nan, 0, 1, 2, nan, nan, nan, 1]))
    #expect(data.targets.map(\.target) == [.values([2]), .classes(2)])
    let single = try folder.load(
      "inline: {inputs: [1, 2, 3], targets: [1, null, [3]]}", incomplete: ["target"])
    #expect(same(single.train.targets, [1, nan, 3]))
  }

  @Test func arraysHoldNaN() throws {
    let folder = try TestFolder([
      "x.npy": ArrayWriter.npy([1, 2], [2]), "t.npy": ArrayWriter.npy([.nan, 2, 3, 4], [2, 2]),
      "i.npy": ArrayWriter.npy([.infinity, 1], [2]), "l.npy": ArrayWriter.npy([.nan, 1], [2]),
    ])
    let data = try folder.load(
      "npy: {inputs: x.npy, targets: {a: t.npy, b: l.npy}}\ntarget_kind: {b: classes}",
      incomplete: ["a", "b"])
    #expect(same(data.train.targets, [.nan, .nan, .nan, 3, 4, 0]))
    #expect(
      folder.errors("npy: {inputs: x.npy, targets: {a: t.npy}}") == """
        test.yaml:1:35: error: 't.npy' holds nan at [0, 0]
            npy: {inputs: x.npy, targets: {a: t.npy}}
                                              ^
        note: with 'missing_target: skip' in its loss, a head leaves out the samples that lack its \
        target
        """)
    #expect(
      folder.errors("npy: {inputs: x.npy, targets: {a: i.npy}}", incomplete: ["a"]) == """
        test.yaml:1:35: error: 'i.npy' holds inf at [0]
            npy: {inputs: x.npy, targets: {a: i.npy}}
                                              ^
        """)
  }

  @Test func validationDataMayLackTargets() throws {
    try folder.write(Array("x,p,q,s\n1,,,\n2,1,2,no\n".utf8), to: "v.csv")
    let data = try folder.load(
      MissingTargetTests.source + "validation: {csv: v.csv}", incomplete: ["p", "s"])
    #expect(same(data.validation?.targets, [.nan, .nan, .nan, 1, 2, 0]))
  }

  // MARK: Errors

  @Test func aMissingTargetIsReportedUnlessItIsSkipped() throws {
    #expect(
      folder.errors(MissingTargetTests.source, incomplete: ["p"]) == """
        a.csv:4:8: error: column 's' has 1 missing cell in 6 rows
            3,30,4,
                   ^
        note: 'columns: {s: {fill: drop_row}}' leaves the rows out
        note: with 'missing_target: skip' in its loss, a head leaves out the samples that lack its \
        target
        """)
    #expect(
      folder.errors("inline: {inputs: [1, 2], targets: {a: [1, null]}}") == """
        test.yaml:1:43: error: expected a number in a, found nothing
            inline: {inputs: [1, 2], targets: {a: [1, null]}}
                                                      ^
        note: with 'missing_target: skip' in its loss, a head leaves out the samples that lack its \
        target
        """)
  }

  @Test func aMissingInputIsReported() throws {
    let folder = try TestFolder(["a.csv": "x,t\n1,2\n,3\n"])
    #expect(
      folder.errors("csv: a.csv", incomplete: ["target"]) == """
        a.csv:3:1: error: column 'x' has 1 missing cell in 2 rows
            ,3
            ^
        note: 'columns: {x: {fill: mean}}' fills them; fill is drop_row, mean, median, \
        most_frequent, indicator or {constant: VALUE}
        note: 'fill: drop_row' beside 'csv' leaves out every row with a missing cell
        """)
    #expect(
      folder.errors("inline: {inputs: [1, null], targets: [1, 2]}", incomplete: ["target"])
        == """
        test.yaml:1:22: error: expected a number in inputs, found nothing
            inline: {inputs: [1, null], targets: [1, 2]}
                                 ^
        """)
  }

  @Test func standardWordsMeanAMissingTarget() throws {
    let folder = try TestFolder(["a.csv": "x,t\n1,2\n2,NA\n"])
    #expect(
      same(try folder.load("csv: a.csv", incomplete: ["target"]).train.targets, [2, .nan]))
  }

  @Test func dataWithoutAnyTargetAreReported() throws {
    let folder = try TestFolder(["a.csv": "x,part,p,s\n1,train,,\n2,train,,\n3,test,4,a\n"])
    #expect(
      folder.errors(
        "csv: {path: a.csv, inputs: x, targets: p}\nsplit: {column: part}", incomplete: ["target"])
          == """
          a.csv:2:9: error: no sample of the training data has a target
              1,train,,
                      ^
          """)
    #expect(
      folder.errors(
        "csv: {path: a.csv, inputs: x, targets: {p: p, s: s}}\nsplit: {column: part}",
        incomplete: ["s", "p"]) == """
          a.csv:2:9: error: no sample of the training data has the target 'p'
              1,train,,
                      ^
          """)
    #expect(
      folder.errors(
        "csv: {path: a.csv, inputs: x, targets: {s: s}}\nsplit: {column: part}",
        incomplete: ["s"]) == """
          a.csv:2:10: error: no sample of the training data has the target 's'
              1,train,,
                       ^
          """)
  }
}
