import NNExp
import TestSupport
import Testing

@testable import Datasets

/// Input ports of indices: whole numbers, or texts numbered in sorted order.
@Suite struct IndexPortTests {
  static let source =
    "csv: {path: a.csv, inputs: {word: w, city: c, x: x}, targets: {t: t}}\n"

  func folder(_ rows: [String] = ["3,rome,0.5,1", "0,bern,1.5,2", "1,rome,2.5,3"]) throws
    -> TestFolder
  {
    try TestFolder(["a.csv": "w,c,x,t\n" + rows.joined(separator: "\n") + "\n"])
  }

  @Test func numbersAndTextsBecomeIndices() throws {
    let data = try folder().load(IndexPortTests.source + "indices: {word: 10, city: auto}")
    #expect(
      data.inputs == [
        Port("word", [1], kind: .indices(below: 10)), Port("city", [1], kind: .indices(below: 2)),
        Port("x", [1]),
      ])
    #expect(data.train.indices == [3, 1, 0, 0, 1, 1])
    #expect(data.train.inputs == [0.5, 1.5, 2.5])
    #expect(data.inputNames == ["x"])
    let auto = try folder().load(IndexPortTests.source + "indices: {word: auto, city: 7}")
    #expect(auto.inputs[0].kind == .indices(below: 4))
    #expect(auto.inputs[1].kind == .indices(below: 7))
  }

  @Test func dataCanConsistOfIndicesOnly() throws {
    let data = try folder().load(
      "csv: {path: a.csv, inputs: {word: w, city: c}, targets: t}\n"
        + "indices: {word: auto, city: auto}\nsplit: {validation: 0.4}")
    #expect(data.train.inputs.isEmpty)
    #expect(data.train.indices.count == 2 * data.train.count)
    #expect(data.validation?.indices.count == 2)
    #expect(data.inputNames.isEmpty)
  }

  @Test func aGeneralScaleDoesNotChangeIndices() throws {
    let data = try folder().load(
      IndexPortTests.source + "indices: {word: auto, city: auto}\nscale: min_max")
    #expect(data.train.indices == [3, 1, 0, 0, 1, 1])
    #expect(data.train.inputs == [0, 0.5, 1])
  }

  /// All text columns share one vocabulary.
  @Test func theColumnsOfAPortShareTheirCategories() throws {
    let folder = try TestFolder([
      "a.csv": "a,b,t\ncat,dog,1\nbird,cat,2\n", "v.csv": "b,a,t\nbird,dog,3\n",
    ])
    let data = try folder.load(
      "csv: {path: a.csv, inputs: {words: [a, b]}, targets: t}\nindices: {words: auto}\n"
        + "validation: {csv: v.csv}")
    #expect(data.inputs == [Port("words", [2], kind: .indices(below: 3))])
    #expect(data.train.indices == [1, 2, 0, 1])
    #expect(data.validation?.indices == [2, 0])
  }

  @Test func numbersReadAsTextsAreSortedByValue() throws {
    let folder = try TestFolder(["a.csv": "a,b,t\n10,9,1\n2,10,2\n"])
    let data = try folder.load(
      "csv: {path: a.csv, inputs: {zip: [a, b]}, targets: t, categorical: [a, b]}\n"
        + "indices: {zip: auto}")
    #expect(data.train.indices == [2, 1, 0, 2])
  }

  @Test func indicesPermitMoreTextsThanOneHotInputs() throws {
    let names = (0...1000).map { "n\($0),1\n" }.joined()
    let folder = try TestFolder(["a.csv": "x,t\n" + names])
    let source = "csv: {path: a.csv, inputs: {x: x}, targets: t}\n"
    #expect(try folder.load(source + "indices: {x: auto}").inputs[0].kind == .indices(below: 1001))
    #expect(
      folder.errors(source) == """
        a.csv:2:1: error: column 'x' holds 1001 different texts in 1001 cells, too many for one \
        input each
            n0,1
            ^
        note: write 'exclude: [x]' to leave the column out, or 'id: x' to identify the rows by it
        note: write 'columns: {x: category}' for one input per text
        """)
    #expect(
      folder.errors(source.replacing("a.csv,", with: "a.csv, categorical: x,")) == """
        a.csv:2:1: error: column 'x' holds more than 1000 different texts, too many for one-hot \
        inputs; leave it out of 'inputs', or give 'x' under 'indices'
            n0,1
            ^
        """)
  }

  @Test func arraysOfIndicesKeepTheirShape() throws {
    let folder = try TestFolder([
      "x.npy": ArrayWriter.npy([0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0], [2, 2, 3]),
      "t.npy": ArrayWriter.npy([1, 2], [2]),
    ])
    let source = "npy: {inputs: {words: x.npy}, targets: t.npy}\nindices: {words: auto}\n"
    #expect(
      try folder.load(source).inputs == [Port("words", [2, 3], kind: .indices(below: 6))])
    #expect(try folder.load(source + "shape: {words: [6]}").inputs[0].shape == [6])
    #expect(try folder.load(source).train.indices == [0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0])
  }

  @Test func anAutomaticCountIsOfTheWholeSource() throws {
    let folder = try folder(["3,rome,0,train", "9,bern,1,test", "1,rome,2,train"])
    let data = try folder.load(
      "csv: {path: a.csv, inputs: {word: w, city: c}, targets: x}\n"
        + "indices: {word: auto, city: auto}\nsplit: {column: t}")
    #expect(data.inputs.map(\.kind) == [.indices(below: 10), .indices(below: 2)])
    #expect(data.test?.indices == [9, 0])
  }

  // MARK: Errors

  @Test(arguments: [
    ("7", "7", "whole numbers from 0 to 4"), ("-1", "-1", "whole numbers from 0 to 4"),
    ("1.5", "1.5", "whole numbers from 0 to 4"), ("5", "5", "whole numbers from 0 to 4"),
    ("1e300", "1e+300", "whole numbers from 0 to 4"),
  ])
  func numbersOutsideTheDeclaredIndicesAreReported(cell: String, value: String, range: String)
    throws
  {
    #expect(
      try folder(["3,rome,0.5,1", "\(cell),bern,1.5,2"]).errors(
        IndexPortTests.source + "indices: {word: 5, city: auto}") == """
          a.csv:3:1: error: 'w' is \(value) in sample 1, but port 'word' requires \(range)
              \(cell),bern,1.5,2
              ^
          """)
  }

  @Test func numbersThatCannotBeIndicesAreReported() throws {
    for (cell, value) in [("-3", "-3"), ("0.5", "0.5"), ("2147483647", "2147483647")] {
      #expect(
        try folder(["3,rome,0.5,1", "\(cell),bern,1.5,2"]).errors(
          IndexPortTests.source + "indices: {word: auto, city: auto}") == """
            a.csv:3:1: error: 'w' is \(value) in sample 1, but port 'word' requires whole numbers \
            from 0 to 2147483646
                \(cell),bern,1.5,2
                ^
            """)
    }
    let folder = try TestFolder([
      "x.npy": ArrayWriter.npy([0, 1, 2, 3, 4, 2.5], [2, 3]),
      "t.npy": ArrayWriter.npy([1, 2], [2]),
    ])
    #expect(
      folder.errors(
        "npy: {inputs: {words: x.npy}, targets: t.npy}\nindices: {words: 9}") == """
          test.yaml:1:23: error: 'words_2' is 2.5 in sample 1, but port 'words' requires whole \
          numbers from 0 to 8
              npy: {inputs: {words: x.npy}, targets: t.npy}
                                    ^
          """)
  }

  @Test func moreTextsThanDeclaredIndicesAreReported() throws {
    #expect(
      try folder().errors(IndexPortTests.source + "indices: {word: 4, city: 1}") == """
        a.csv:2:3: error: 'c' is 'rome' in sample 0, text 1 of 2 in sorted order, but port 'city' \
        requires indices from 0 to 0
            3,rome,0.5,1
              ^
        """)
  }

  @Test func textsAndNumbersInOnePortAreReported() throws {
    let folder = try TestFolder(["a.csv": "a,b,t\ncat,1,1\nbird,2,2\n"])
    #expect(
      folder.errors(
        "csv: {path: a.csv, inputs: {words: [a, b]}, targets: t}\nindices: {words: auto}") == """
          a.csv:2:5: error: column 'b' holds numbers, but another column of the index port 'words' \
          holds texts; list it under 'categorical', or make it another port
              cat,1,1
                  ^
          """)
  }

  @Test func validationIndicesBeyondTheTrainingDataAreReported() throws {
    let folder = try folder()
    let section =
      IndexPortTests.source + "indices: {word: auto, city: auto}\nvalidation: {csv: v.csv}"
    try folder.write(Array("w,c,x,t\n1,bern,1,1\n4,bern,1,1\n".utf8), to: "v.csv")
    #expect(
      folder.errors(section) == """
        v.csv:3:1: error: 'w' is 4 in sample 1, but port 'word' requires whole numbers from 0 to 3
            4,bern,1,1
            ^
        """)
    try folder.write(Array("w,c,x,t\n1,bern,1,1\n2,romé,1,1\n".utf8), to: "v.csv")
    #expect(
      folder.errors(section) == """
        v.csv:3:3: error: the text 'romé' of column 'c' is not in the training data; did you mean \
        'rome'?
            2,romé,1,1
              ^
        note: known: bern, rome
        """)
    try folder.write(Array("w,c,x,t\nrome,bern,1,1\n".utf8), to: "v.csv")
    #expect(
      folder.errors(section) == """
        v.csv:2:1: error: expected a number in column 'w', found 'rome'
            rome,bern,1,1
            ^
        note: 'columns: {w: {missing: [rome]}}' counts it as missing
        """)
  }

  @Test func wrongDeclarationsAreReported() throws {
    let folder = try folder()
    func message(_ rest: String) -> String { folder.errors(IndexPortTests.source + rest) }
    #expect(
      message("indices: {word: many, citty: 3, x: 0}") == """
        test.yaml:2:23: error: there is no input port 'citty'; did you mean 'city'?
            indices: {word: many, citty: 3, x: 0}
                                  ^
        note: input ports: word, city, x
        test.yaml:2:17: error: word must be the number of indices (1 to 2147483647) or 'auto', \
        found the text 'many'
            indices: {word: many, citty: 3, x: 0}
                            ^
        test.yaml:2:36: error: x must be the number of indices (1 to 2147483647) or 'auto', found \
        the number 0
            indices: {word: many, citty: 3, x: 0}
                                               ^
        """)
    #expect(
      message("indices: 5") == """
        test.yaml:2:10: error: indices must be a mapping from input ports to the number of their \
        indices or to 'auto', found the number 5
            indices: 5
                     ^
        """)
    #expect(
      message("indices: {word: 5, city: auto}\nscale: {inputs: min_max, city: none}") == """
        test.yaml:3:32: error: port 'city' carries indices, which are not scaled
            scale: {inputs: min_max, city: none}
                                           ^
        """)
    #expect(
      folder.errors("csv: a.csv\nindices: {w: auto}") == """
        test.yaml:2:10: error: 'indices' is a mapping from input ports, but the data name no input \
        ports
            indices: {w: auto}
                     ^
        note: name ports in the source: csv: {inputs: {w: …}}
        """)
  }
}
