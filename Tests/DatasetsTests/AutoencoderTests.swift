import NNExp
import Testing

@testable import Datasets

/// Columns that are inputs and targets.
@Suite struct AutoencoderTests {
  private func folder(_ csv: String) throws -> TestFolder { try TestFolder(["d.csv": csv]) }

  private let csv = "id,x0,x1,label\na,1,4,u\nb,2,8,v\nc,3,12,u\n"

  @Test func `the inputs can be the targets`() throws {
    let folder = try folder(csv)
    for columns in ["inputs: \"x*\", targets: \"x*\"", "inputs: [x0, x1], targets: x0..x1"] {
      let data = try folder.load("csv: {path: d.csv, \(columns), id: id}")
      #expect(data.train.inputs == [1, 4, 2, 8, 3, 12], "\(columns)")
      #expect(data.train.targets == data.train.inputs, "\(columns)")
      #expect(data.targetNames == ["x0", "x1"] && data.announcements.isEmpty, "\(columns)")
      #expect(
        data.encoding.columns.map { "\($0.name) \($0.role)" } == [
          "id id", "x0 inputs", "x0 targets", "x1 inputs", "x1 targets", "label ignored",
        ], "\(columns)")
    }
  }

  @Test func `patterns leave out what has another use`() throws {
    let data = try folder("n,x0,x1,w\n7,1,4,1\n8,2,8,2\n").load(
      "csv: {path: d.csv, inputs: \"*\", targets: \"*\", exclude: n, weight: w}")
    #expect(data.train.inputs == [1, 4, 2, 8])
    #expect(data.train.targets == [1, 4, 1, 2, 8, 2])
  }

  @Test func `inputs and targets have scales of their own`() throws {
    let data = try folder(csv).load(
      "csv: {path: d.csv, inputs: \"x*\", targets: \"x*\"}\n"
        + "scale: {inputs: min_max, targets: {divide: 2}}")
    #expect(data.train.inputs == [0, 0, 0.5, 0.5, 1, 1])
    #expect(data.train.targets == [0.5, 2, 1, 4, 1.5, 6])
  }

  @Test func `one of several targets can be an input port`() throws {
    let data = try folder(csv).load(
      "csv: {path: d.csv, inputs: {x: \"x*\"}, targets: {copy: \"x*\", label: label}}")
    #expect(data.train.targets == [1, 4, 0, 2, 8, 1, 3, 12, 0])
  }

  @Test func `validation data are read alike`() throws {
    let folder = try folder(csv)
    try folder.write(Array("x1,x0\n5,6\n".utf8), to: "v.csv")
    let data = try folder.load(
      "csv: {path: d.csv, inputs: [x0, x1], targets: [x0, x1]}\nvalidation: {csv: v.csv}")
    #expect(data.validation?.inputs == [6, 5] && data.validation?.targets == [6, 5])
  }

  @Test func `the written declaration reads the same`() throws {
    let folder = try folder(csv)
    let section = "csv: {path: d.csv, inputs: \"x*\", targets: \"x*\", id: id}"
    var options = Options(try Declaration.node(section))
    _ = DataDeclaration(from: &options, registry: datasetsRegistry, folder: "")
    let full = try folder.load(section).encoding.declared(in: options.resolved).flow
    #expect(full.contains("inputs: [x0, x1], targets: [x0, x1]"), "\(full)")
    #expect(full.contains("columns: {x0: {type: number}, x1: {type: number}}"), "\(full)")
  }

  @Test func `columns that cannot be targets`() throws {
    let gaps = try folder("x0,x1\n1,\n2,3\n4,5\n")
    let section = "csv: {path: d.csv, inputs: \"x*\", targets: \"x*\""
    #expect(
      gaps.errors(section + "}\nfill: mean") == """
        d.csv:2:3: error: column 'x1' is an input and a target, and has 1 missing cell, which are \
        not filled in targets
            1,
              ^
        note: 'columns: {x1: {fill: drop_row}}' leaves the rows out
        """)
    #expect(try gaps.load(section + "}\nfill: drop_row").train.targets == [2, 3, 4, 5])
    #expect(
      try folder("x0,x1\n1,red\n2,blue\n").errors(section + "}") == """
        d.csv:2:3: error: column 'x1' is an input and a target, and holds texts; inputs that are \
        targets are numbers
            1,red
              ^
        note: 'exclude: [x1]' leaves the column out
        """)
    // Some of the inputs as targets are a mistake.
    #expect(
      try folder(csv).errors("csv: {path: d.csv, inputs: \"x*\", targets: x1}") == """
        test.yaml:1:13: error: column 'x1' is an input and a target too
            csv: {path: d.csv, inputs: "x*", targets: x1}
                        ^
        """)
  }
}
