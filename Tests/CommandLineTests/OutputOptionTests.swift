import Foundation
import TestSupport
import Testing

/// Every command that writes one file, or prints a result, writes it where the user says.
@Suite struct OutputOptionTests {
  @Test(arguments: [
    ["evaluate"], ["predict"], ["explain"], ["gradcheck"], ["validate"], ["compare"], ["plot"],
    ["report"], ["runs"], ["layers"], ["plugin", "build"],
  ])
  func `the command takes -o, --output and --force`(command: [String]) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let help = try tool.run(command + ["--help"]).output
    #expect(help.contains("-o, --output") && help.contains("--force"), "\(help)")
  }

  /// A run or a sweep is never replaced.
  @Test(arguments: ["run", "resume", "watch", "collect"])
  func `the command replaces nothing`(command: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(!(try tool.run(command, "--help").output.contains("--force")))
  }

  @Test func `a file has what the terminal would show`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr, to: "xor.yaml")
    #expect(try tool.run("run", "xor.yaml", "train.epochs=5", "-q").code == 0)
    #expect(try tool.run("run", "xor.yaml", "train.epochs=6", "-q").code == 0)
    let (first, second) = ("results/xor/run-0001", "results/xor/run-0002")
    let commands = [
      ["evaluate", first], ["evaluate", first, "--csv"], ["compare", first, second],
      ["compare", first, second, "--csv"], ["compare", first, first, "--exact"], ["runs"],
      ["runs", "--json"], ["layers"], ["layers", "dense"],
      ["gradcheck", "xor.yaml", "--checkpoint", first],
      ["explain", "xor.yaml", "--checkpoint", first],
    ]
    for command in commands {
      let shown = try tool.run(command)
      #expect(shown.code == 0, "\(command)")
      let written = try tool.run(command + ["-o", "out.txt", "--force"])
      #expect(written.code == 0, "\(command)")
      #expect(try tool.read("out.txt") == shown.output, "\(command)")
      let refused = try tool.run(command + ["-o", "out.txt"])
      #expect(refused.code == 2, "\(command)")
      #expect(
        refused.errors == """
          error: the output 'out.txt' already exists
          note: to replace it, add --force

          """, "\(command)")
      #expect(try tool.run(command + ["-o", "-"]).output == shown.output, "\(command)")
    }
  }

  @Test func `the full experiment goes to a file by either name`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr, to: "xor.yaml")
    #expect(try tool.run("validate", "xor.yaml", "-o", "a.yaml").code == 0)
    #expect(try tool.run("validate", "xor.yaml", "--write", "b.yaml").code == 0)
    #expect(try tool.read("a.yaml") == tool.read("b.yaml"))
  }
}
