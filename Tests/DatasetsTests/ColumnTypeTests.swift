import NNExp
import Testing

@testable import Datasets

/// `columns:` of a CSV file.
@Suite struct ColumnTypeTests {
  private let folder: TestFolder

  init() throws {
    folder = try TestFolder(["a.csv": "zip,size,t\n1010,2,5\n2020,3,6\n1010,4,7\n"])
    folder.registry.register(Halves.self)
  }

  /// Half of each number.
  private struct Halves: ColumnType, Component {
    static let typeName = "halves"
    init(from options: inout Options) {}
    func read(_ cell: String) throws -> ColumnValue {
      guard let number = Double(cell) else { return .category(cell) }
      return .number(number / 2)
    }
  }

  @Test func `a column of numbers can be one of categories`() throws {
    let data = try folder.load("csv: {path: a.csv, columns: {zip: category}}")
    #expect(data.train.inputs == [1, 0, 2, 0, 1, 3, 1, 0, 4])
    let same = try folder.load("csv: {path: a.csv, categorical: zip}")
    #expect(data.train.inputs == same.train.inputs)
  }

  @Test func `a registered type reads the cells, by name or pattern`() throws {
    let data = try folder.load("csv: {path: a.csv, columns: {si*: halves, t: number}}")
    #expect(data.train.inputs == [1010, 1, 2020, 1.5, 1010, 2])
    #expect(data.train.targets == [5, 6, 7])
  }

  @Test func `validation data are read as the training data`() throws {
    try folder.write(Array("zip,size,t\n7,8,9\n".utf8), to: "b.csv")
    let data = try folder.load(
      "csv: {path: a.csv, columns: {size: halves}}\nvalidation: {csv: b.csv}")
    #expect(data.validation?.inputs == [7, 4])
  }

  @Test func `wrong column types are reported`() throws {
    #expect(
      folder.errors("csv: {path: a.csv, columns: {zip: float}}") == """
        test.yaml:1:35: error: unknown column type 'float'; did you mean 'number'?
            csv: {path: a.csv, columns: {zip: float}}
                                              ^
        note: known types: boolean, category, date, halves, number, text
        """)
    #expect(
      folder.errors("csv: {path: a.csv, columns: {zap: number}}") == """
        test.yaml:1:30: error: no column 'zap' in 'a.csv'; did you mean 'zip'?
            csv: {path: a.csv, columns: {zap: number}}
                                         ^
        note: columns: zip, size, t
        """)
    #expect(
      folder.errors("csv: {path: a.csv, columns: {zip: number, z*: halves}}").hasPrefix(
        "test.yaml:1:43: error: column 'zip' has two types"))
    try folder.write(Array("zip,size,t\n1010,2,5\n2020,x,6\n".utf8), to: "a.csv")
    #expect(
      folder.errors("csv: {path: a.csv, columns: {size: halves}}") == """
        a.csv:3:6: error: column 'size': 'x' gave a category, and the cells before it numbers
            2020,x,6
                 ^
        """)
  }
}
