import Foundation
import TestSupport
import Testing

/// A command to which the system refuses something ends with 3 and changes no files.
@Suite struct EnvironmentTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write(exclusiveOr, to: "xor.yaml")
    return tool
  }

  /// Fault 19.
  @Test func aFileNamedResultsIsReportedAndStays() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.write("mine", to: "results")
    let result = try tool.run("run", "xor.yaml", "-q")
    #expect(result.code == 3)
    #expect(
      result.errors == """
        error: cannot create the folder 'results/xor': Not a directory
        note: choose a writable location with --output

        """)
    #expect(try tool.read("results") == "mine")
    #expect(tool.contents == ["results", "xor.yaml"])
  }

  /// Fault 19.
  @Test func aResultsLinkThatLeavesTheFolderIsRefused() throws {
    let tool = try tool()
    defer { tool.remove() }
    let elsewhere = try Tool()
    defer { elsewhere.remove() }
    try FileManager.default.createSymbolicLink(
      at: tool.folder.appendingPathComponent("results"), withDestinationURL: elsewhere.folder)
    let result = try tool.run("run", "xor.yaml", "-q")
    #expect(result.code == 3)
    #expect(result.errors.contains("is a link that leads out of"))
    #expect(elsewhere.contents == [])
  }

  /// Fault 16: the plan fits the memory that the system reports, but the system refuses it.
  @Test func refusedMemoryEndsTheRunWith3() throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.shell(
      "ulimit -v 700000; exec nnexp run xor.yaml -q model.hidden.units=4300000")
    #expect(result.code == 3)
    #expect(result.errors.hasPrefix("error: the system refused "), "\(result.errors)")
    let summary = try tool.read("results/xor/latest/summary.json")
    #expect(summary.contains("\"status\": \"failed\""))
    #expect(summary.contains("\"exit_status\": 3"))
  }

  /// Faults 9, 25: the command never waits for a file that is not regular.
  @Test(arguments: [("fifo", "a FIFO"), (".", "a directory"), ("/dev/zero", "a device")])
  func anExperimentThatIsNotARegularFileIsRefused(path: String, kind: String) throws {
    let tool = try tool()
    defer { tool.remove() }
    _ = try tool.shell("mkfifo fifo")
    let result = try tool.run("run", path, "-q")
    #expect(result.code == 2)
    #expect(result.errors == "error: cannot read '\(path)': it is \(kind), not a regular file\n")
  }

  /// Fault 25.
  @Test func dataThatAreAPipeAreRefused() throws {
    let tool = try tool()
    defer { tool.remove() }
    _ = try tool.shell("mkfifo data.csv")
    try tool.write(
      exclusiveOr.replacing(
        """
          inline:
            inputs: [[0, 0], [0, 1], [1, 0], [1, 1]]
            targets: [[0], [1], [1], [0]]
        """, with: "  csv: data.csv"), to: "pipe.yaml")
    let result = try tool.run("run", "pipe.yaml", "-q")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        pipe.yaml:4:8: error: cannot read 'data.csv': it is a FIFO, not a regular file
            csv: data.csv
                 ^

        """)
  }

  /// Fault 9.
  @Test func anExperimentLargerThanOneMebibyteIsRefused() throws {
    let tool = try tool()
    defer { tool.remove() }
    try tool.write("name: " + String(repeating: "x", count: 8 << 20) + "\n", to: "long.yaml")
    let result = try tool.run("run", "long.yaml", "-q")
    #expect(result.code == 2)
    #expect(
      result.errors == "error: 'long.yaml' is larger than 1 MiB, the limit of a declaration\n")
  }

  /// Fault 38: a run directory that is deleted during the run is not created again.
  @Test func aDeletedRunDirectoryEndsTheRunAndIsNotCreatedAgain() throws {
    let tool = try tool()
    defer { tool.remove() }
    let result = try tool.shell(
      """
      nnexp run xor.yaml -q train.epochs=2000000000 +train.record_every=1000 & run=$!
      while [ "$(cat results/xor/run-0001/metrics.csv 2>/dev/null | wc -l)" -lt 3 ]; do sleep 0.02; done
      mv results gone
      rm -rf gone 2>/dev/null
      wait $run
      """)
    #expect(result.code == 3)
    #expect(result.errors.contains("was deleted"), "\(result.errors)")
    #expect(!tool.exists("results"))
  }
}
