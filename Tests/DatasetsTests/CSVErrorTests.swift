import Testing

/// All errors in CSV files, with their whole messages.
@Suite struct CSVErrorTests {
  func errors(_ file: String, _ options: String = "") throws -> String {
    try TestFolder(["a.csv": file]).errors("csv: {path: a.csv\(options)}")
  }

  @Test func aRowWithTooFewFieldsIsReported() throws {
    #expect(
      try errors("x,y,t\n1,2,3\n4,5\n") == """
        a.csv:3:1: error: this row has 2 fields, but the header has 3
            4,5
            ^
        """)
  }

  @Test func aRowWithTooManyFieldsIsReported() throws {
    #expect(
      try errors("1,2\n4,5,6,7\n", ", header: false") == """
        a.csv:2:5: error: this row has 4 fields, but the first row has 2
            4,5,6,7
                ^
        """)
  }

  @Test func anEmptyLineBetweenRowsIsReported() throws {
    #expect(
      try errors("x,t\n1,2\n\n3,4\n") == """
        a.csv:3:1: error: this row has 1 field, but the header has 2
        """)
  }

  @Test func anUnclosedQuoteIsReported() throws {
    #expect(
      try errors("x,t\n1,2\n3,\"4\n5,6\n") == """
        a.csv:3:3: error: this quote is never closed
            3,"4
              ^
        """)
  }

  @Test func aQuoteInsideAFieldIsReported() throws {
    #expect(
      try errors("x,t\n5\"1,2\n") == """
        a.csv:2:2: error: a quote inside an unquoted field; quote the whole field and double the \
        quote
            5"1,2
             ^
        """)
    #expect(
      try errors("x,t\n\"5\"1,2\n") == """
        a.csv:2:4: error: expected the delimiter or the line's end after the closing quote
            "5"1,2
               ^
        """)
  }

  @Test(arguments: ["", "\n", "\r\n\n", "\u{FEFF}", "\u{FEFF}\n"])
  func anEmptyFileIsReported(_ file: String) throws {
    #expect(try errors(file) == "a.csv:1:1: error: the file is empty")
  }

  @Test func aFileWithOnlyAHeaderIsReported() throws {
    #expect(try errors("x,t\n") == "a.csv:2:1: error: the file has no rows")
    #expect(
      try errors("x,t") == """
        a.csv:1:4: error: the file has no rows
            x,t
               ^
        """)
  }

  @Test(arguments: ["nan", "NaN", "-nan", "NA", "null", "?"])
  func aMissingValueIsReportedWithItsColumn(_ value: String) throws {
    #expect(
      try errors("x,t\n1,2\n\(value),4\n3,4\n") == """
        a.csv:3:1: error: column 'x' has 1 missing cell in 3 rows ('\(value)')
            \(value),4
            ^
        note: 'columns: {x: {fill: mean}}' fills them; fill is drop_row, mean, median, most_frequent, \
        indicator or {constant: VALUE}
        note: 'fill: drop_row' beside 'csv' leaves out every row with a missing cell
        """)
  }

  @Test func anEmptyFieldIsReportedAsMissing() throws {
    let message = """
      error: column 't' has 1 missing cell in 2 rows
          3,
            ^
      note: 'columns: {t: {fill: drop_row}}' leaves the rows out
      note: with 'missing_target: skip' in its loss, a head leaves out the samples that lack its target
      """
    #expect(try errors("x,t\n1,2\n3,\n") == "a.csv:3:3: " + message)
    #expect(try errors("x,t\n1,2\n3,") == "a.csv:3:3: " + message)
    #expect(try errors("x,t\n3,\n1,2\n") == "a.csv:2:3: " + message)
    #expect(try errors("x,t\n3,\n1,b\n") == "a.csv:2:3: " + message)
    #expect(
      try errors("x,t\n1,2\n,3\n?,4\n3,\n") == """
        a.csv:3:1: error: column 'x' has 2 missing cells in 4 rows ('?')
            ,3
            ^
        note: 'columns: {x: {fill: mean}}' fills them; fill is drop_row, mean, median, most_frequent, \
        indicator or {constant: VALUE}
        note: 'fill: drop_row' beside 'csv' leaves out every row with a missing cell
        a.csv:5:3: error: column 't' has 1 missing cell in 4 rows
            3,
              ^
        note: 'columns: {t: {fill: drop_row}}' leaves the rows out
        note: with 'missing_target: skip' in its loss, a head leaves out the samples that lack its \
        target
        """)
  }

  @Test func anInfiniteNumberIsReported() throws {
    #expect(
      try errors("x,t\n1,2\n3,-inf\n") == """
        a.csv:3:3: error: expected a finite number in column 't', found '-inf'
            3,-inf
              ^
        """)
  }

  @Test func aDecimalCommaIsReportedWithItsCorrection() throws {
    for (file, count) in [
      ("x;t\n1;2\n1,5;4\n", " in 1 of 2 cells"), ("x;t\n1,5;4\n1,5;4\n", ""), ("x;t\n1,5;4\n", ""),
    ] {
      #expect(
        try errors(file, ", delimiter: \";\"").replacing(/a.csv:\d/, with: "a.csv:N") == """
          a.csv:N:1: error: column 'x' holds numbers with a decimal comma\(count), such as '1,5'; \
          declare how to read them
              1,5;4
              ^
          note: 'columns: {x: {type: number, decimal: ","}}' reads '1,5' as 1.5\
          \(count.isEmpty ? "\nnote: 'columns: {x: category}' reads each text as a category" : "")
          note: 'exclude: [x]' leaves the column out
          """, "\(file)")
    }
    let german = "x;t\n1,5;4\n1.234,25;5\n"
    let data = try TestFolder(["a.csv": german]).load(
      "csv: {path: a.csv, delimiter: \";\", decimal: \",\", thousands: \".\"}")
    #expect(data.train.inputs == [1.5, 1234.25])
  }

  @Test func aNumberTooLargeForItsPrecisionIsReported() throws {
    #expect(
      try errors("x,t\n1,2\n3,1e999\n") == """
        a.csv:3:3: error: '1e999' in column 't' is too large for a number
            3,1e999
              ^
        """)
    #expect(
      try TestFolder(["a.csv": "x,t\n1e300,2\n"]).errors("csv: a.csv") == "no error")
    let folder = try TestFolder(["a.csv": "x,t\n1,2\n1e300,2\n"])
    #expect(
      folder.errors { _ = try folder.load("csv: a.csv", as: Float.self) } == """
        a.csv:3:1: error: 'x' is 1e+300 in sample 1, too large for float32; scale the inputs
            1e300,2
            ^
        """)
  }

  @Test func aTextAmongNumbersIsReported() throws {
    let message = """
      error: expected a number in column 'x', as in the other rows, found 'abc'
          abc,4
          ^
      note: 'columns: {x: {missing: [abc]}}' counts it as missing
      note: 'columns: {x: category}' reads the numbers as texts
      """
    #expect(try errors("x,t\n1,2\n2,3\nabc,4\n") == "a.csv:4:1: " + message)
    #expect(try errors("x,t\n1,2\nabc,4\n2,3\n") == "a.csv:3:1: " + message)
    #expect(
      try errors("x,t\n1,2\nabc,4\n2,3\nde,3\nabc,3\n5,5\n6,6\n") == """
        a.csv:3:1: error: expected a number in column 'x', as in the other rows, found 'abc', and \
        2 more cells like it
            abc,4
            ^
        note: also 'de' in line 5
        note: 'columns: {x: {missing: [abc, de]}}' counts them as missing
        note: 'columns: {x: category}' reads the numbers as texts
        """)
    // With two numbers and one text, the text is wrong although it comes first.
    #expect(try errors("x,t\nabc,4\n1,2\n2,3\n") == "a.csv:2:1: " + message)
  }

  @Test func aNumberAmongTextsIsReported() throws {
    let message = """
      error: expected a text in column 'x', as in the other rows, found the number 7
          7,4
          ^
      note: 'columns: {x: category}' reads the numbers as texts
      """
    #expect(try errors("x,t\na,2\nb,3\n7,4\n") == "a.csv:4:1: " + message)
    #expect(try errors("x,t\n7,4\na,2\nb,3\n") == "a.csv:2:1: " + message)
  }

  @Test func aLongLineIsShownAroundTheError() throws {
    let row = (0..<50).map { "10\($0 % 10)" }.joined(separator: ",")
    let names = (0..<51).map { "c\($0)" }.joined(separator: ",")
    #expect(
      try errors("\(names)\n\(row),x\n\(row),1\n\(row),2") == """
        a.csv:2:201: error: expected a number in column 'c50', as in the other rows, found 'x'
            100,101,102,103,104,105,106,107,108,109,x
                                                    ^
        note: 'columns: {c50: {missing: [x]}}' counts it as missing
        note: 'columns: {c50: category}' reads the numbers as texts
        """)
  }

  @Test func locationsCountCharactersAndAllLineEnds() throws {
    #expect(
      try errors("\u{FEFF}näme,t\r\nä,2\r\"b\n\",3\n\"öö\",x") == """
        a.csv:5:6: error: expected a number in column 't', as in the other rows, found 'x'
            "öö",x
                 ^
        note: 'columns: {t: {missing: [x]}}' counts it as missing
        note: 'columns: {t: category}' reads the numbers as texts
        """)
  }

  @Test func twoColumnsOfOneNameAreReported() throws {
    #expect(
      try errors("1,2,1\n1,2,3\n") == """
        a.csv:1:5: error: two columns are named '1'
            1,2,1
                ^
        note: write 'header: false' if the first line holds no names
        """)
  }

  @Test func encodingsOtherThanUTF8AreReported() throws {
    let folder = try TestFolder(["a.csv": [0xFF, 0xFE, 0x78, 0x00]])
    #expect(
      folder.errors("csv: a.csv").hasPrefix(
        "a.csv:1:1: error: the file is UTF-16; write 'encoding: utf16', or save it as UTF-8"))
    try folder.write(Array("x,t\n1,".utf8) + [0xE4, 0x0A], to: "a.csv")
    #expect(
      folder.errors("csv: a.csv") == """
        a.csv:2:3: error: this field is not UTF-8
            1,\u{FFFD}
              ^
        note: write 'encoding: latin1' if it is ISO 8859-1 or Windows-1252
        """)
  }

  @Test func fieldsColumnsAndCategoriesBeyondTheLimitsAreReported() throws {
    let long = String(repeating: "a", count: 65_537)
    #expect(
      try errors("x,t\n\(long),1\n").hasPrefix(
        "a.csv:2:1: error: this field is longer than 65536 bytes"))
    #expect(
      try errors("x,t\n\"\(long)\",1\n").hasPrefix(
        "a.csv:2:1: error: this field is longer than 65536 bytes"))
    let wide = (0...100_000).map(String.init).joined(separator: ",")
    #expect(try errors(wide).contains("error: more than 100000 columns"))
    let names = (0...1000).map { "\u{22}n\($0)\u{22},1" }.joined(separator: "\n")
    #expect(
      try errors("x,t\n" + names) == """
        a.csv:2:1: error: column 'x' holds 1001 different texts in 1001 cells, too many for one \
        input each
            "n0",1
            ^
        note: write 'exclude: [x]' to leave the column out, or 'id: x' to identify the rows by it
        note: write 'columns: {x: category}' for one input per text
        """)
    #expect(
      try errors("x,t\n" + names, ", columns: {x: category}") == """
        a.csv:2:1: error: column 'x' holds more than 1000 different texts, too many for one-hot \
        inputs; leave it out of 'inputs'
            "n0",1
            ^
        """)
  }
}
