import Foundation
import TestSupport
import Testing

/// Predictions for rows on the command line, and for inputs unlike those of the training.
@Suite struct PredictTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write(
      "size,colour,room,price\n1,red,2,11\n2,blue,3,24\n3,red,,31\n4,blue,2,44\n", to: "d.csv")
    try tool.write(
      """
      name: houses
      data:
        csv: {path: d.csv, targets: price, columns: {room: {fill: median}}}
        scale: {inputs: standardize, targets: standardize}
      model: [{type: dense, units: 1}]
      loss: squared_error
      train: {optimizer: {type: adam, learning_rate: 0.1}, epochs: 30, batch_size: full}
      gradient_check: false

      """, to: "houses.yaml")
    #expect(try tool.run("run", "houses.yaml", "-q").code == 0)
    return tool
  }

  private func predict(_ tool: Tool, _ more: String...) throws -> CommandResult {
    try tool.run(["predict", "results/houses/latest"] + more)
  }

  @Test func `one row on the command line is a row of a file`() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.write("size,colour,room\n2.5,red,2\n2.5,red,\n", to: "q.csv")
    let ofFile = try predict(tool, "--input", "q.csv").output.split(separator: "\n")
    let ofLine = try predict(tool, "--set", "room=2", "--set", "colour=red", "--set", "size=2.5")
    #expect(ofLine.code == 0)
    #expect(ofLine.errors == "1 predictions by the weights of epoch 30 (last)\n")
    #expect(ofLine.output.split(separator: "\n")[1] == ofFile[1])
    // A column whose missing cells are filled can be left out.
    let filled = try predict(tool, "--set", "size=2.5", "--set", "colour=red", "--output", "-")
    let cells = filled.output.split(separator: "\n")[1].split(separator: ",")
    #expect(cells[1] == ofFile[2].split(separator: ",")[1])
  }

  @Test func `wrong settings of a row are reported together`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let names = try predict(tool, "--set", "sise=1", "--set", "room=1", "--set", "room=2")
    #expect(names.code == 2)
    #expect(
      names.errors == """
        error: --set: no input 'sise'; did you mean 'size'?
        note: inputs: size, colour, room
        error: --set: 'room' is given twice
        error: --set: the inputs 'size', 'colour' are not given
        3 errors

        """)
    let values = try predict(tool, "--set", "size=big", "--set", "colour=green")
    #expect(values.code == 2)
    #expect(
      values.errors.hasPrefix(
        """
        --set:2:1: error: expected a number in column 'size', found 'big'
            "big","green",""
            ^
        """), "\(values.errors)")
    #expect(
      values.errors.contains("the text 'green' of column 'colour' is not in the training data"))
    for arguments in [[], ["--input", "q.csv", "--set", "size=1"]] {
      let result = try tool.run(["predict", "results/houses/latest"] + arguments)
      #expect(result.code == 2)
      #expect(
        result.errors.hasPrefix("Error: predict takes either --input FILE or --set COLUMN=VALUE\n"))
    }
    #expect(
      try predict(tool, "--set", "size").errors.hasPrefix(
        "Error: --set takes COLUMN=VALUE, such as --set size=5, found 'size'\n"))
  }

  @Test func `inputs far outside the training data are reported once per column`() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.write("size,colour,room\n7,red,2\n7.1,red,1\n-20,blue,5\n", to: "q.csv")
    let result = try predict(tool, "--input", "q.csv", "--output", "p.csv")
    #expect(result.code == 0)
    #expect(
      result.errors == """
        warning: 'size' is 7.1 in row 2, far outside the training data's 1 to 4; 2 of 3 rows are
        warning: 'room' is 5 in row 3, far outside the training data's 2 to 3

        """)
    let columns = try tool.read("results/houses/latest/columns.json")
    #expect(columns.contains("\"range\": [1, 4]") && columns.contains("\"range\": [2, 3]"))
  }

  @Test func `the range of arrays is that of all their numbers`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      """
      name: pixels
      data: {inline: {inputs: [[0, 0.5], [1, 0.25], [0.5, 0]], targets: [1, 2, 3]}}
      model: [{type: dense, units: 1}]
      loss: squared_error
      train: {optimizer: {type: adam, learning_rate: 0.1}, epochs: 3, batch_size: full}
      gradient_check: false

      """, to: "x.yaml")
    #expect(try tool.run("run", "x.yaml", "-q").code == 0)
    try tool.write("0,1\n255,128\n", to: "q.csv")
    #expect(
      try tool.run("predict", "results/pixels/latest", "--input", "q.csv", "-o", "p.csv").errors
        == "warning: 'input_0' is 255 in row 2, far outside the training data's 0 to 1\n")
    let one = try tool.run(
      "predict", "results/pixels/latest", "--set", "input_1=1", "--set", "input_0=0")
    #expect(one.code == 0, "\(one.errors)")
    #expect(
      one.output.split(separator: "\n")[1] == (try tool.read("p.csv")).split(separator: "\n")[1])
  }
}
