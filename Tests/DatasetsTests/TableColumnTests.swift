import Foundation
import NNExp
import Testing

@testable import Datasets

/// The type of a table's column, refusals and announcements.
@Suite struct TableColumnTests {
  private func errors(_ file: String, _ options: String = "") throws -> String {
    try TestFolder(["d.csv": file]).errors("csv: {path: d.csv, targets: y\(options)}")
  }

  private func announcements(_ file: String, _ options: String = "") throws -> String {
    try TestFolder(["d.csv": file]).announcements("csv: {path: d.csv, targets: y\(options)}")
  }

  // MARK: Refused

  @Test func `marks between thousands must be declared`() throws {
    #expect(
      try errors("a,y\n\"1,234.5\",2\n\"12,000.0\",4\n") == """
        d.csv:2:1: error: column 'a' holds numbers with marks between thousands, such as '1,234.5'; \
        declare how to read them
            "1,234.5",2
            ^
        note: 'columns: {a: {type: number, thousands: ","}}' reads '1,234.5' as 1234.5
        note: 'columns: {a: category}' reads each text as a category
        note: 'exclude: [a]' leaves the column out
        """)
    #expect(
      try errors("a,y\n234.5,2\n\"12,000\",4\n800,4\n") == """
        d.csv:3:1: error: column 'a' holds numbers with commas in 1 of 3 cells, such as '12,000'; \
        declare how to read them
            "12,000",4
            ^
        note: 'columns: {a: {type: number, thousands: ","}}' reads '12,000' as 12000
        note: 'columns: {a: {type: number, decimal: ","}}' reads '12,000' as 12
        note: 'exclude: [a]' leaves the column out
        """)
    let folder = try TestFolder(["d.csv": "a,y\n234.5,2\n\"12,000\",4\n800,4\n"])
    let data = try folder.load(
      "csv: {path: d.csv, targets: y, columns: {a: {type: number, thousands: \",\"}}}")
    #expect(data.train.inputs == [234.5, 12_000, 800])
    let all = try folder.load("csv: {path: d.csv, targets: y, thousands: \",\"}")
    #expect(all.train.inputs == data.train.inputs)
    #expect(
      try errors("a,y\n\"1,23\",2\n", ", thousands: \",\"").contains(
        "column 'a' holds numbers with a decimal comma"))
  }

  @Test func `money and percentages must be declared`() throws {
    #expect(
      try errors("a,b,y\n\"$6,068\",7%,2\n$12,8.5%,4\n") == """
        d.csv:2:1: error: column 'a' holds amounts of money, such as '$6,068'; declare how to read them
            "$6,068",7%,2
            ^
        note: 'columns: {a: {type: number, thousands: ",", unit: "$"}}' reads '$6,068' as 6068
        note: 'columns: {a: {type: number, decimal: ",", unit: "$"}}' reads '$6,068' as 6.068
        note: 'columns: {a: category}' reads each text as a category
        note: 'exclude: [a]' leaves the column out
        d.csv:2:10: error: column 'b' holds percentages, such as '7%'; declare how to read them
            "$6,068",7%,2
                     ^
        note: 'columns: {b: {type: number, unit: "%"}}' reads '7%' as 7
        note: 'columns: {b: category}' reads each text as a category
        note: 'exclude: [b]' leaves the column out
        """)
    let data = try TestFolder(["d.csv": "a,b,y\n\"-$6,068\",7 %,2\n12 $,8.5%,4\n"]).load(
      """
      csv: {path: d.csv, targets: y, columns: {a: {type: number, unit: "$", thousands: ","}, \
      b: {type: number, unit: "%"}}}
      """)
    #expect(data.train.inputs == [-6068, 7, 12, 8.5])
  }

  @Test func `hexadecimal numbers`() throws {
    #expect(
      try errors("a,y\n0x1F,1\n-0Xa,2\n") == """
        d.csv:2:1: error: column 'a' holds hexadecimal numbers, such as '0x1F'; declare how to read \
        them
            0x1F,1
            ^
        note: numbers in hexadecimal digits are not read; write decimal digits
        note: 'columns: {a: category}' reads each text as a category
        note: 'exclude: [a]' leaves the column out
        """)
    #expect(
      try errors("a,y\n3,1\n0x2A,2\n5,3\n") == """
        d.csv:3:1: error: column 'a' holds hexadecimal numbers in 1 of 3 cells, such as '0x2A'; \
        declare how to read them
            0x2A,2
            ^
        note: numbers in hexadecimal digits are not read; write decimal digits
        note: 'exclude: [a]' leaves the column out
        """)
  }

  @Test func `dates must be declared`() throws {
    let file = "date,a,y\n2024-01-01,1,2\n2024-01-02,2,3\n2024-01-03,2,3\n"
    #expect(
      try errors(file) == """
        d.csv:2:1: error: column 'date' holds dates, such as '2024-01-01'; declare how to read them
            2024-01-01,1,2
            ^
        note: 'columns: {date: {type: date}}' reads '2024-01-01' as 19723 days since 1970-01-01
        note: 'exclude: [date]' leaves the column out
        """)
    let data = try TestFolder(["d.csv": file])
      .load("csv: {path: d.csv, targets: y, columns: {date: date}}")
    #expect(data.train.inputs == [19723, 1, 19724, 2, 19725, 2])
    #expect(
      try errors("d,y\n03/04/2024,1\n05/04/2024,2\n") == """
        d.csv:2:1: error: column 'd' holds dates, such as '03/04/2024'; declare how to read them
            03/04/2024,1
            ^
        note: 'columns: {d: {type: date, format: "%d/%m/%Y"}}' reads '03/04/2024' as 19816 days since \
        1970-01-01
        note: 'columns: {d: {type: date, format: "%m/%d/%Y"}}' reads '03/04/2024' as 19786 days since \
        1970-01-01
        note: 'exclude: [d]' leaves the column out
        """)
    #expect(
      try errors("d,y\n31.12.2023 06:30,1\n", ", columns: {d: date}") == """
        d.csv:2:1: error: column 'd': expected a date of ISO 8601 (2024-01-31), found '31.12.2023 06:30'
            31.12.2023 06:30,1
            ^
        """)
  }

  /// The days are those of Python's datetime.
  @Test(arguments: [
    ("1970-01-01", "iso", 0), ("1969/12/31", "iso", -1), ("2000-02-29", "iso", 11016),
    ("1900-03-01", "iso", -25508), ("2024-12-31T18:00", "iso", 20088.75),
    ("2024-12-31 06:00:00Z", "iso", 20088.25), ("19580329", "%Y%m%d", -4296),
    ("1.2.03", "%d.%m.%y", 12084), ("0001-01-01", "iso", -719162),
  ])
  func daysAreThoseOfTheCalendar(_ text: String, _ format: String, _ days: Double) {
    #expect(DateColumn(format).days(text) == days)
  }

  @Test(arguments: ["2023-02-29", "2023-13-01", "2023-00-01", "2023-1", "2023-01-01x", "20230101"])
  func textsThatAreNotDatesHaveNoFormat(_ text: String) {
    #expect(DateColumn("iso").days(text) == nil)
  }

  @Test func `many different texts are refused`() throws {
    let rows = (0..<30).map { "name \($0 % 12),\($0)\n" }.joined()
    #expect(
      try errors("name,y\n" + rows) == """
        d.csv:2:1: error: column 'name' holds 12 different texts in 30 cells, too many for one input \
        each
            name 0,0
            ^
        note: write 'exclude: [name]' to leave the column out, or 'id: name' to identify the rows by it
        note: write 'columns: {name: category}' for one input per text
        """)
    let folder = try TestFolder([
      "d.csv": "name,x,y\n" + rows.replacingOccurrences(of: ",", with: ",1,")
    ])
    #expect(
      try folder.load("csv: {path: d.csv, columns: {name: category}}").inputShape == [13])
    #expect(try folder.load("csv: {path: d.csv, exclude: name}").inputNames == ["x"])
    #expect(try folder.load("csv: {path: d.csv, id: name}").inputNames == ["x"])
    #expect(
      try folder.load("csv: {path: d.csv, columns: {name: {role: ignored}}}").inputNames == ["x"])
    #expect(
      folder.errors("csv: {path: d.csv, columns: {name: text}}") == """
        d.csv:2:1: error: column 'name' is of the type 'text', which cannot be an input
            name 0,1,0
            ^
        note: write 'columns: {name: category}' for one input per text
        """)
  }

  @Test func `whole numbers that float64 rounds are announced`() throws {
    let file = "x,y\n1,9007199254740993\n-2,9007199254740992\n3,7\n"
    #expect(
      try errors(file) == """
        d.csv:2:3: error: column 'y' holds whole numbers beyond 2⁵³, such as 9007199254740993, which \
        would be rounded
            1,9007199254740993
              ^
        note: 'columns: {y: category}' reads them as texts
        """)
    let data = try TestFolder(["d.csv": file])
      .load("csv: {path: d.csv, targets: y, columns: {y: category}}")
    #expect(data.classNames == ["7", "9007199254740992", "9007199254740993"])
  }

  @Test func `a column of missing cells is refused`() throws {
    #expect(
      try errors("a,b,y\n1,,2\n2,NA,3\n", ", columns: {b: {fill: mean}}") == """
        d.csv:2:3: error: all cells of column 'b' are missing
            1,,2
              ^
        note: 'exclude: [b]' leaves the column out
        """)
  }

  // MARK: Announced

  @Test func `unlikely columns are announced`() throws {
    #expect(
      try announcements("a,b,y\n5,1,2\n5,2,3\n5,3,3\n") == """
        warning: column 'a' has the same value in all rows
        """)
    #expect(
      try announcements("a,b,y\n1,2,1\n7,2.5,7\n5,3,5\n") == """
        warning: column 'a' is equal to the target 'y' in every row
        note: 'exclude: [a]' leaves it out
        """)
    #expect(
      try announcements("a,y\nMale,1\nfemale,2\nmale,3\nfemale ,3\n") == """
        d.csv:5:1: warning: the categories 'female' and 'female ' of column 'a' differ only in blanks \
        or case
            female ,3
            ^
        d.csv:4:1: warning: the categories 'Male' and 'male' of column 'a' differ only in blanks or case
            male,3
            ^
        """)
    let rows = (0..<12).map { "\($0),\($0 * $0 % 7),\($0 % 5)\n" }.joined()
    #expect(
      try announcements("id,a,y\n" + rows) == """
        warning: column 'id' counts the rows
        note: 'id: id' identifies the rows by it
        """)
    #expect(
      try announcements(",a,y\n" + rows) == """
        warning: the first column has no name and counts the rows; it is left out
        """)
    #expect(try TestFolder(["d.csv": ",a,y\n" + rows]).load("csv: d.csv").inputNames == ["a"])
    #expect(
      try announcements("a,,y\n3,7,1\n4,5,2\n") == """
        warning: column 2 has no name, and is an input
        note: 'exclude: [""]' leaves it out
        """)
    #expect(
      try announcements("a b,AB,y\n3,7,1\n4,5,2\n") == """
        warning: the columns 'a b' and 'AB' have names that differ only in blanks or case
        """)
    let ids = (0..<12).map { "\(900 - $0 * $0),\($0 % 5)\n" }.joined()
    #expect(
      try announcements("patient_id,y\n" + ids) == """
        warning: column 'patient_id' looks like an id: it has another whole number in each row
        note: 'id: patient_id' identifies the rows by it
        """)
    #expect(try announcements("grid,y\n" + ids) == "")
    #expect(
      try announcements("a,y\n1,5\n2,5\n") == """
        warning: column 'y' has the same value in all rows
        """)
    #expect(
      try TestFolder(["d.csv": "a,b,y\n1,,5\n1,3,6\n1,3,7\n"]).announcements(
        "csv: {path: d.csv, columns: {b: {fill: mean}}}") == """
          warning: column 'a' has the same value in all rows
          warning: column 'b' has the same value in all rows that are not missing
          """)
    let days = (10..<22).map { "202401\($0),\($0 % 5)\n" }.joined()
    #expect(
      try announcements("day,y\n" + days) == """
        warning: column 'day' holds whole numbers that look like dates
        note: 'columns: {day: {type: date, format: "%Y%m%d"}}' reads them as days
        """)
    #expect(
      try announcements("a,b,y\n1,9007199254740993,1\n7,2,6\n") == """
        d.csv:2:3: warning: column 'b' holds whole numbers beyond 2⁵³, such as 9007199254740993, which \
        would be rounded
            1,9007199254740993,1
              ^
        note: 'columns: {b: category}' reads them as texts
        """)
  }

  // MARK: Read

  @Test func `missing and wrong cells of a column are reported together`() throws {
    #expect(
      try errors("a,b,y\n1,u,0\n,3,1\nx,v,0\n4,,1\n5,w,0\n") == """
        d.csv:3:1: error: column 'a' has 1 missing cell in 5 rows
            ,3,1
            ^
        note: 'columns: {a: {fill: mean}}' fills them; fill is drop_row, mean, median, most_frequent, \
        indicator or {constant: VALUE}
        note: 'fill: drop_row' beside 'csv' leaves out every row with a missing cell
        d.csv:3:2: error: expected a text in column 'b', as in the other rows, found the number 3
            ,3,1
             ^
        note: 'columns: {b: category}' reads the numbers as texts
        d.csv:4:1: error: expected a number in column 'a', as in the other rows, found 'x'
            x,v,0
            ^
        note: 'columns: {a: {missing: [x]}}' counts it as missing
        note: 'columns: {a: category}' reads the numbers as texts
        d.csv:5:3: error: column 'b' has 1 missing cell in 5 rows
            4,,1
              ^
        note: 'columns: {b: {fill: mean}}' fills them; fill is drop_row, mean, median, most_frequent, \
        indicator or {constant: VALUE}
        note: 'fill: drop_row' beside 'csv' leaves out every row with a missing cell
        """)
  }

  @Test func `missing cells in the first rows do not make a column one of texts`() throws {
    let file = "a,b,y\n1,?,3\n2,?,4\n3,164,5\n4,158,6\n5,150,7\n"
    #expect(
      try errors(file) == """
        d.csv:2:3: error: column 'b' has 2 missing cells in 5 rows ('?')
            1,?,3
              ^
        note: 'columns: {b: {fill: mean}}' fills them; fill is drop_row, mean, median, most_frequent, \
        indicator or {constant: VALUE}
        note: 'fill: drop_row' beside 'csv' leaves out every row with a missing cell
        """)
    let folder = try TestFolder(["d.csv": file])
    #expect(
      try folder.load("csv: {path: d.csv, targets: y}\nfill: drop_row").train.inputs
        == [3, 164, 4, 158, 5, 150])
  }

  @Test func `declared texts and numbers count as missing`() throws {
    let folder = try TestFolder(["d.csv": "a,c,y\n-999,x,1\n2,-,2\n-999.0,z,3\n"])
    let data = try folder.load(
      "csv: {path: d.csv, targets: y, missing: [\"-999\", \"-\"]}\nfill: most_frequent")
    #expect(data.train.inputs == [2, 1, 0, 2, 1, 0, 2, 0, 1])
    #expect(data.encoding.columns.map(\.missing) == [2, 1, 0])
    let own = try folder.load(
      "csv: {path: d.csv, targets: y, columns: {a: {missing: [\"-999\"], fill: {constant: 0}}}}")
    #expect(own.train.inputs == [0, 0, 1, 0, 2, 1, 0, 0, 0, 0, 0, 1])
  }

  @Test func `patterns do not select excluded columns`() throws {
    let folder = try TestFolder(["d.csv": "id,x_1,x_2,x_3,y\n7,1,2,3,4\n8,5,6,7,8\n"])
    #expect(
      try folder.load("csv: {path: d.csv, inputs: \"x_*\", exclude: x_2}").inputNames == [
        "x_1", "x_3",
      ])
    #expect(
      try folder.load("csv: {path: d.csv, columns: {id: {role: id}, x_1: {role: targets}}}")
        .targetNames == ["x_1"])
    #expect(
      folder.errors("csv: {path: d.csv, id: id, exclude: id}") == """
        test.yaml:1:13: error: column 'id' is an id and left out too
            csv: {path: d.csv, id: id, exclude: id}
                        ^
        """)
  }

  @Test func `booleans become 1 and 0`() throws {
    let folder = try TestFolder(["d.csv": "a,y\nTrue,1\nno,2\n"])
    #expect(
      try folder.load("csv: {path: d.csv, columns: {a: boolean}}").train.inputs == [1, 0])
  }
}
