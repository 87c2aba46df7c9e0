import Testing

@testable import Datasets

@Suite struct ColumnSelectionTests {
  func names(_ options: String, header: Bool = true) throws -> [String] {
    let file = header ? "a,b_0,b_1,c,t\n1,2,3,4,5\n" : "1,2,3,4,5\n"
    let folder = try TestFolder(["a.csv": file])
    let data = try folder.load("csv: {path: a.csv, \(options)}")
    return data.inputNames + ["→"] + data.targetNames
  }

  func errors(_ options: String, header: Bool = true) throws -> String {
    let file = header ? "a,b_0,b_1,c,t\n1,2,3,4,5\n" : "1,2,3,4,5\n"
    return try TestFolder(["a.csv": file]).errors("csv: {path: a.csv, \(options)}")
  }

  @Test func columnsAreSelectedByNamePatternOrRange() throws {
    #expect(try names("header: true") == ["a", "b_0", "b_1", "c", "→", "t"])
    #expect(try names("targets: c") == ["a", "b_0", "b_1", "t", "→", "c"])
    #expect(try names("inputs: c") == ["c", "→", "t"])
    #expect(try names("inputs: [c, a], targets: [t, b_0]") == ["c", "a", "→", "t", "b_0"])
    #expect(try names("inputs: b_*") == ["b_0", "b_1", "→", "t"])
    #expect(try names("inputs: b_0..c") == ["b_0", "b_1", "c", "→", "t"])
    #expect(try names("inputs: [c, \"*_1\"]") == ["c", "b_1", "→", "t"])
  }

  @Test func columnsWithoutAHeaderAreSelectedByIndex() throws {
    let no = "header: false"
    #expect(
      try names(no, header: false)
        == ["column_0", "column_1", "column_2", "column_3", "→", "column_4"])
    #expect(
      try names("\(no), targets: 0, inputs: [-1, 2]", header: false)
        == ["column_4", "column_2", "→", "column_0"])
    #expect(
      try names("\(no), inputs: 1..2", header: false) == ["column_1", "column_2", "→", "column_4"])
  }

  @Test func aNameThatLooksLikeAPatternIsAName() throws {
    let folder = try TestFolder(["a.csv": "a*,ab,a..ab,7,t\n1,2,3,4,5\n"])
    #expect(try folder.load("csv: {path: a.csv, inputs: a*}").inputNames == ["a*"])
    #expect(try folder.load("csv: {path: a.csv, inputs: a..ab}").inputNames == ["a..ab"])
    #expect(try folder.load("csv: {path: a.csv, inputs: 7}").inputNames == ["7"])
  }

  @Test func wrongSelectionsAreReported() throws {
    #expect(
      try errors("inputs: [a, b_2]") == """
        test.yaml:1:32: error: no column 'b_2' in 'a.csv'; did you mean 'b_0'?
            csv: {path: a.csv, inputs: [a, b_2]}
                                           ^
        note: columns: a, b_0, b_1, c, t
        """)
    #expect(
      try errors("inputs: pixel_*") == """
        test.yaml:1:28: error: no column 'pixel_*' in 'a.csv'
            csv: {path: a.csv, inputs: pixel_*}
                                       ^
        note: columns: a, b_0, b_1, c, t
        """)
    #expect(
      try errors("inputs: c..a") == """
        test.yaml:1:28: error: the range 'c..a' ends before its first column
            csv: {path: a.csv, inputs: c..a}
                                       ^
        """)
    #expect(
      try errors("inputs: [a, b_0..c, b_1]") == """
        test.yaml:1:40: error: column 'b_1' is selected twice
            csv: {path: a.csv, inputs: [a, b_0..c, b_1]}
                                                   ^
        """)
    #expect(
      try errors("inputs: [a, t]") == """
        test.yaml:1:13: error: column 't' is an input and a target too
            csv: {path: a.csv, inputs: [a, t]}
                        ^
        """)
    #expect(
      try errors("header: false, inputs: 5", header: false) == """
        test.yaml:1:43: error: no column 5 in 'a.csv', which has 5 columns
            csv: {path: a.csv, header: false, inputs: 5}
                                                      ^
        """)
    #expect(
      try errors("inputs: 0.5") == """
        test.yaml:1:28: error: inputs must be a column's name, index, pattern or range, or a list \
        of these, found the number 0.5
            csv: {path: a.csv, inputs: 0.5}
                                       ^
        """)
    #expect(
      try TestFolder(["a.csv": "t\n1\n"]).errors("csv: a.csv") == """
        test.yaml:1:6: error: 'a.csv' has no column left for the inputs
            csv: a.csv
                 ^
        """)
  }

  @Test func aStarMatchesAnyTextInBoundedTime() {
    func match(_ text: String, _ pattern: String) -> Bool {
      matches(Array(text.unicodeScalars), Array(pattern.unicodeScalars))
    }
    #expect(match("", "*") && match("abc", "a*c") && match("abcbc", "a*bc") && match("a", "*a*"))
    #expect(!match("abd", "a*c") && !match("", "a*") && !match("ab", "a"))
    // The search does not take exponential time.
    #expect(
      !match(String(repeating: "a", count: 2000), String(repeating: "a*", count: 500) + "b"))
  }
}
