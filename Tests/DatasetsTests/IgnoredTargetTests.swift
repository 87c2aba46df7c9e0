import NNExp
import TestSupport
import Testing

@testable import Datasets

/// `ignore: VALUE` of a loss: targets that are none.
@Suite struct IgnoredTargetTests {
  private func load(
    _ folder: TestFolder, _ section: String, ignore: String, isStreamed: Bool = false
  ) throws -> RunDatasets<Double> {
    let needs = TargetNeeds(loss: "test", demand: .any, learnsClasses: true, ignore: ignore)
    return try folder.declaration(section).assemble(
      as: Double.self, seed: 1, needs: ["target": needs],
      FileShelf(isStreamed: isStreamed, stride: 7))
  }

  @Test(arguments: [false, true])
  func `a number of a table is no target`(isStreamed: Bool) throws {
    let folder = try TestFolder(["d.csv": "x,y\n1,0\n2,255\n3,1\n4,255.0\n"])
    let classes = try load(
      folder, "csv: d.csv\ntarget_kind: classes", ignore: "255", isStreamed: isStreamed)
    #expect(classes.classNames == ["0", "1"])
    let targets = try classes.train.held(0..<4).targets
    #expect(bits(targets) == bits([0, .nan, 1, .nan]))
    #expect(classes.encoding.columns.map(\.missing) == [0, 2])
    // As classes of few whole numbers.
    #expect(try load(folder, "csv: d.csv", ignore: "255").classNames == ["0", "1"])
  }

  @Test(arguments: [false, true])
  func `a text of a table is no target`(isStreamed: Bool) throws {
    let folder = try TestFolder(["d.csv": "x,y\n1,cat\n2,unknown\n3,dog\n"])
    let data = try load(folder, "csv: d.csv", ignore: "unknown", isStreamed: isStreamed)
    #expect(data.classNames == ["cat", "dog"])
    #expect(bits(try data.train.held(0..<3).targets) == bits([0, .nan, 1]))
  }

  @Test func `values are ignored too, and are not in the scale`() throws {
    let folder = try TestFolder(["d.csv": "x,y\n1,0.5\n2,-999\n3,1.5\n"])
    let data = try load(folder, "csv: d.csv\nscale: {targets: min_max}", ignore: "-999")
    #expect(bits(data.train.targets) == bits([0, .nan, 1]))
  }

  @Test func `inline data and arrays`() throws {
    let inline = "inline: {inputs: [[1], [2], [3], [4]], targets: "
    let folder = try TestFolder([String: String]())
    #expect(
      bits(
        try load(folder, inline + "[0, -1, 1, -1]}\ntarget_kind: classes", ignore: "-1")
          .train.targets) == bits([0, .nan, 1, .nan]))
    let texts = try load(folder, inline + "[b, \"?\", a, c]}", ignore: "?")
    #expect(texts.classNames == ["a", "b", "c"])
    #expect(bits(texts.train.targets) == bits([1, .nan, 0, 2]))
    try folder.write(ArrayWriter.npy([1, 2, 3], [3]), to: "x.npy")
    try folder.write(ArrayWriter.npy([4, 255, 5], [3]), to: "t.npy")
    for isStreamed in [false, true] {
      let data = try load(
        folder, "npy: {inputs: x.npy, targets: t.npy}", ignore: "255",
        isStreamed: isStreamed)
      #expect(data.classNames == ["4", "5"])
      #expect(bits(try data.train.held(0..<3).targets) == bits([0, .nan, 1]))
    }
  }

  @Test func `a missing cell is still an error`() throws {
    let folder = try TestFolder(["d.csv": "x,y\n1,0\n2,\n3,255\n"])
    #expect(
      folder.errors { _ = try load(folder, "csv: d.csv", ignore: "255") }.contains(
        "d.csv:3:3: error: column 'y' has 1 missing cell in 3 rows"))
  }
}
