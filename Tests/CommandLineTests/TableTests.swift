import Foundation
import TestSupport
import Testing

/// Faults 66, 69 and 70: a run reads new rows by what it was trained with.
@Suite struct TableTests {
  private func tool(_ data: String, _ options: String, _ loss: String = "squared_error") throws
    -> Tool
  {
    let tool = try Tool()
    try tool.write(data, to: "d.csv")
    let units = loss == "cross_entropy" ? 2 : 1
    try tool.write(
      """
      name: c
      seed: 1
      data: {csv: {path: d.csv, targets: y\(options)}, scale: standardize}
      model: [{type: dense, units: \(units)}]
      loss: \(loss)
      train: {optimizer: {type: adam, learning_rate: 0.1}, epochs: 100, batch_size: full}
      gradient_check: false

      """, to: "case.yaml")
    return tool
  }

  private func predict(_ tool: Tool, _ output: String) throws -> String {
    let result = try tool.run(
      "predict", "results/c/latest", "--input", "q.csv", "--output", output, "--force")
    #expect(result.code == 0 && result.errors == "", "\(result.errors)")
    return try tool.read(output)
  }

  @Test func `the training data may change, or be gone`() throws {
    let tool = try tool("a,y\n32.6,68.2\n46.5,96.0\n58.9,120.8\n65.5,134.0\n", "")
    defer { tool.remove() }
    try tool.write("a\n50\n60\n", to: "q.csv")
    #expect(try tool.run("run", "case.yaml", "-q").code == 0)
    let before = try predict(tool, "before.csv")
    try tool.write("a,y\n32.6,68.2\n46.5,96.0\n58.9,120.8\n65.5,134.0\n1000,3\n", to: "d.csv")
    #expect(try predict(tool, "after.csv") == before)
    try FileManager.default.removeItem(atPath: tool.folder.appendingPathComponent("d.csv").path)
    #expect(try predict(tool, "gone.csv") == before)
  }

  @Test func `labels that were renamed since do not swap the classes`() throws {
    let tool = try tool("a,y\n-1,no\n-2,no\n1,yes\n2,yes\n", "", "cross_entropy")
    defer { tool.remove() }
    try tool.write("a\n-3\n3\n", to: "q.csv")
    #expect(try tool.run("run", "case.yaml", "-q").code == 0)
    let before = try predict(tool, "before.csv")
    try tool.write("a,y\n-1,zero\n-2,zero\n1,one\n2,one\n", to: "d.csv")
    #expect(try predict(tool, "after.csv") == before)
    #expect(
      before.split(separator: "\n").map { $0.split(separator: ",")[1] } == [
        "prediction", "no", "yes",
      ])
  }

  @Test func `missing cells and unknown categories in new rows are read`() throws {
    let tool = try tool(
      "a,c,y\n1,red,1\n2,blue,2\n,red,3\n4,blue,4\n",
      ", columns: {a: {fill: drop_row}, c: {other: true}}")
    defer { tool.remove() }
    let run = try tool.run("run", "case.yaml")
    #expect(run.code == 0)
    #expect(run.output.contains("samples: 3 train (rows left out for a missing cell: 1)"))
    try tool.write("c,extra,a\nred,x,1\nblue,y,NA\ngreen,z,3\n", to: "q.csv")
    let rows = try predict(tool, "p.csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(rows.map { $0[0] } == ["row", "1", "2", "3"])
    #expect(rows.map { $0[1].isEmpty } == [false, false, true, false])
    try tool.write("c\nred\n", to: "q.csv")
    let result = try tool.run(
      "predict", "results/c/latest", "--input", "q.csv", "--output", "x.csv")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        error: no column 'a' in 'q.csv'
        note: columns: c

        """)
  }

  @Test func `a run of an earlier version reads its data again, with a warning`() throws {
    let tool = try tool("a,y\n1,2\n2,4\n3,6\n", "")
    defer { tool.remove() }
    try tool.write("a\n4\n", to: "q.csv")
    #expect(try tool.run("run", "case.yaml", "-q").code == 0)
    let before = try predict(tool, "before.csv")
    try FileManager.default.removeItem(
      atPath: tool.folder.appendingPathComponent("results/c/run-0001/columns.json").path)
    let result = try tool.run(
      "predict", "results/c/latest", "--input", "q.csv", "--output", "after.csv")
    #expect(result.code == 0)
    #expect(
      result.errors == """
        warning: 'results/c/latest' has no columns.json, as runs of nnexp 0.1.0; its data are read again

        """)
    #expect(try tool.read("after.csv") == before)
  }

  @Test func `a damaged columns.json is named`() throws {
    let tool = try tool("a,y\n1,2\n2,4\n3,6\n", "")
    defer { tool.remove() }
    try tool.write("a\n4\n", to: "q.csv")
    #expect(try tool.run("run", "case.yaml", "-q").code == 0)
    let path = "results/c/run-0001/columns.json"
    let text = try tool.read(path)
    for (find, replacement) in [
      ("\"version\": 1", "\"version\": 2"), ("\"shape\": [1]", "\"shape\": [0]"),
      ("\"shape\": [1]", "\"shape\": [3]"), ("\"role\": \"inputs\"", "\"role\": \"x\""),
      ("\"spread\":", "\"spred\":"), ("\"inputs\": [", "\"in\": ["),
      ("\"train\": 3", "\"train\": 0"), ("\"train\": 3", "\"tain\": 3"),
    ] {
      try tool.write(text.replacingOccurrences(of: find, with: replacement), to: path)
      let result = try tool.run(
        "predict", "results/c/latest", "--input", "q.csv", "--output", "x.csv")
      #expect(result.code == 3, "\(find)")
      #expect(
        result.errors.hasPrefix("error: 'results/c/latest/columns.json' is damaged: "), "\(find)")
    }
  }

  @Test func `the full experiment announces nothing and gives the same run`() throws {
    let rows = (0..<12).map { "\($0),\($0 % 3 == 0 ? "A" : "a"),\(20_240_101 + $0),\(2 * $0)\n" }
    let tool = try tool("n,c,day,y\n" + rows.joined(), "")
    defer { tool.remove() }
    let plain = try tool.run("validate", "case.yaml", "--write", "full.yaml")
    #expect(plain.code == 0)
    #expect(plain.errors.split(separator: "\n").count { $0.contains("warning:") } == 3)
    #expect(try tool.run("validate", "full.yaml").errors == "")
    #expect(try tool.run("run", "case.yaml", "-q", "--output", "a").code == 0)
    #expect(try tool.run("run", "full.yaml", "-q", "--output", "b").code == 0)
    #expect(try tool.read("a/metrics.csv") == tool.read("b/metrics.csv"))
  }

  @Test func `a run of folds is a sweep over them, and is resumed`() throws {
    let rows = (0..<20).map { "\($0),\(2 * $0)\n" }.joined()
    let tool = try tool("a,y\n" + rows, "}, split: {folds: 4}, other: {")
    defer { tool.remove() }
    try tool.write(
      try tool.read("case.yaml").replacingOccurrences(of: ", other: {}", with: ""), to: "case.yaml")
    #expect(try tool.run("run", "case.yaml", "-q").code == 0)
    let table = try tool.rows(of: "results/c/sweep/sweep.csv")
    #expect(table.count == 5)
    #expect(try tool.rows(of: "results/c/sweep/sweep_summary.csv").count == 2)
    let again = try tool.run("run", "case.yaml")
    #expect(again.output.hasPrefix("4 of 4 trials are finished\n"))
    #expect(try tool.run("run", "case.yaml", "+data.split.fold=2", "-q").code == 0)
    #expect(
      try tool.read("results/c/run-0001/metrics.csv") == tool.read("\(table[2][1])/metrics.csv"))
  }

  @Test func `errors in the data are reported with those in the file`() throws {
    let tool = try tool("a,y\n1,2\nx,4\n,6\n4,8\n", "")
    defer { tool.remove() }
    try tool.write(
      try tool.read("case.yaml").replacingOccurrences(of: "name: c\n", with: "name: c\nsede: 2\n"),
      to: "case.yaml")
    let result = try tool.run("validate", "case.yaml")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        case.yaml:2:1: error: unknown key 'sede'; did you mean 'seed'?
            sede: 2
            ^
        d.csv:3:1: error: expected a number in column 'a', as in the other rows, found 'x'
            x,4
            ^
        note: 'columns: {a: {missing: [x]}}' counts it as missing
        note: 'columns: {a: category}' reads the numbers as texts
        d.csv:4:1: error: column 'a' has 1 missing cell in 4 rows
            ,6
            ^
        note: 'columns: {a: {fill: mean}}' fills them; fill is drop_row, mean, median, most_frequent, \
        indicator or {constant: VALUE}
        note: 'fill: drop_row' beside 'csv' leaves out every row with a missing cell
        3 errors

        """)
  }
}
