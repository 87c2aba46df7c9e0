import Foundation
import TestSupport
import Testing

/// A run's folder is enough to measure, check and explain its weights.
@Suite struct NewDataTests {
  private let training = """
    id,size,colour,price
    a,1,red,11
    b,2,blue,24
    c,3,red,31
    d,4,blue,44
    e,5,red,51
    f,6,blue,64

    """

  private func tool(_ more: String = "gradient_check: false\n") throws -> Tool {
    let tool = try Tool()
    try tool.write(training, to: "d.csv")
    try tool.write(
      """
      name: houses
      seed: 1
      data:
        csv: {path: d.csv, targets: price, id: id}
        scale: {inputs: standardize, targets: standardize}
      model: [{type: dense, units: 1, name: output}]
      loss: squared_error
      metrics: [mean_absolute_error]
      train: {optimizer: {type: adam, learning_rate: 0.1}, epochs: 50, batch_size: full}
      \(more)
      """, to: "houses.yaml")
    #expect(try tool.run("run", "houses.yaml", "-q").errors == "")
    return tool
  }

  private func remove(_ file: String, of tool: Tool) throws {
    try FileManager.default.removeItem(at: tool.folder.appendingPathComponent(file))
  }

  private func cells(_ text: String) -> [[Substring]] {
    text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
  }

  // MARK: evaluate --data

  @Test func `new labeled data are measured as the training data are`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let known = try tool.run("evaluate", "results/houses/latest", "--csv")
    // The same rows in another order of columns, with one more.
    var rows = cells(training).map { "note,\($0[3]),\($0[2]),\($0[1])" }
    rows[0] = "remark,price,colour,size"
    try tool.write(rows.joined(separator: "\n") + "\n", to: "new.csv")
    try remove("d.csv", of: tool)
    let new = try tool.run("evaluate", "results/houses/latest", "--data", "new.csv", "--csv")
    #expect(new.code == 0)
    #expect(new.errors == "the last weights\n" || new.errors.hasPrefix("the weights of epoch 50"))
    let (a, b) = (cells(known.output), cells(new.output))
    #expect(a[0] == ["split", "samples", "loss", "mean_absolute_error"])
    #expect(b[0] == ["data", "samples", "loss", "mean_absolute_error"])
    #expect(b[1][0] == "new.csv")
    #expect(a[1].dropFirst() == b[1].dropFirst())
    let shown = try tool.run("evaluate", "results/houses/latest", "--data", "new.csv")
    #expect(shown.output.hasPrefix("the weights of epoch 50 (last)\ndata"))
  }

  @Test func `the table goes to a file, which is replaced only with --force`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let command = ["evaluate", "results/houses/latest", "--data", "d.csv", "--csv", "-o", "m.csv"]
    let result = try tool.run(command)
    #expect(result.code == 0 && result.output == "")
    #expect(cells(try tool.read("m.csv")).count == 2)
    let again = try tool.run(command)
    #expect(again.code == 2)
    #expect(
      again.errors == """
        error: the output 'm.csv' already exists
        note: to replace it, add --force

        """)
    #expect(try tool.run(command + ["--force"]).code == 0)
  }

  @Test func `errors in new data have their location`() throws {
    let tool = try tool()
    defer { tool.remove() }
    func errors(_ text: String) throws -> String {
      try tool.write(text, to: "new.csv")
      let result = try tool.run("evaluate", "results/houses/latest", "--data", "new.csv")
      #expect(result.code == 2 && result.output == "")
      return result.errors
    }
    #expect(
      try errors("size,colour,prize\n1,red,3\n") == """
        error: --data: no column 'price' in 'new.csv'; did you mean 'prize'?
        note: columns: size, colour, prize

        """)
    #expect(
      try errors("size,colour,price\n1,red,3\n2,green,4\n") == """
        new.csv:3:3: error: the text 'green' of column 'colour' is not in the training data
            2,green,4
              ^
        note: known: blue, red
        note: with 'columns: {colour: {other: true}}', training provides an input for unknown texts

        """)
    #expect(
      try errors("size,colour,price\n1,red,cheap\n") == """
        new.csv:2:7: error: expected a number in column 'price', found 'cheap'
            1,red,cheap
                  ^
        note: 'columns: {price: {missing: [cheap]}}' counts it as missing

        """)
    #expect(
      try errors("size,colour,price\n1,red,\n") == """
        new.csv:2:7: error: column 'price' has 1 missing cell in 1 row
            1,red,
                  ^
        note: 'columns: {price: {fill: drop_row}}' leaves the rows out
        note: with 'missing_target: skip' in its loss, a head leaves out the samples that lack its \
        target

        """)
    #expect(
      try tool.run("evaluate", "results/houses/latest", "--data", "none.csv").errors == """
        error: --data: no such file: 'none.csv'

        """)
  }

  @Test func `arrays take a CSV file or an archive with inputs and targets`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      """
      name: inline
      data: {inline: {inputs: [[0, 1], [1, 0], [1, 1]], targets: [no, yes, yes]}}
      model: [{type: dense, units: 2}]
      loss: cross_entropy
      metrics: [accuracy]
      train: {optimizer: {type: adam, learning_rate: 0.1}, epochs: 60, batch_size: full}
      gradient_check: false

      """, to: "x.yaml")
    #expect(try tool.run("run", "x.yaml", "-q").errors == "")
    func evaluate(_ file: String) throws -> CommandResult {
      try tool.run("evaluate", "results/inline/latest", "--data", file, "--csv")
    }
    let known = try tool.run("evaluate", "results/inline/latest", "--csv")
    try tool.write("a,b,class\n0,1,no\n1,0,yes\n1,1,yes\n", to: "new.csv")
    let new = try evaluate("new.csv")
    #expect(new.code == 0, "\(new.errors)")
    #expect(cells(new.output)[1].dropFirst() == cells(known.output)[1].dropFirst())
    try tool.write("0,1\n1,0\n", to: "new.csv")
    #expect(
      try evaluate("new.csv").errors == """
        new.csv:1:1: error: 'new.csv' has 2 columns, but the training data have 2 inputs \
        and 1 target
            0,1
            ^

        """)
  }

  // MARK: The samples that a run keeps

  @Test func `gradcheck and explain need no training file`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let check = ["gradcheck", "houses.yaml", "--checkpoint", "results/houses/latest"]
    let explain = ["explain", "houses.yaml", "--checkpoint", "results/houses/latest", "--sample"]
    let (checked, explained) = (try tool.run(check), try tool.run(explain + ["5"]))
    #expect(checked.code == 0 && explained.code == 0)
    try remove("d.csv", of: tool)
    #expect(try tool.run(check) == checked)
    #expect(try tool.run(explain + ["5"]) == explained)
  }

  @Test func `samples that the run does not keep are read again`() throws {
    let tool = try tool("gradient_check: {batch: 2}\n")
    defer { tool.remove() }
    let explain = ["explain", "houses.yaml", "--checkpoint", "results/houses/latest", "--sample"]
    let there = try tool.run(explain + ["1"])
    #expect(try tool.run(explain + ["4"]).code == 0)
    try tool.write(training + "g,7,red,3\n", to: "d.csv")
    #expect(try tool.run(explain + ["1"]) == there)
    let changed = try tool.run(explain + ["4"])
    #expect(changed.code == 2)
    #expect(
      changed.errors.hasPrefix(
        "error: cannot use 'results/houses/latest': its data file 'd.csv' was changed\n"))
  }

  @Test func `other samples are those of a file`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let run = ["houses.yaml", "--checkpoint", "results/houses/latest"]
    let own = try tool.run(["explain"] + run + ["--sample", "3"])
    try tool.write("price,size,colour\n44,4,blue\n", to: "one.csv")
    try remove("d.csv", of: tool)
    let other = try tool.run(["explain"] + run + ["--data", "one.csv"])
    #expect(other.code == 0, "\(other.errors)")
    let last = { (text: String) in text.split(separator: "\n").last }
    #expect(last(own.output) == last(other.output))
    let check = try tool.run(["gradcheck"] + run + ["--data", "one.csv"])
    #expect(check.code == 0, "\(check.errors)")
    #expect(
      try tool.run("gradcheck", "houses.yaml", "--data", "one.csv", "--at", "end").errors == """
        error: --at end without --checkpoint trains first, with the experiment's data; give \
        --checkpoint with --data, or use --at start

        """)
  }

  @Test func `a damaged file of samples is named`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let file = "results/houses/run-0001/checkpoints/samples.npz"
    #expect(tool.exists(file))
    try tool.write("PK", to: file)
    let result = try tool.run(
      "gradcheck", "houses.yaml", "--checkpoint", "results/houses/run-0001")
    #expect(result.code == 3)
    #expect(
      result.errors == """
        error: '\(file)' is damaged: the zip archive is truncated: its directory is missing

        """)
  }
}
