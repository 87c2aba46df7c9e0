import Foundation
import TestSupport
import Testing

@Suite struct GradcheckTests {
  private func tool(_ text: String = exclusiveOr) throws -> Tool {
    let tool = try Tool()
    try tool.write(text, to: "xor.yaml")
    return tool
  }

  @Test func gradcheckNeedsNoRun() throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.run("gradcheck", "xor.yaml")
    #expect(result.code == 0)
    #expect(result.output.hasPrefix("gradient check at start: passed, 9 of 9 tensors proven"))
    #expect(tool.contents == ["xor.yaml"])
  }

  /// Fault 28.
  @Test func aSaturatedNetworkDoesNotPass() throws {
    let tool = try tool(
      exclusiveOr.replacing(
        "units: 2, name: hidden", with: "units: 2, name: hidden, initial: {bias: {constant: 5000}}"
      ))
    defer { tool.remove() }
    let result = try tool.run("gradcheck", "xor.yaml")
    #expect(result.code == 1)
    #expect(result.output.contains("INCONCLUSIVE"))
  }

  /// The result at the end is the same whether a run or the check itself has trained.
  @Test func theCheckAtTheEndIsTheSameWithAndWithoutARun() throws {
    let tool = try tool()
    defer { tool.remove() }
    let both = try tool.run("gradcheck", "xor.yaml", "--at", "start,end")
    #expect(both.code == 0)
    let start = try tool.run("gradcheck", "xor.yaml")
    #expect(try tool.run("run", "xor.yaml", "--output", "run", "-q").code == 0)
    let end = try tool.run("gradcheck", "xor.yaml", "--checkpoint", "run")
    #expect(end.code == 0)
    #expect(end.output.hasPrefix("gradient check at end: passed, 9 of 9 tensors proven"))
    #expect(both.output == "at the start:\n" + start.output + "at the end:\n" + end.output)
  }

  @Test func onlyTheNamedTensorsAreCheckedAndWritten() throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.run(
      "gradcheck", "xor.yaml", "--only", "hidden.weight,output", "--csv", "tables")
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.hasPrefix("gradient check at start: passed, 4 of 4 tensors proven"))
    let summary = try tool.read("tables/gradient_check_summary.csv")
    let named = summary.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",")[1] + "." + $0.split(separator: ",")[3]
    }
    #expect(named == ["hidden.weight", "output.x", "output.weight", "output.bias"])
    let again = try tool.run("gradcheck", "xor.yaml", "--csv", "tables")
    #expect(again.code == 2)
    #expect(again.output == "")
    #expect(
      again.errors == """
        error: the output 'tables/gradient_check.csv' already exists
        note: to replace it, add --force

        """)
    #expect(try tool.read("tables/gradient_check_summary.csv") == summary)
    let forced = try tool.run("gradcheck", "xor.yaml", "--csv", "tables", "--force")
    #expect(forced.code == 0)
    #expect(try tool.read("tables/gradient_check_summary.csv") != summary)
  }

  @Test func wrongArgumentsAreReported() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("run", "xor.yaml", "--output", "run", "-q").code == 0)
    func expect(_ arguments: [String], _ message: String) throws {
      try expectRefusal(of: ["gradcheck"] + arguments, message, tool)
    }
    try expect(
      ["xor.yaml", "--only", "hiden"],
      """
      error: only: no node or tensor is called 'hiden'; did you mean 'hidden'?
      note: the nodes are: hidden, sigmoid, output, sigmoid_2

      """)
    try expect(
      ["xor.yaml", "+gradient_check.only=[hidden.wieght, loss.y]"],
      """
      command line:1:22: error: only: no node or tensor is called 'hidden.wieght'; did you mean 'hidden.weight'?
          +gradient_check.only=[hidden.wieght, loss.y]
                               ^
      note: 'hidden' has: hidden.x, hidden.weight, hidden.bias
      command line:1:22: error: only: no node or tensor is called 'loss.y'; did you mean 'loss.z'?
          +gradient_check.only=[hidden.wieght, loss.y]
                               ^
      note: 'loss' has: loss.z
      2 errors

      """)
    try expect(
      ["xor.yaml", "--at", "begin"],
      "error: --at must be start, end or start,end, found 'begin'\n")
    try expect(
      ["xor.yaml", "--at", "start", "--checkpoint", "run"],
      "error: 'run' contains trained weights, and --at start checks initial ones; "
        + "use --at end or --at start,end\n")
    try expect(
      ["xor.yaml", "--checkpoint", "nowhere"], "error: there is no run folder 'nowhere'\n")
    try expect(
      ["xor.yaml", "model.hidden.units=3", "--checkpoint", "run"],
      "error: 'hidden.weight' is float32 [2, 2] in the checkpoint, float32 [3, 2] in the model\n")
  }

  @Test func aModelWithoutParametersHasNothingToCheck() throws {
    let tool = try tool(
      """
      name: none
      data: {inline: {inputs: [[1]], targets: [[1]]}}
      model: [sigmoid]
      loss: squared_error
      train: {optimizer: {type: sgd, learning_rate: 1}, epochs: 1}

      """)
    defer { tool.remove() }
    let result = try tool.run("gradcheck", "xor.yaml")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        xor.yaml:3:9: error: the model has no parameters, so there is no gradient to check
            model: [sigmoid]
                    ^
        note: add a layer that learns, or write gradient_check: false

        """)
    let asked = try tool.run("run", "xor.yaml", "+gradient_check=true")
    #expect(asked.code == 2)
    #expect(tool.contents == ["xor.yaml"])
    // No check was requested, so nothing is wrong.
    #expect(try tool.run("run", "xor.yaml", "--output", "run").code == 0)
  }
}
