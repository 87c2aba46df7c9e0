import Foundation
import TestSupport
import Testing

/// Each folder of `Faults` contains a wrong experiment and the expected result: the exit code,
/// then the exact standard error. Nothing may be created.
@Suite struct FaultTests {
  static let root = Repository.test("CommandLineTests/Faults")

  static let cases = (try? FileManager.default.contentsOfDirectory(atPath: root.path))?.sorted()

  @Test(arguments: cases ?? [])
  func eachFaultIsReportedWordForWord(name: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let folder = FaultTests.root.appendingPathComponent(name)
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where file != "expected.txt" {
      try FileManager.default.copyItem(
        at: folder.appendingPathComponent(file), to: tool.folder.appendingPathComponent(file))
    }
    let before = tool.contents
    let result = try tool.run("run", "experiment.yaml", "--quiet")
    // The amount of memory depends on the machine.
    let report = ("exit \(result.code)\n" + result.errors)
      .replacing(/and [0-9.]+ [kMGT]B are available/, with: "and … are available")
    let expected = folder.appendingPathComponent("expected.txt")
    if ProcessInfo.processInfo.environment["NNEXP_RECORD_FAULTS"] != nil {
      try Data(report.utf8).write(to: expected)
    }
    #expect(report == (try? String(contentsOf: expected, encoding: .utf8)))
    #expect(tool.contents == before)
  }

  @Test func moreThanTwentyFaultsAreChecked() { #expect((FaultTests.cases ?? []).count > 20) }
}
