import Testing

@testable import Datasets

/// Tables with another format than declared, and files that are not CSV. Each is recognized,
/// and the message contains the line to write.
@Suite struct ForeignTableTests {
  private func errors(_ file: String, _ options: String = "") throws -> String {
    try TestFolder(["d.csv": file]).errors("csv: {path: d.csv\(options)}")
  }

  @Test func `comments at the start are recognized`() throws {
    #expect(
      try errors("# made by X\n1,2,3\n4,5,6\n", ", header: false") == """
        d.csv:1:1: error: the file begins with a line of comments
            # made by X
            ^
        note: write 'comment: "#"' to leave such lines out
        """)
    let data = try TestFolder(["d.csv": "# made by X\n1,2,3\n# more\n4,5,6\n# end\n"])
      .load("csv: {path: d.csv, header: false, comment: \"#\"}")
    #expect(data.train.inputs == [1, 2, 4, 5] && data.train.targets == [3, 6])
    // The names of columns can begin with this character.
    #expect(try TestFolder(["d.csv": "#a,b\n1,2\n3,4\n"]).load("csv: d.csv").inputNames == ["#a"])
  }

  @Test func `a header of numbers must be declared`() throws {
    #expect(
      try errors("5.1,3.5,0\n4.9,3.0,1\n4.7,3.2,0\n") == """
        d.csv:1:1: error: the first line holds numbers where names of columns are expected
            5.1,3.5,0
            ^
        note: write 'header: false' if it is the first row, or 'header: true' if the numbers are names
        """)
    let folder = try TestFolder(["d.csv": "5.1,3.5,0\n4.9,3.0,1\n4.7,3.2,0\n"])
    #expect(try folder.load("csv: {path: d.csv, header: false}").train.count == 3)
    #expect(try folder.load("csv: {path: d.csv, header: true}").inputNames == ["5.1", "3.5"])
  }

  @Test func `blanks around the names of columns are ignored`() throws {
    let data = try TestFolder(["d.csv": "a, b, y\n1, 2, 3\n4, 5, 6\n"])
      .load("csv: {path: d.csv, targets: y}")
    #expect(data.inputNames == ["a", "b"] && data.train.inputs == [1, 2, 4, 5])
  }

  @Test func `runs of blanks between fields are recognized`() throws {
    let file = " 0.00632  18.00   2.310  0\n 0.02731   0.00 \t 7.070  1\n"
    #expect(
      try errors(file, ", header: false, delimiter: \" \"")
        == """
        d.csv:1:1: error: there are runs of blanks between fields
             0.00632  18.00   2.310  0
            ^
        note: write 'delimiter: whitespace' to read a run as one
        """.replacing("     0.00632", with: "    0.00632"))
    let data = try TestFolder(["d.csv": file])
      .load("csv: {path: d.csv, header: false, delimiter: whitespace}")
    #expect(data.train.inputs == [0.00632, 18, 2.31, 0.02731, 0, 7.07])
    let quoted = try TestFolder(["d.csv": "18.0 8\t\"chevy \"\"ss\"\" x\"  \n15 4 'a'\n"])
      .load(
        "csv: {path: d.csv, header: false, delimiter: whitespace, columns: {column_2: category}}")
    #expect(quoted.classNames == ["'a'", "chevy \"ss\" x"])
  }

  @Test func `a tab can be written in three ways`() throws {
    let folder = try TestFolder(["d.csv": "a\ty\n1\t2\n3\t4\n"])
    for tab in ["\"\\t\"", "\"\\\\t\"", "tab"] {
      #expect(
        try folder.load("csv: {path: d.csv, delimiter: \(tab), targets: y}").train.targets == [
          2, 4,
        ])
    }
  }

  @Test func `another delimiter is recognized`() throws {
    #expect(
      try errors("a;b;y\n1;2;3\n") == """
        d.csv:1:1: error: the first line is one field, but holds 2 ';'s
            a;b;y
            ^
        note: write 'delimiter: ";"' if that separates the fields
        """)
    #expect(
      try errors("a\tb\n1\t2\n") == """
        d.csv:1:1: error: the first line is one field, but holds 1 tab
            a b
            ^
        note: write 'delimiter: tab' if that separates the fields
        """)
  }

  @Test func `lines before the header are skipped`() throws {
    let folder = try TestFolder(["d.csv": "Report of 2024\r\nby X\r\nx,t\r\n1,2\r\n3,4\r\n"])
    #expect(try folder.load("csv: {path: d.csv, skip_rows: 2}").train.inputs == [1, 3])
    #expect(
      folder.errors("csv: {path: d.csv, skip_rows: 9}") == """
        d.csv:1:1: error: the file has no line left after 'skip_rows: 9'
            Report of 2024
            ^
        """)
  }

  @Test func `files of other kinds are recognized`() throws {
    func kind(_ bytes: [UInt8], _ name: String = "d.csv") throws -> String {
      try TestFolder([name: bytes]).errors("csv: \(name)")
    }
    #expect(
      try kind([0x50, 0x4B, 3, 4] + Array("....xl/workbook.xml".utf8), "d.xlsx") == """
        d.xlsx:1:1: error: 'd.xlsx' is an Excel workbook, not CSV; save the sheet as 'CSV UTF-8' and \
        give that file
        """)
    #expect(
      try kind([0x50, 0x4B, 3, 4] + Array("....d.csv".utf8), "d.zip") == """
        d.zip:1:1: error: 'd.zip' is a zip archive, not CSV; unpack it and give the CSV file in it
        """)
    #expect(
      try kind(Array("<!DOCTYPE html>\n<html>".utf8)) == """
        d.csv:1:1: error: 'd.csv' is an HTML or XML page, not CSV; the download gave a page instead \
        of the file; download the file
        """)
    #expect(
      try kind(Array("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n".utf8))
        == """
        d.csv:1:1: error: 'd.csv' is a pointer of Git LFS, not CSV; fetch the file itself: git lfs pull
        """)
    #expect(
      try kind(Array("PAR1....".utf8)) == """
        d.csv:1:1: error: 'd.csv' is a Parquet file, not CSV; in Python: \
        pandas.read_parquet(…).to_csv(…, index=False)
        """)
  }

  @Test func `other encodings are read if they are declared`() throws {
    let utf16 = Array("x,t\nä,2\nö,4\n".utf16)
    let little: [UInt8] = [0xFF, 0xFE] + utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let big: [UInt8] = [0xFE, 0xFF] + utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    let latin = Array("x,t\n".utf8) + [0xE4] + Array(",2\n".utf8) + [0xF6] + Array(",4\n".utf8)
    for (bytes, encoding) in [(little, "utf16"), (big, "utf16"), (latin, "latin1")] {
      let folder = try TestFolder(["d.csv": bytes])
      let declaration = try folder.declaration("csv: {path: d.csv, encoding: \(encoding)}")
      #expect(try declaration.load(as: Double.self, seed: 1).inputNames == ["x=ä", "x=ö"])
    }
    let folder = try TestFolder(["d.csv": latin])
    #expect(
      folder.errors("csv: d.csv") == """
        d.csv:2:1: error: this field is not UTF-8
            \u{FFFD},2
            ^
        note: write 'encoding: latin1' if it is ISO 8859-1 or Windows-1252
        """)
  }

  @Test func `a compressed file is read`() throws {
    // gzip of "a,b,y\n1,2,3\n4,5,6\n"
    let bytes: [UInt8] = [
      31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 212, 73, 210, 169, 228, 50, 212, 49, 210, 49, 230, 50,
      209, 49, 213, 49, 227, 2, 0, 49, 249, 196, 121, 18, 0, 0, 0,
    ]
    let folder = try TestFolder(["d.csv.gz": bytes])
    let data = try folder.load("csv: {path: d.csv.gz, targets: y}")
    #expect(data.train.inputs == [1, 2, 4, 5])
    #expect(data.files.map(\.size) == [bytes.count])
  }
}
