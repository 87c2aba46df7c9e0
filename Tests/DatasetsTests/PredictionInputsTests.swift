import Foundation
import NNExp
import Testing

@testable import Datasets

/// Inputs without targets, in the form of the training data.
@Suite struct PredictionInputsTests {
  let folder: TestFolder
  let section = "csv: train.csv\nscale: min_max"

  init() throws {
    folder = try TestFolder(["train.csv": "x,color,y,t\n0,red,5,no\n4,blue,7,yes\n"])
  }

  func load(_ file: String, _ section: String? = nil) throws -> Dataset<Float> {
    try folder.write(Array(file.utf8), to: "new.csv")
    let declaration = try folder.declaration(section ?? self.section)
    let data = try declaration.load(as: Float.self, seed: 1)
    return try declaration.loadInputs(path: folder.path + "/new.csv", like: data)
  }

  func errors(_ file: String, _ section: String? = nil) -> String {
    folder.errors { _ = try load(file, section) }
  }

  @Test func columnsAreFoundByName() throws {
    for file in ["x,color,y\n2,red,6\n", "id,y,color,t,x\n99,6,red,?,2\n"] {
      let samples = try load(file)
      #expect(samples.count == 1)
      #expect(samples.inputs == [0.5, 0, 1, 0.5])
      #expect(samples.targets.isEmpty)
    }
  }

  @Test func wrongInputsAreReported() {
    #expect(
      errors("x,colour,y\n2,red,6\n") == """
        error: no column 'color' in 'new.csv'; did you mean 'colour'?
        note: columns: x, colour, y
        """)
    #expect(
      errors("x,color,y\n2,pink,6\n") == """
        new.csv:2:3: error: the text 'pink' of column 'color' is not in the training data
            2,pink,6
              ^
        note: known: blue, red
        note: with 'columns: {color: {other: true}}', training provides an input for unknown texts
        """)
    #expect(
      errors("x,color,y\n2,red,\n") == """
        new.csv:2:7: error: column 'y' has 1 missing cell in 1 row
            2,red,
                  ^
        note: the run was trained without 'fill' for this column
        """)
    #expect(
      errors("x,color,y\n1,1,1\n") == """
        new.csv:2:3: error: the text '1' of column 'color' is not in the training data
            1,1,1
              ^
        note: known: blue, red
        note: with 'columns: {color: {other: true}}', training provides an input for unknown texts
        """)
  }

  @Test func columnsWithoutAHeaderAreReadInOrder() throws {
    try folder.write(Array("1,2,3\n3,4,5\n".utf8), to: "train.csv")
    let section = "csv: {path: train.csv, header: false}\nscale: min_max"
    #expect(try load("2,3\n", section).inputs == [0.5, 0.5])
    #expect(try load("2,3,9\n", section).inputs == [0.5, 0.5])
    #expect(
      errors("1,2,3,4,5\n", section) == """
        new.csv:1:1: error: 'new.csv' has 5 columns, but the training data have 2 inputs
            1,2,3,4,5
            ^
        """)
  }

  @Test func inputsForInlineDataAreReadFromCSV() throws {
    let inline = "inline: {inputs: [[0, 0], [2, 4]], targets: [0, 1]}\nscale: min_max"
    #expect(try load("1,1\n", inline).inputs == [0.5, 0.25])
    #expect(try load("a,b\n1,1\n", inline).inputs == [0.5, 0.25])
    #expect(
      errors("1\n", inline) == """
        new.csv:1:1: error: 'new.csv' has 1 column, but the training data have 2 inputs
            1
            ^
        """)
  }

  @Test func inputsAreReadFromArrays() throws {
    let declaration = try folder.declaration(
      "inline: {inputs: [[0, 0, 0], [11, 11, 11]], targets: [0, 1]}\nscale: min_max")
    let data = try declaration.load(as: Double.self, seed: 1)
    let npy = try Fixtures<[ArrayFixture]>.read("npy").first { $0.name == "<f4 F [4, 3]" }!
    let npz = try Fixtures<[ArrayFixture]>.read("npz")[1]
    let gz = try Fixtures<[ArrayFixture]>.read("idx").first { $0.name == "u1 [6].gz" }!
    try folder.write(Array(npy.bytes), to: "a")
    #expect(
      try declaration.loadInputs(path: folder.path + "/a", like: data).inputs
        == npy.values.map { $0 / 11 })
    try folder.write(Array(npz.bytes), to: "a")
    #expect(
      try declaration.loadInputs(path: folder.path + "/a", like: data).inputs
        == npz.values.map { $0 / 11 })
    try folder.write(Array(gz.bytes), to: "a")
    #expect(
      folder.errors { _ = try declaration.loadInputs(path: folder.path + "/a", like: data) }
        == "error: 'a' has 1 number per sample, but the training inputs have 3")
  }

  @Test func dataMadeInCodeHaveDefaultNames() throws {
    let data = RunDatasets<Float>(
      inputShape: [2], target: .values([1]),
      train: Dataset(inputs: [1, 2], targets: [3], count: 1))
    #expect(data.inputNames == ["input_0", "input_1"])
    try folder.write(Array("5,6\n".utf8), to: "new.csv")
    let declaration = try folder.declaration("inline: {inputs: [[1, 2]], targets: [3]}")
    #expect(
      try declaration.loadInputs(path: folder.path + "/new.csv", like: data).inputs == [5, 6])
  }
}
