import Foundation
import TestSupport
import Testing

@Suite struct ExplainTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write(exclusiveOr, to: "xor.yaml")
    return tool
  }

  @Test func anExplanationGoesToTheTerminalOrAFile() throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.run("explain", "xor.yaml", "--sample", "1")
    #expect(result.code == 0)
    #expect(result.errors == "")
    #expect(result.output.hasPrefix("xor: the chain rule of training sample 1\n"))
    #expect(tool.contents == ["xor.yaml"])

    for (format, start) in [
      ("text", "xor: the"), ("markdown", "# xor: the"), ("html", "<!DOCTYPE html>"),
    ] {
      let written = try tool.run(
        "explain", "xor.yaml", "seed=5", "--format", format, "--output", "\(format).out")
      #expect(written.code == 0)
      #expect(written.output == "the chain rule of training sample 0 in \(format).out\n")
      let text = try tool.read("\(format).out")
      #expect(text.hasPrefix(start))
      #expect(text.contains("initial values of seed 5"))
    }
  }

  @Test func theSameFileGivesTheSameBytes() throws {
    let tool = try tool()
    defer { tool.remove() }
    let first = try tool.run("explain", "xor.yaml", "--format", "html")
    #expect(try tool.run("explain", "xor.yaml", "--format", "html").output == first.output)
  }

  @Test func wrongArgumentsAreReported() throws {
    let tool = try tool()
    defer { tool.remove() }
    func expect(_ arguments: [String], _ message: String) throws {
      try expectRefusal(of: ["explain"] + arguments, message, tool)
    }
    try expect(
      ["xor.yaml", "--sample", "4"],
      "error: there is no training sample 4; the training data are the samples 0 to 3\n")
    try expect(
      ["xor.yaml", "--sample=-1"],
      "error: there is no training sample -1; the training data are the samples 0 to 3\n")
    try expect(
      ["xor.yaml", "--format", "htm"],
      """
      error: unknown format 'htm'; did you mean 'html'?
      note: the formats are: text, markdown, html

      """)
    try expect(
      ["xor.yaml", "seed=x"],
      """
      command line:1:6: error: seed must be an integer ≥ 0, found the text 'x'
          seed=x
               ^

      """)
    try expect(
      ["xor.yaml", "--sample", "first"],
      "error: --sample takes numbers of training samples, such as 0 or 0,1, or 'all'; found 'first'\n"
    )
    try expect(
      ["xor.yaml", "--notation", "tanka"],
      """
      error: unknown notation 'tanka'; did you mean 'tanaka'?
      note: the notations are: tanaka, tang, chao, blog, jhunjunwala, names

      """)
    try expect(
      ["xor.yaml", "--full", "hiden.weight"],
      """
      error: there is no tensor 'hiden.weight'; did you mean 'hidden.weight'?
      note: the tensors are: \
      input, hidden.output, sigmoid.output, output.output, sigmoid_2.output, hidden.weight, \
      hidden.bias, output.weight, output.bias

      """)
    #expect(tool.contents == ["xor.yaml"])
  }

  @Test func severalSamplesAreWrittenInTheNotationOfTheFile() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr + "\nnotation: blog\n", to: "blog.yaml")
    let all = try tool.run("explain", "blog.yaml", "--sample", "all")
    #expect(all.code == 0, "\(all.errors)")
    #expect(all.output.hasPrefix("xor: the chain rule of training samples 0, 1, 2 and 3\n"))
    #expect(all.output.contains("∂E/∂"))
    let two = try tool.run(
      "explain", "blog.yaml", "--sample", "0,1", "--notation", "names", "--output", "two.txt")
    #expect(two.output == "the chain rule of 2 training samples in two.txt\n")
    #expect(try tool.read("two.txt").contains("∂loss/∂"))
  }

  @Test func anExistingFileIsReplacedOnlyWithForce() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.write("mine", to: "taken.html")
    let result = try tool.run(
      "explain", "xor.yaml", "--format", "html", "--output", "taken.html")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        error: the output 'taken.html' already exists
        note: to replace it, add --force

        """)
    #expect(try tool.read("taken.html") == "mine")
    let forced = try tool.run(
      "explain", "xor.yaml", "--format", "html", "--output", "taken.html", "--force")
    #expect(forced.code == 0)
    #expect(try tool.read("taken.html").hasPrefix("<!DOCTYPE html>"))
  }
}
