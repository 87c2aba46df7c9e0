import NNExp
import Testing

@testable import Datasets

/// `weight`: a column with the weight of each sample.
@Suite struct WeightTests {
  private func load(_ csv: String, _ section: String) throws -> RunDatasets<Double> {
    try TestFolder(["d.csv": csv]).load(section)
  }

  private func errors(_ csv: String, _ section: String = "csv: {path: d.csv, weight: w}") throws
    -> String
  {
    try TestFolder(["d.csv": csv]).errors(section)
  }

  @Test func `weights follow the targets and are no inputs`() throws {
    let csv = "x,w,y\n1,2,a\n2,0.5,b\n3,0,a\n"
    for section in [
      "csv: {path: d.csv, weight: w}", "csv: {path: d.csv, columns: {w: {role: weight}}}",
      "csv: {path: d.csv, inputs: x..w, targets: y, weight: w}",
    ] {
      let data = try load(csv, section)
      #expect(data.isWeighted && data.targetWidth == 2, "\(section)")
      #expect(data.inputNames == ["x"], "\(section)")
      #expect(data.train.targets == [0, 2, 1, 0.5, 0, 0], "\(section)")
      #expect(data.encoding.columns.map(\.role) == [.inputs, .weight, .targets], "\(section)")
    }
  }

  @Test func `weights keep their rows in every part, and beside scaled targets`() throws {
    let csv = "x,y,w,part\n1,10,1,train\n2,20,2,test\n3,30,3,train\n4,40,4,test\n"
    let data = try load(
      csv,
      "csv: {path: d.csv, targets: y, weight: w}\nsplit: {column: part}\n"
        + "scale: {targets: min_max}")
    #expect(data.train.targets == [0, 1, 1, 3])
    #expect(data.test?.targets == [0.5, 2, 1.5, 4])
    #expect(data.train.originalTargets == [10, 1, 30, 3])
  }

  @Test func `validation data have weights of their own`() throws {
    let folder = try TestFolder([
      "d.csv": "w,x,y\n1,1,1\n2,2,2\n", "v.csv": "x,w,y\n5,7,3\n", "u.csv": "x,y\n5,3\n",
    ])
    let section = "csv: {path: d.csv, weight: w}\nvalidation: "
    #expect(try folder.load(section + "{csv: v.csv}").validation?.targets == [3, 7])
    #expect(
      folder.errors(section + "{csv: u.csv}") == """
        test.yaml:1:28: error: no column 'w' in 'u.csv'
            csv: {path: d.csv, weight: w}
                                       ^
        note: columns: x, y
        """)
  }

  @Test func `weights that are no numbers from 0`() throws {
    #expect(
      try errors("x,w,y\n1,1,2\n2,-1,3\n3,-0.5,4\n") == """
        d.csv:3:3: error: the weight in column 'w' is -1, and weights are numbers from 0, and 1 \
        more cell like it
            2,-1,3
              ^
        """)
    #expect(
      try errors("x,w,y\n1,,2\n2,1,3\n") == """
        d.csv:2:3: error: column 'w' has 1 missing cell in 2 rows
            1,,2
              ^
        note: 'columns: {w: {fill: drop_row}}' leaves the rows out
        """)
    #expect(
      try errors("x,w,y\n1,high,2\n2,1,3\n").hasPrefix(
        "d.csv:2:3: error: expected a number in column 'w', found 'high'\n"))
    #expect(
      try errors("x,w,y\n1,inf,2\n2,1,3\n") == """
        d.csv:2:3: error: expected a finite number in column 'w', found 'inf'
            1,inf,2
              ^
        """)
    #expect(
      try errors(
        "x,w,y\n1,a,2\n2,b,3\n", "csv: {path: d.csv, weight: w, columns: {w: category}}"
      ) == """
        d.csv:2:3: error: column 'w' of weights holds texts; weights are numbers from 0
            1,a,2
              ^
        """)
    #expect(
      try errors("x,w,y\n1,0,2\n2,0,3\n") == """
        d.csv:2:3: error: all weights of these 2 samples in column 'w' are 0
            1,0,2
              ^
        """)
    #expect(
      try errors(
        "x,w,y\n1,,2\n2,1,3\n", "csv: {path: d.csv, weight: w, columns: {w: {fill: mean}}}"
      ).hasPrefix(
        "d.csv:2:3: error: column 'w' of weights has 1 missing cell, which are not filled\n"))
  }

  @Test func `rows without a weight can be left out`() throws {
    let data = try load(
      "x,w,y\n1,,2\n2,1,3\n", "csv: {path: d.csv, weight: w, columns: {w: {fill: drop_row}}}")
    #expect(data.train.targets == [3, 1] && data.droppedRows == 1)
  }

  @Test func `one column has the weights, and no other use`() throws {
    #expect(
      try errors("x,v,w,y\n1,1,1,2\n", "csv: {path: d.csv, weight: [v, w]}") == """
        test.yaml:1:29: error: a sample has one weight, but the columns v, w are weights
            csv: {path: d.csv, weight: [v, w]}
                                        ^
        """)
    #expect(
      try errors("x,w,y\n1,1,2\n", "csv: {path: d.csv, weight: w, targets: w}") == """
        test.yaml:1:13: error: column 'w' is a target and the weight too
            csv: {path: d.csv, weight: w, targets: w}
                        ^
        """)
  }

  @Test func `a foreign name of the key gets the right one`() throws {
    #expect(
      try errors("x,w,y\n1,1,2\n", "csv: {path: d.csv, sample_weight: w}") == """
        test.yaml:1:20: error: unknown key 'sample_weight'; did you mean 'weight'?
            csv: {path: d.csv, sample_weight: w}
                               ^
        """)
  }

  @Test func `a column can have the role of the split`() throws {
    let csv = "x,part,y\n1,train,1\n2,test,2\n3,validation,3\n"
    let section = "csv: {path: d.csv, columns: {part: {role: split}}}"
    let data = try load(csv, section)
    #expect(data.train.targets == [1] && data.validation?.targets == [3])
    #expect(data.test?.targets == [2])
    #expect(
      try errors(csv, section + "\nsplit: {validation: 0.5}") == """
        test.yaml:2:8: error: a column has the role 'split'; a split uses fractions or a \
        column, not both
            split: {validation: 0.5}
                   ^
        """)
    #expect(
      try errors(csv, section + "\nvalidation: {csv: d.csv}") == """
        test.yaml:2:19: error: these data come from a column with the role 'split' already; keep \
        one of the two
            validation: {csv: d.csv}
                              ^
        """)
  }
}
