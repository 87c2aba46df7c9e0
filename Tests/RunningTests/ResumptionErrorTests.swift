import Foundation
import Files
import NNExp
import Results
import TestSupport
import Testing

/// Faults 31 to 33: files that differ from those of the run are reported and not changed.
@Suite struct ResumptionErrorTests {
  /// A run that was killed halfway with two states, and one that was not.
  private func runs() throws -> RunsFolder {
    let runs = RunsFolder()
    try runs.run("whole")
    for share in stride(from: 0.6, to: 0.95, by: 0.02) {
      try runs.kill("half", after: share)
      let states = ["state.nnx", "state.previous.nnx"].map { "half/checkpoints/" + $0 }
      if states.allSatisfy({ runs.bytes($0) != nil }) { return runs }
      try FileManager.default.removeItem(atPath: runs.folder("half"))
    }
    throw Diagnostic("no run has two states")
  }

  /// The files of a folder that have changed.
  private func changes(_ before: [String: [UInt8]], in runs: RunsFolder) -> [String] {
    let now = runs.tree("half")
    return Set(before.keys).union(now.keys).filter { before[$0] != now[$0] }.sorted()
  }

  /// Expects that resuming fails with this text and changes no bytes; only an incomplete write
  /// may be removed.
  private func expectRefusal(
    _ runs: RunsFolder, _ text: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) {
    let before = runs.tree("half").filter { !$0.key.hasSuffix(".partial") }
    let error = thrown(replacing: runs.path) { try runs.resume("half") }
    #expect(error == text, sourceLocation: sourceLocation)
    #expect(changes(before, in: runs) == [], sourceLocation: sourceLocation)
  }

  @Test func aChangedConfigurationIsRefused() throws {
    let runs = try runs()
    let text = try #require(runs.bytes("half/resolved.yaml"))
    runs.put(text + Array("# mine\n".utf8), in: "half/resolved.yaml")
    expectRefusal(
      runs,
      """
      2 error: cannot resume '$/half': its resolved.yaml was changed
      note: a run resumes only with its original settings; start a new one with nnexp run
      """)
  }

  @Test func editedMetricsAreRefused() throws {
    let runs = try runs()
    var text = try #require(runs.bytes("half/metrics.csv"))
    text[text.count / 4] ^= 1
    runs.put(text, in: "half/metrics.csv")
    let error = thrown(replacing: runs.path) { try runs.resume("half") }
    #expect(
      error.hasPrefix("3 error: '$/half/metrics.csv' differs from the file that the run wrote"),
      "\(error)")
    #expect(runs.bytes("half/metrics.csv") == text)
  }

  @Test func rowsAfterTheCheckpointAreRemoved() throws {
    let runs = try runs()
    let text = try #require(runs.bytes("half/metrics.csv"))
    runs.put(text + Array("9,9,9".utf8), in: "half/metrics.csv")
    #expect(try runs.resume("half") == 0)
    #expect(runs.differences("whole", "half") == [])
  }

  /// Every 64th byte is changed, then the file is cut there: the checkpoint before is used.
  @Test func aDamagedCheckpointIsReplacedByTheOneBefore() throws {
    let runs = try runs()
    let file = "half/checkpoints/state.nnx"
    let good = try #require(runs.bytes(file))
    try FileManager.default.copyItem(
      atPath: runs.folder("half"), toPath: runs.folder("copy"))
    var places = 0
    for offset in stride(from: 0, to: good.count, by: isThorough ? 64 : 512) {
      var flipped = good
      flipped[offset] ^= 0x10
      for damaged in [flipped, Array(good[..<offset])] {
        try FileManager.default.removeItem(atPath: runs.folder("half"))
        try FileManager.default.copyItem(
          atPath: runs.folder("copy"), toPath: runs.folder("half"))
        runs.put(damaged, in: file)
        let listener = Listener()
        #expect(try runs.resume("half", listener: listener) == 0)
        #expect(listener.warnings.first?.hasPrefix("warning: ") == true)
        #expect(runs.differences("whole", "half") == [], "at byte \(offset)")
        places += 1
      }
    }
    #expect(places > 10)
    print("checkpoints damaged: \(places), none lost")
  }

  @Test func twoDamagedCheckpointsAreReported() throws {
    let runs = try runs()
    for name in ["state.nnx", "state.previous.nnx"] {
      runs.put([1, 2, 3], in: "half/checkpoints/\(name)")
    }
    expectRefusal(
      runs,
      """
      3 error: '$/half/checkpoints/state.nnx' is damaged: it ends after 3 bytes
      note: '$/half/checkpoints/state.previous.nnx' is damaged: it ends after 3 bytes
      """)
  }

  /// A file that cannot be read may be valid: no older one is used.
  @Test func aCheckpointThatCannotBeReadIsNotReplaced() throws {
    let runs = try runs()
    let before = runs.tree("half")
    let fileSystem = FileSystem { operation, path in
      operation == .read && path.hasSuffix("/state.nnx") ? EIO : 0
    }
    let error = thrown(replacing: runs.path) { try runs.resume("half", fileSystem) }
    #expect(
      error.hasPrefix(
        "3 error: cannot read 16 bytes of '$/half/checkpoints/state.nnx': Input/output error"),
      "\(error)")
    #expect(error.hasSuffix("note: remove it to continue from the one before, if there is one"))
    #expect(changes(before, in: runs) == [])
    try FileManager.default.removeItem(atPath: runs.folder("half/checkpoints/state.nnx"))
    #expect(try runs.resume("half") == 0)
    #expect(runs.differences("whole", "half") == [])
  }

  /// Fault 39: the run of the other process is not affected.
  @Test func aRunUsedByAnotherProcessIsRefused() throws {
    let runs = try runs()
    let held = try RunDirectory.open(runs.folder("half"), exclusively: true)
    let error = thrown(replacing: runs.path) { try runs.resume("half") }
    #expect(error.hasPrefix("3 error: '$/half' is in use by process "), "\(error)")
    _ = held.path
  }
}
