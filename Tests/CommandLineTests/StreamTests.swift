import Foundation
import TestSupport
import Testing

/// Fault 36: the files of a command are complete, even if its output fails.
@Suite struct StreamTests {
  @Test(arguments: [
    "nnexp run xor.yaml > /dev/null", "nnexp run xor.yaml | true", "nnexp run xor.yaml | head -1",
    "nnexp run xor.yaml > /dev/full", "nnexp run xor.yaml 2> /dev/full",
    "nnexp run xor.yaml >&-", "nnexp run xor.yaml 2>&-", "nnexp run xor.yaml <&- >&- 2>&-",
    "nnexp run xor.yaml </dev/null >/dev/full 2>/dev/full",
  ])
  func theFilesAreWholeWithClosedOrFullStreams(script: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    // An expectation fails, so that there is output on standard error too.
    try tool.write(exclusiveOr + "expect: {train_loss: \"< 0.0001\"}\n", to: "xor.yaml")
    try tool.run("run", "xor.yaml", "-q", "--output", "whole")
    let result = try tool.shell("set -o pipefail; " + script)
    #expect(result.code == 1)
    #expect(
      differences(tool.facts(of: "whole"), tool.facts(of: "results/xor/run-0001")) == [])
  }

  /// The reader ends after any number of bytes.
  @Test func theFilesAreWholeIfTheReaderGoesAway() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr + "gradient_check: {at: [start, end]}\n", to: "xor.yaml")
    let said = try tool.run("run", "xor.yaml", "--output", "whole").output.utf8.count
    let expected = tool.facts(of: "whole")
    for (number, bytes) in stride(from: 0, through: said, by: isThorough ? 9 : 200).enumerated() {
      let result = try tool.shell(
        "set -o pipefail; nnexp run xor.yaml --output 'out \(number)' | head -c \(bytes)")
      #expect(result.code == 0 && result.errors == "", "\(bytes) bytes: \(result.errors)")
      #expect(
        differences(expected, tool.facts(of: "out \(number)")) == [], "\(bytes) bytes read")
    }
  }

  @Test func predictionsThatCannotBeWrittenAreReported() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr, to: "xor.yaml")
    try tool.run("run", "xor.yaml", "-q")
    try tool.write("input_0,input_1\n0,1\n", to: "new.csv")
    let result = try tool.run(
      "predict", "results/xor/latest", "--input", "new.csv", "--output", "none/out.csv")
    #expect(result.code == 3)
    #expect(result.errors == "error: cannot write 'none/out.csv': No such file or directory\n")
  }
}
