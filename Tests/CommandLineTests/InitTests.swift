import Foundation
import TestSupport
import Testing

/// `nnexp init` writes one experiment file that trains.
@Suite struct InitTests {
  private static let data = Repository.root.appendingPathComponent("experiments/data").path

  /// The lines without their comments.
  private func settings(_ text: String) -> [String] {
    text.split(separator: "\n").map { line in
      String(line.split(separator: "#", omittingEmptySubsequences: false)[0])
        .replacingOccurrences(of: " +$", with: "", options: .regularExpression)
    }.filter { !$0.isEmpty }
  }

  @Test(
    arguments: [
      ("penguins", "species", "accuracy", 0.9), ("wine", "cultivar", "accuracy", 0.9),
      ("cars", "miles_per_gallon", "r2", 0.6), ("seattle_weather", "weather", "accuracy", 0.5),
    ])
  func `the written experiment trains to a useful result`(
    _ table: String, _ target: String, _ metric: String, _ bound: Double
  ) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let before = tool.contents
    let result = try tool.run("init", "\(InitTests.data)/\(table).csv", "--target", target)
    #expect(result.code == 0 && result.errors == "", "\(result.errors)")
    #expect(result.output.hasPrefix("wrote '\(table).yaml': \(target) ("))
    #expect(tool.contents == (before + ["\(table).yaml", "nnexp.schema.json"]).sorted())
    let run = try tool.run("run", "\(table).yaml", "-q")
    #expect(run.code == 0 && run.errors == "", "\(run.errors)")
    let rows = try tool.rows(of: "results/\(table)/latest/metrics.csv")
    for split in ["validation", "test"] {
      let column = try #require(rows[0].firstIndex(of: "\(split)_\(metric)"))
      let best = rows.dropFirst().compactMap { Double($0[column]) }.max() ?? 0
      #expect(best >= bound, "\(table) \(split): \(best)")
    }
    let isSeries = result.output.contains("the table is a time series: 'date' orders the rows")
    #expect(isSeries == (table == "seattle_weather"))
  }

  @Test func `each column gets its settings, with the reason`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let rows = (1...24).map { i in
      [
        "n\(i)", "\(i)", "7", i % 2 == 0 ? "red" : i == 5 ? "NA" : "blue",
        i == 3 ? "" : "\(i % 5).5", "\"\(i),000\"", "$\(i)", "\(i % 28 + 1).0\(i % 9 + 1).2024",
        "free text number \(i * i)", i % 2 == 0 ? "yes" : "no", i % 2 == 0 ? "yes" : "no",
      ].joined(separator: ",")
    }
    let header = "name,nr,same,color,size,km,cost,day,note,copy,sold\n"
    try tool.write(header + rows.joined(separator: "\n") + "\n", to: "my table.csv")
    let result = try tool.run("init", "my table.csv", "--target", "sold")
    #expect(result.code == 0 && result.errors == "", "\(result.errors)")
    #expect(
      result.output == """
        wrote 'my-table.yaml': sold (2 classes) from 4 columns of my table.csv, 24 rows
        wrote 'nnexp.schema.json', with which editors complete and check it
        train it:  nnexp run my-table.yaml

        """)
    let text = try tool.read("my-table.yaml")
    #expect(
      text.hasPrefix(
        """
        # sold (2 classes) from 4 columns of my table.csv, 24 rows. Written by nnexp init.
        # Train it: nnexp run my-table.yaml
        # Show the columns as they are read: nnexp validate my-table.yaml
        # yaml-language-server: $schema=nnexp.schema.json
        name: my-table
        seed: 1
        data:
          csv:
            path: "my table.csv"
            targets: sold
            id:   # columns that name the rows in predictions
              - name   # 24 different texts
              - nr   # counts the rows
              - note   # 24 different texts
            exclude:   # columns that are not read
              - same   # the same in all rows
              - km   # numbers with commas, which have two readings: 'columns: {km: {type: number, thousands: ","}}' reads '1,000' as 1000; 'columns: {km: {type: number, decimal: ","}}' reads '1,000' as 1
              - copy   # equal to the target
            columns:
              color: {fill: indicator}   # 1 missing cell
              size: {fill: median}   # 1 missing cell
              cost: {type: number, unit: "$"}   # amounts of money, such as "$1"
              day: {type: date, format: "%d.%m.%Y"}   # dates, such as "2.02.2024"
          # Mean 0 and standard deviation 1, fitted to the training rows.
          scale: standardize
          # Each part has the same shares of the classes.
          split: {validation: 0.25, stratified: true}
        model:

        """), "\(text)")
    #expect(try tool.run("run", "my-table.yaml", "-q").code == 0)
  }

  @Test func `other forms of files are recognized`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let rows = (0..<40).map { "\($0 % 7),5;x\($0 % 3);\($0 % 2)\n" }.joined()
    try tool.write("# a comment; with a mark\na;b;y\n" + rows, to: "semicolon.csv")
    #expect(try tool.run("init", "semicolon.csv", "--target", "y").code == 0)
    let semicolon = settings(try tool.read("semicolon.yaml"))
    for line in ["    delimiter: \";\"", "    comment: \"", "    decimal: \",\""] {
      #expect(semicolon.contains { $0.hasPrefix(line) }, "\(line) in \(semicolon)")
    }
    #expect(try tool.run("validate", "semicolon.yaml").code == 0)

    try tool.write((0..<40).map { "\($0 % 7)\t\($0 * $0)\t\($0 % 2)\n" }.joined(), to: "bare.tsv")
    #expect(try tool.run("init", "bare.tsv", "--target", "2").code == 0)
    let bare = settings(try tool.read("bare.yaml"))
    for line in ["    delimiter: tab", "    header: false", "    targets: 2"] {
      #expect(bare.contains(line), "\(line) in \(bare)")
    }
    #expect(try tool.run("run", "bare.yaml", "-q").code == 0)

    try tool.write((0..<30).map { "\($0 % 7)  \($0 % 2)\n" }.joined(), to: "blanks.txt")
    #expect(try tool.run("init", "blanks.txt", "--target=-1").code == 0)
    #expect(settings(try tool.read("blanks.yaml")).contains("    delimiter: whitespace"))
  }

  @Test func `a time series without other columns is reported as such`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    for (name, cells) in [
      ("years", (0..<40).map { "\(1700 + $0),\($0 * 7 % 11)" }),
      ("days", (1...28).map { "202402" + ($0 < 10 ? "0" : "") + "\($0),\($0 * 7 % 11)" }),
      ("dates", (1...28).map { "2024-02-" + ($0 < 10 ? "0" : "") + "\($0),\($0 * 7 % 11)" }),
    ] {
      try tool.write("when,spots\n" + cells.joined(separator: "\n") + "\n", to: "\(name).csv")
      let before = tool.contents
      let result = try tool.run("init", "\(name).csv", "--target", "spots")
      #expect(result.code == 2 && result.output == "")
      #expect(
        result.errors == """
          error: '\(name).csv' is a time series: 'when' orders the rows, and there is no other \
          column from which 'spots' can be learned
          note: a network reads each row by itself; add columns with earlier values, such as \
          'spots' one, two and three rows before

          """)
      #expect(tool.contents == before)
    }
  }

  @Test func `an existing file is replaced only with --force`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("a,y\n" + (0..<40).map { "\($0 * 3 % 7),\($0 % 2)\n" }.joined(), to: "t.csv")
    try tool.write("mine\n", to: "t.yaml")
    let refused = try tool.run("init", "t.csv", "--target", "y")
    #expect(refused.code == 2)
    #expect(
      refused.errors == """
        error: the output 't.yaml' already exists
        note: to replace it, add --force

        """)
    #expect(try tool.read("t.yaml") == "mine\n")
    #expect(try tool.run("init", "t.csv", "--target", "y", "--force").code == 0)
    let text = try tool.run("init", "t.csv", "--target", "y", "--output", "-").output
    #expect(settings(text) == settings(try tool.read("t.yaml")))
    try FileManager.default.createDirectory(
      at: tool.folder.appendingPathComponent("sub"), withIntermediateDirectories: false)
    #expect(try tool.run("init", "t.csv", "--target", "y", "-o", "sub/u.yaml").code == 0)
    #expect(try tool.run("run", "sub/u.yaml", "-q").code == 0)
    #expect(
      try tool.run("init", "t.csv", "--target", "y", "-o", "t.csv", "--force").errors == """
        error: the output 't.csv' would replace 't.csv', which this command reads
        note: choose another file

        """)
  }

  @Test func `tables from which nothing can be learned`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    func errors(_ csv: String, _ target: String = "y") throws -> String {
      try tool.write(csv, to: "t.csv")
      let result = try tool.run("init", "t.csv", "--target", target)
      #expect(result.code == 2 && !tool.exists("t.yaml"))
      return result.errors
    }
    #expect(
      try errors("a,y\n1,2\n", "x") == """
        error: no column 'x' in 't.csv'
        note: columns: a, y

        """)
    #expect(
      try errors("a,y\n1,2\n2,2\n") == """
        error: the target 'y' is the same in all rows; there is nothing to learn

        """)
    #expect(
      try errors("a,y\n1,\n2,NA\n") == """
        error: all cells of the target 'y' are missing

        """)
    #expect(
      try errors("a,y\n" + (1...30).map { "\($0 % 4),name \($0)\n" }.joined()) == """
        error: the target 'y' has 30 different texts in 30 cells, too many for classes

        """)
    #expect(
      try errors("a,y\n3,1\n3,2\n3,3\n") == """
        error: 't.csv' has no column from which 'y' can be learned
        note: the other columns are constant, empty, or different in every row

        """)
    #expect(
      try errors("y\n1\n2\n") == """
        error: 't.csv' has one column; a table has columns of inputs and a target

        """)
  }
}
