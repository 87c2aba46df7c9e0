import Foundation
import TestSupport
import Testing

/// Fault 37 for the command: the disk becomes full, and later has space again.
@Suite struct DiskTests {
  private static let text = statefulExperiment.replacing("epochs: 100", with: "epochs: 120")

  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write(DiskTests.text, to: "eventful.yaml")
    try tool.run("run", "eventful.yaml", "-q", "--output", "whole")
    return tool
  }

  /// Expects that the run ended with 3 and reported the reason, then completes it.
  private func resume(_ tool: Tool, after result: CommandResult, _ reason: String, _ label: String)
    throws
  {
    #expect(result.code == 3, "\(label): \(result.errors)")
    #expect(
      result.errors.contains(reason) && result.errors.contains("'results"),
      "\(label): \(result.errors)")
    let next = try tool.run("run", "eventful.yaml", "-q", "--resume")
    #expect(next.code == 0, "\(label): \(next.errors)")
    let run = try tool.theRun(of: "eventful")
    #expect(differences(tool.facts(of: "whole"), tool.facts(of: run)) == [], "\(label)")
  }

  @Test(.enabled(if: SmallDisk.isAvailable, "file systems cannot be mounted here"))
  func aRunThatFillsTheDiskEndsWith3AndResumes() throws {
    let tool = try tool()
    defer { tool.remove() }
    // From no space to almost enough. A file needs at least one page.
    for kilobytes in stride(from: 0, through: 48, by: isThorough ? 4 : 16) {
      let disk = try #require(
        SmallDisk(at: tool.folder.appendingPathComponent("results").path, kilobytes: 256))
      let filler = "results/filler"
      let block = [UInt8](repeating: 0, count: (256 - kilobytes) << 10)
      try Data(block).write(to: tool.folder.appendingPathComponent(filler))
      let result = try tool.run("run", "eventful.yaml", "-q")
      try FileManager.default.removeItem(at: tool.folder.appendingPathComponent(filler))
      try resume(tool, after: result, "No space left on device", "\(kilobytes) KB free")
      _ = disk
    }
  }

  @Test(arguments: [1, 2, 4, 8, 16, 24])
  func aRunThatExceedsTheFileSizeLimitEndsWith3AndResumes(blocks: Int) throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.shell("ulimit -f \(blocks); exec nnexp run eventful.yaml -q")
    try resume(tool, after: result, "File too large", "\(blocks) blocks")
  }

  /// A failed flush is not repeated, because the kernel may have forgotten by then that the
  /// bytes were lost.
  @Test func aFailedFlushEndsTheRunAndIsNotRepeated() throws {
    let tool = try Tool()
    defer { tool.remove() }
    // A run flushes its files after the first second.
    let text = statefulExperiment.replacing("epochs: 100", with: "epochs: 100000000")
      .replacing("record_every: 2", with: "record_every: 100000")
      .replacing("every: 1 epoch", with: "every: 1.2 seconds")
    try tool.write(text, to: "eventful.yaml")
    let injector = try tool.build(library: "fault_injector")
    let result = try tool.run(
      "run", "eventful.yaml", "-q",
      environment: [
        "LD_PRELOAD": injector, "NNEXP_FAULT": "fail 0 5", "NNEXP_FAULT_ON": "fsync",
      ])
    #expect(result.code == 3)
    #expect(
      result.errors
        == "error: cannot flush 'results/eventful/run-0001/metrics.csv': Input/output error\n")
    let summary = try tool.read("results/eventful/run-0001/summary.json")
    #expect(summary.contains("\"status\": \"failed\""))
    #expect(summary.contains("\"exit_status\": 3"))
  }
}
