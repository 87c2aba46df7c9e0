import NNExp
import TestSupport
import Testing

@testable import Datasets

/// CSV files without errors.
@Suite struct CSVTests {
  /// Tables that Python's csv module wrote and read back: quotes, delimiters
  /// and line ends inside fields, three line ends, byte order marks.
  @Test func tablesAreReadAsPythonReadsThem() throws {
    struct Case: Decodable {
      let text: String
      let delimiter: String
      let rows: [[String]]
    }
    for one in try Fixtures<[Case]>.read("csv") {
      let table = try CSVTable(
        .held(Array(one.text.utf8)), path: "a.csv",
        format: CSVFormat(delimiter: one.delimiter.utf8.first!, hasHeader: true))
      #expect(table.names == one.rows[0])
      for (row, texts) in one.rows.dropFirst().enumerated() {
        let found = try texts.indices.map { column in
          try table.field(row: row, column: column).map { try table.origin.text(of: $0) }
        }
        #expect(found == texts, "\(one.text.debugDescription)")
      }
      #expect(table.field(row: one.rows.count - 1, column: 0) == nil)
      // The reader sees the same rows, as categories.
      let reader = try CSVReader(
        table,
        table.names.indices.map { position in
          var column = ChosenColumn(position, .targets, missing: MissingCells([]))
          column.type = CategoryColumn()
          return column
        })
      let layout = reader.layout(of: 0..<table.names.count)
      let texts = (0..<reader.count).map { row in
        table.names.indices.map { column in
          layout.categories[column]![Int(reader.cells[row, column])]
        }
      }
      #expect(texts == Array(one.rows.dropFirst()), "\(one.text.debugDescription)")
    }
  }

  @Test(arguments: [
    "x,y,t\n1,2,3\n4,5,6\n", "x,y,t\r\n1,2,3\r\n4,5,6\r\n", "x,y,t\r1,2,3\r4,5,6",
    "\u{FEFF}x,y,t\n1,2,3\n4,5,6", "x,y,t\n1,2,3\n4,5,6\n\n\r\n", "\"x\",y,t\n\"1\", 2 ,3\n4,5,6",
  ])
  func lineEndsMarksQuotesAndSpacesAreAccepted(_ file: String) throws {
    let data = try TestFolder(["a.csv": file]).load("csv: a.csv")
    #expect(data.inputShape == [2])
    #expect(data.inputNames == ["x", "y"])
    #expect(data.targetNames == ["t"])
    #expect(data.target == .values([1]))
    #expect(data.classNames.isEmpty)
    #expect(data.train.inputs == [1, 2, 4, 5])
    #expect(data.train.targets == [3, 6])
    #expect(data.validation == nil && data.test == nil)
  }

  /// Random tables of numbers in their shortest form are read exactly.
  @Test(arguments: 0..<20)
  func randomNumbersReadBackToTheBit(seed: UInt64) throws {
    let random = RandomStream(seed: seed, purpose: "table")
    let (rows, columns) = (
      1 + random.integer(below: 20, at: 0), 2 + random.integer(below: 5, at: 1)
    )
    let values = (0..<rows * columns).map { i in
      Double(
        sign: random.uniform(at: 3 * i + 2) < 0.5 ? .plus : .minus,
        exponent: random.integer(below: 2040, at: 3 * i + 3) - 1020,
        significand: 1 + random.uniform(at: 3 * i + 4))
    }
    var text = (0..<columns).map { "c\($0)" }.joined(separator: ",")
    for row in 0..<rows {
      text += "\n" + (0..<columns).map { "\(values[row * columns + $0])" }.joined(separator: ",")
    }
    let data = try TestFolder(["a.csv": text]).load("csv: {path: a.csv, targets: c0}")
    for row in 0..<rows {
      #expect(data.train.targets[row] == values[row * columns], "\(text)")
      for column in 1..<columns {
        #expect(
          data.train.inputs[row * (columns - 1) + column - 1] == values[row * columns + column],
          "\(text)")
      }
    }
  }

  @Test func aDeclaredDelimiterIsUsed() throws {
    let folder = try TestFolder(["a.csv": "x;t\n1;2\n", "b.csv": "x\tt\n1\t2\n"])
    #expect(try folder.load("csv: {path: a.csv, delimiter: \";\"}").train.targets == [2])
    #expect(try folder.load("csv: {path: b.csv, delimiter: \"\\t\"}").train.targets == [2])
    #expect(
      folder.errors("csv: {path: a.csv, delimiter: \"ab\"}")
        == """
        test.yaml:1:31: error: delimiter must be one ASCII character, tab or whitespace, found 'ab'
            csv: {path: a.csv, delimiter: "ab"}
                                          ^
        """)
  }

  @Test func textColumnsBecomeOneHotInputs() throws {
    let file = "color,size,code,t\nred,1,7,0\nblue,2,10,1\nred,3,7,0\ngreen,4,10,1\n"
    let folder = try TestFolder(["a.csv": file])
    let data = try folder.load("csv: {path: a.csv, categorical: code}\nscale: standardize")
    #expect(
      data.inputNames == ["color=blue", "color=green", "color=red", "size", "code=7", "code=10"])
    #expect(data.inputShape == [6])
    let rows = (0..<4).map { Array(data.train.inputs[$0 * 6..<$0 * 6 + 6]) }
    #expect(rows.map { Array($0[..<3]) } == [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]])
    #expect(rows.map { Array($0[4...]) } == [[1, 0], [0, 1], [1, 0], [0, 1]])
    // One-hot columns are unchanged, and the other ones are scaled.
    #expect(abs(rows[0][3] + 3 / 5.0.squareRoot()) < 1e-15)
  }

  @Test func aLimitTakesARandomPartInTheOrderOfTheFile() throws {
    let rows = (0..<50).map { "\($0),\($0 < 25 ? "a" : "b")\n" }.joined()
    let folder = try TestFolder(["a.csv": "x,y\n" + rows])
    let inputs = try folder.load("csv: a.csv\nlimit: 20").train.inputs
    #expect(inputs.count == 20 && inputs == inputs.sorted() && inputs != (0..<20).map(Double.init))
    #expect(try folder.load("csv: a.csv\nlimit: 20").train.inputs == inputs)
    #expect(try folder.load("csv: a.csv\nlimit: 20", seed: 2).train.inputs != inputs)
    #expect(try folder.load("csv: a.csv\nlimit: 50").train.count == 50)
  }

  @Test func theShippedTablesAreRead() throws {
    let folder = Repository.experiments.path + "/data"
    func load(_ section: String) throws -> RunDatasets<Float> {
      try TestFolder([:] as [String: String]).load(
        section.replacing("DATA", with: folder), as: Float.self)
    }
    let iris = try load("csv: DATA/iris.csv")
    #expect(iris.train.count == 150)
    #expect(iris.target == .classes(3))
    #expect(iris.classNames == ["setosa", "versicolor", "virginica"])
    #expect(Array(iris.train.inputs[..<4]) == [5.1, 3.5, 1.4, 0.2])

    let digits = try load(
      """
      csv: {path: DATA/digits.csv, inputs: pixel_*}
      shape: [1, 8, 8]
      classes: 10
      split: {validation: 0.2, stratified: true}
      """)
    #expect(digits.inputShape == [1, 8, 8])
    #expect(digits.target == .classes(10))
    #expect(digits.train.count + digits.validation!.count == 1797)
    #expect(digits.validation!.count == 359)

    #expect(try load("csv: DATA/diabetes.csv").target == .values([1]))
    #expect(try load("csv: DATA/wine.csv").target == .classes(3))
    #expect(try load("csv: DATA/breast_cancer.csv").classNames.count == 2)
  }
}
