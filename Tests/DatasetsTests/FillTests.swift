import NNExp
import Testing

@testable import Datasets

/// The filling of missing cells, and categories that the training data lack.
@Suite struct FillTests {
  private let folder: TestFolder

  init() throws {
    folder = try TestFolder([
      "d.csv": """
      x,c,part,y
      1,red,train,1
      ,blue,train,2
      5,,train,3
      6,red,train,4
      100,blue,test,5
      ,,test,6
      """
    ])
  }

  private func load(_ columns: String, _ rest: String = "") throws -> RunDatasets<Double> {
    try folder.load(
      "csv: {path: d.csv, targets: y, columns: {\(columns)}}\nsplit: {column: part}" + rest)
  }

  @Test func `fills are fitted to the training data`() throws {
    #expect(
      try load("x: {fill: mean}, c: {fill: most_frequent}").train.inputs
        == [1, 0, 1, 4, 1, 0, 5, 0, 1, 6, 0, 1])
    let data = try load("x: {fill: median}, c: {fill: {constant: none}}")
    #expect(data.inputNames == ["x", "c=blue", "c=none", "c=red"])
    #expect(data.train.inputs == [1, 0, 0, 1, 5, 1, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1])
    #expect(data.test?.inputs == [100, 1, 0, 0, 5, 0, 1, 0])
  }

  @Test func `an indicator is an input of its own`() throws {
    let data = try load("x: {fill: indicator}, c: {fill: indicator}")
    #expect(data.inputNames == ["x", "x=missing", "c=blue", "c=red", "c=missing"])
    #expect(
      data.train.inputs == [
        1, 0, 0, 1, 0, 4, 1, 1, 0, 0, 5, 0, 0, 0, 1, 6, 0, 0, 1, 0,
      ])
    // Only the numbers are scaled, after they are filled.
    let scaled = try load("x: {fill: indicator}, c: {fill: indicator}", "\nscale: min_max")
    #expect(scaled.train.inputs[..<7] == [0, 0, 0, 1, 0, 0.6, 1])
  }

  @Test func `rows are left out, with their number`() throws {
    let data = try load("x: {fill: drop_row}, c: {fill: drop_row}")
    #expect(data.train.inputs == [1, 0, 1, 6, 0, 1])
    #expect(data.train.targets == [1, 4] && data.test?.targets == [5])
    #expect(data.droppedRows == 3)
    let all = try folder.load(
      "csv: {path: d.csv, targets: y}\nsplit: {column: part}\nfill: drop_row")
    #expect(all.train.inputs == data.train.inputs)
  }

  @Test func `a fill for all columns leaves the targets alone`() throws {
    let folder = try TestFolder(["d.csv": "x,y\n1,1\n,2\n3,\n"])
    #expect(
      folder.errors("csv: d.csv\nfill: median") == """
        d.csv:4:3: error: column 'y' has 1 missing cell in 3 rows
            3,
              ^
        note: 'columns: {y: {fill: drop_row}}' leaves the rows out
        note: with 'missing_target: skip' in its loss, a head leaves out the samples that lack its \
        target
        """)
    let data = try folder.load("csv: {path: d.csv, columns: {y: {fill: drop_row}}}\nfill: median")
    #expect(data.train.inputs == [1, 1] && data.train.targets == [1, 2])
    #expect(
      folder.errors("csv: {path: d.csv, columns: {y: {fill: mean}}}\nfill: median").hasPrefix(
        "d.csv:4:3: error: column 'y' of targets has 1 missing cell, which are not filled"))
  }

  @Test func `a fill that does not suit the column is reported`() throws {
    #expect(
      folder.errors("csv: {path: d.csv, targets: y, exclude: part}\nfill: mean") == """
        d.csv:4:3: error: column 'c' holds texts, which have no mean, to fill 2 missing cells
            5,,train,3
              ^
        note: write 'columns: {c: {fill: most_frequent}}'
        """)
    #expect(
      folder.errors(
        "csv: {path: d.csv, targets: y, exclude: [c, part], columns: {x: {fill: {constant: no}}}}")
          == """
          d.csv:3:1: error: column 'x' holds numbers, which 'no' is not, to fill 2 missing cells
              ,blue,train,2
              ^
          note: write 'columns: {x: {fill: mean}}'
          """)
    #expect(
      folder.errors("csv: {path: d.csv, targets: y, columns: {x: {fill: mode}}}")
        == """
        test.yaml:1:52: error: fill must be drop_row, mean, median, most_frequent, indicator or \
        {constant: VALUE}, found the text 'mode'; did you mean 'most_frequent'?
            csv: {path: d.csv, targets: y, columns: {x: {fill: mode}}}
                                                               ^
        """)
  }

  @Test func `further inputs are filled alike, and a dropped row stays`() throws {
    let section =
      "csv: {path: d.csv, targets: y, columns: {x: {fill: mean}, c: {fill: drop_row}}}\n"
      + "split: {column: part}\nscale: min_max"
    let data = try folder.load(section)
    try folder.write(Array("c,x\nred,\n,3\nblue,3.4\n".utf8), to: "new.csv")
    let samples = try folder.declaration(section)
      .loadInputs(path: folder.path + "/new.csv", like: data)
    #expect(samples.rows == [0, 2] && samples.sourceCount == 3)
    // The mean of 1, 5 and 6 differs from the mean of the remaining rows.
    #expect(samples.inputs.count == 6)
    let mean = data.encoding.columns[0].fillValue
    #expect(mean == (1 + 6 + mean!) / 3 || mean == 3.5)
  }

  @Test func `unseen categories set their own input`() throws {
    let section =
      "csv: {path: t.csv, targets: y, columns: {c: {other: true}}}\nvalidation: {csv: v.csv}"
    let folder = try TestFolder([
      "t.csv": "c,y\nred,1\nblue,2\n", "v.csv": "c,y\ngreen,1\nred,2\n",
    ])
    let data = try folder.load(section)
    #expect(data.inputNames == ["c=blue", "c=red", "c=other"])
    #expect(data.train.inputs == [0, 1, 0, 1, 0, 0])
    #expect(data.validation?.inputs == [0, 0, 1, 0, 1, 0])
  }
}
