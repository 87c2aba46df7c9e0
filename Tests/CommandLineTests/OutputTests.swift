import Foundation
import TestSupport
import Testing

/// Fault 58: commands whose result is their standard output.
@Suite struct OutputTests {
  private static let commands = [
    "layers", "layers dense", "explain xor.yaml", "gradcheck xor.yaml", "validate xor.yaml",
    "evaluate results/xor/latest", "compare results/xor/run-0001 results/xor/run-0002",
    "compare results/xor/run-0001 results/xor/run-0002 --csv",
    "compare results/xor/run-0001 results/xor/run-0002 --exact",
    "sweep xor.yaml seed=1,2 --plan", "sweep xor.yaml seed=1,2 --dry-run", "--help", "--version",
    "run --help", "--generate-completion-script bash",
  ]

  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write(exclusiveOr, to: "xor.yaml")
    for _ in 0..<2 { #expect(try tool.run("run", "xor.yaml", "-q").code == 0) }
    return tool
  }

  @Test func aFullDiskIsReported() throws {
    let tool = try tool()
    defer { tool.remove() }
    for command in OutputTests.commands {
      let result = try tool.shell("nnexp \(command) > /dev/full")
      #expect(result.code == 3, "\(command)")
      #expect(
        result.errors == "error: cannot write to standard output: No space left on device\n",
        "\(command)")
    }
  }

  @Test func aClosedOutputIsReported() throws {
    let tool = try tool()
    defer { tool.remove() }
    for command in OutputTests.commands {
      let result = try tool.shell("nnexp \(command) >&-")
      #expect(result.code == 3, "\(command)")
      #expect(
        result.errors == "error: cannot write to standard output: Bad file descriptor\n",
        "\(command)")
    }
  }

  @Test func aReaderThatHasGoneEndsTheCommandBySIGPIPE() throws {
    let tool = try tool()
    defer { tool.remove() }
    for command in OutputTests.commands {
      // The command starts after the reader has ended.
      let result = try tool.shell(
        "(sleep 0.05; exec nnexp \(command)) | exec <&-; echo ${PIPESTATUS[0]}")
      #expect(result.output == "\(128 + SIGPIPE)\n", "\(command)")
      #expect(result.errors == "", "\(command)")
    }
  }
}
