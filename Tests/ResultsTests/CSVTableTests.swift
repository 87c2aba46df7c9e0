import NNExp
import TestSupport
import Testing

@testable import Results

/// The reader of tables that nnexp writes.
@Suite struct CSVTableTests {
  private func table(_ text: String, isGrowing: Bool = false) throws -> CSVTable {
    try CSVTable(Array(text.utf8), path: "m.csv", isGrowing: isGrowing)
  }

  /// Random tables, including hostile names.
  @Test func writtenTablesReadBack() throws {
    let characters = Array("ab,\"\r\n \u{301}é")
    try withEvery("seed", in: UInt64(0)..<300) { seed in
      var random = SeededGenerator(seed: seed)
      var columns: [String] = []
      while columns.count < 4 {
        let name =
          String(
            (0...Int.random(in: 0..<6, using: &random)).map { _ in
              characters.randomElement(using: &random)!
            }) + "\(columns.count)"
        columns.append(name)
      }
      var text = CSVText(columns: columns)
      let rows: [[Double?]] = (0..<Int.random(in: 0..<5, using: &random)).map { _ in
        columns.map { _ in
          Bool.random(using: &random) ? nil : Double.random(in: -1e9...1e9, using: &random)
        }
      }
      for row in rows { text.append(row.map { Cell($0) }) }
      let read = try CSVTable(text.bytes, path: "m.csv")
      #expect(read.columns.hasSameTexts(as: columns), "seed \(seed)")
      #expect(read.rows == rows, "seed \(seed)")
      for (index, name) in columns.enumerated() { #expect(read.index(of: name) == index) }
    }
  }

  @Test func tablesChangedByEditorsAreRead() throws {
    #expect(try table("\"a,b\",c\r\n1,\r\n\r\n2,nan").columns == ["a,b", "c"])
    let rows = try table("\"a,b\",c\r\n1,\r\n\r\n2,inf").rows
    #expect(rows == [[1, nil], [2, .infinity]])
  }

  /// The last row may be incomplete.
  @Test func aGrowingTableEndsWithItsLastWholeRow() throws {
    #expect(try table("a,b\n1,2\n3", isGrowing: true).rows == [[1, 2]])
    #expect(try table("a,b\n1,2\n3,4\n", isGrowing: true).rows == [[1, 2], [3, 4]])
    #expect(try table("", isGrowing: true).columns == [])
  }

  @Test(arguments: [
    (
      "a,b\n1,2,3\n",
      """
      m.csv:2:1: error: a row of 3 cells under 2 columns
          1,2,3
          ^
      """
    ),
    (
      "\"a\nx\",b\n1,\"2\"\n\"1\",x\n",
      """
      m.csv:4:5: error: expected a number, found 'x'
          "1",x
              ^
      """
    ),
    (
      "a,\"x\"\"\ny\",\"x\"\"\ny\"\n",
      """
      m.csv:2:4: error: the column 'x"\\ny' occurs twice
          y","x""
             ^
      """
    ),
  ])
  func errorsInATableHaveTheirLocation(_ text: String, _ expected: String) {
    #expect(errorText { try table(text) } == expected)
  }

  @Test func twoColumnsOfOneNameAreRefused() {
    #expect(throws: Diagnostic.self) { try CSVText("metrics.csv", columns: ["a", "b", "a"]) }
  }
}
