import Foundation
import TestSupport
import Testing

/// Faults 60, 61: a file that the user names for an output replaces only an earlier output of
/// nnexp, and errors are reported before any work.
@Suite struct OutputFaultTests {
  private func withTool(_ body: (Tool) throws -> Void) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(compactExclusiveOr(seed: 0, epochs: 4), to: "xor.yaml")
    try tool.write("input_0,input_1\n0,1\n", to: "new.csv")
    try tool.write("mine", to: "taken")
    try body(tool)
  }

  private func sweep(_ tool: Tool, _ more: String...) throws -> CommandResult {
    try tool.run(["sweep", "xor.yaml", "seed=0,1", "--junit"] + more)
  }

  @Test func aForeignFileIsReportedBeforeAnyWork() throws {
    try withTool { tool in
      let before = tool.contents
      for command in [
        ["sweep", "xor.yaml", "seed=0,1", "--junit", "taken"],
        ["explain", "xor.yaml", "--output", "taken"],
        ["predict", "results/xor/latest", "--input", "new.csv", "--output", "taken"],
        ["plugin", "build", "Maxout.swift", "--output", "taken"],
      ] {
        let result = try tool.run(command)
        #expect(result.code == 2, "\(command)")
        #expect(
          result.errors == """
            error: the output 'taken' already exists
            note: to replace it, add --force

            """, "\(command)")
        #expect(result.output == "")
        #expect(tool.contents == before)
        #expect(try tool.read("taken") == "mine")
      }
    }
  }

  /// Even with `--force`, a command does not replace a file that it reads.
  @Test func anOutputDoesNotReplaceTheExperiment() throws {
    try withTool { tool in
      try FileManager.default.linkItem(
        atPath: tool.folder.path + "/xor.yaml", toPath: tool.folder.path + "/same.yaml")
      try FileManager.default.createSymbolicLink(
        atPath: tool.folder.path + "/link.yaml", withDestinationPath: "xor.yaml")
      for output in ["xor.yaml", "./xor.yaml", "same.yaml", "link.yaml"] {
        for command in [
          ["sweep", "xor.yaml", "seed=0,1", "--force", "--junit", output],
          ["explain", "xor.yaml", "--force", "--output", output],
        ] {
          let result = try tool.run(command)
          #expect(result.code == 2)
          #expect(
            result.errors == """
              error: the output '\(output)' would replace 'xor.yaml', which this command reads
              note: choose another file

              """)
          #expect(try tool.read("xor.yaml") == compactExclusiveOr(seed: 0, epochs: 4))
        }
      }
    }
  }

  @Test func anEarlierReportIsReplaced() throws {
    try withTool { tool in
      #expect(try sweep(tool, "out.xml").code == 0)
      let first = try tool.read("out.xml")
      try tool.write(first + "<!-- more -->", to: "out.xml")
      #expect(try sweep(tool, "out.xml").code == 0)
      #expect(try tool.read("out.xml").hasPrefix("<?xml version=\"1.0\""))
      #expect(try !tool.read("out.xml").contains("more"))
      #expect(try sweep(tool, "taken", "--force").code == 0)
      #expect(try tool.read("taken").hasPrefix("<?xml version=\"1.0\""))
    }
  }

  /// A FIFO with the temporary name that version 0.1.0 derived from the process number.
  @Test func aFIFOUnderAFormerTemporaryNameDoesNotBlock() throws {
    try withTool { tool in
      let script = """
        mkfifo .out.xml.$$.partial && exec "\(Tool.executable.path)" sweep xor.yaml seed=0,1 \
        --junit out.xml --quiet
        """
      let result = try runCommand(
        "/bin/sh", ["-c", script], in: tool.folder,
        environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""])
      #expect(result.code == 0, "\(result.errors)")
      #expect(try tool.read("out.xml").hasPrefix("<?xml"))
      #expect(tool.contents.contains { $0.hasSuffix(".partial") })
    }
  }

  @Test func devicesAndPipesAreWrittenTo() throws {
    try withTool { tool in
      let result = try sweep(tool, "/dev/stdout", "--quiet")
      #expect(result.code == 0)
      #expect(result.output.hasPrefix("<?xml version=\"1.0\""))
      #expect(try sweep(tool, "/dev/null").code == 0)
    }
  }

  /// Text that did not originate in nnexp cannot control a terminal or GitHub's runner.
  @Test func namesCannotControlATerminalOrGitHub() throws {
    try withTool { tool in
      let name = "\u{1B}[31m\n::error::owned\r##[error]x"
      try tool.write(compactExclusiveOr(seed: 0, epochs: 4), to: name + ".yaml")
      for command in [
        ["validate", name + ".yaml"], ["run", "xor.yaml", "--output", name],
        ["compare", name, "xor.yaml"], ["resume", name], ["run", name], ["plugin", "build", name],
        ["explain", "xor.yaml", "--output", name + ".txt"], ["collect", name],
        ["layers", name], ["sweep", "xor.yaml", "seed=0,1", "--output", name + "2"], [name],
      ] {
        let result = try tool.run(
          command, environment: ["GITHUB_ACTIONS": "true", "HOME": tool.folder.path])
        let text = result.output + result.errors
        #expect(
          text.unicodeScalars.allSatisfy {
            $0 == "\n" || $0.properties.generalCategory != .control
          },
          "\(command): \(text)")
        #expect(!text.contains("##["), "\(command): \(text)")
        for line in text.split(separator: "\n") {
          #expect(!line.drop { $0.isWhitespace }.hasPrefix("::"), "\(command): \(text)")
        }
      }
    }
  }
}
