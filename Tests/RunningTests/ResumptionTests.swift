import ExperimentFile
import Files
import Foundation
import Results
import TestSupport
import Testing

/// Faults 29 and 30: a run that was stopped at any point ends with the bytes of an
/// uninterrupted run.
@Suite struct ResumptionTests {
  /// Each operation in turn is the last: all operations after it fail, as if the process had
  /// been killed. The next process continues.
  @Test(arguments: ["float32", "float64"])
  func aRunKilledAtAnyOperationResumesToTheSameBytes(dtype: String) throws {
    let runs = RunsFolder()
    let text = "dtype: \(dtype)\n" + everything
    try runs.run(text, "whole")
    var index = 0
    while true {
      let fault = FileFault(at: index, code: EIO, kills: true)
      let name = "killed \(index)"
      _ = try? runs.run(text, name, fault.fileSystemWithoutFlushes)
      if fault.operations <= index { break }
      if runs.bytes(name + "/run.json") != nil {
        #expect(try runs.resume(name) == 0, "killed at \(fault.failed)")
        #expect(runs.differences("whole", name) == [], "killed at \(fault.failed)")
      }
      try? FileManager.default.removeItem(atPath: runs.folder(name))
      index += isThorough && dtype == "float32" ? 1 : 11
    }
    #expect(index > 100)
    print(
      "operations that a \(dtype) run ended at: \(index), \(isThorough && dtype == "float32" ? "each" : "a sample"), none lost"
    )
  }

  /// A name that an earlier version accepted does not prevent resuming.
  @Test func aRunWithANameOfAnEarlierVersionResumes() throws {
    let runs = RunsFolder()
    try runs.run("whole")
    try runs.kill("it's half", after: 0.5)
    let files = ["resolved.yaml", "run.json"].map { "it's half/" + $0 }
    let texts = try files.map { String(decoding: try #require(runs.bytes($0)), as: UTF8.self) }
    let renamed = texts[0].replacing("name: eventful\n", with: "name: \"it's old\"\n")
    #expect(renamed != texts[0])
    runs.put(Array(renamed.utf8), in: files[0])
    let hashes = [texts[0], renamed].map {
      SHA256.hex(of: Experiment.withoutFolders(Array($0.utf8)))
    }
    runs.put(Array(texts[1].replacing(hashes[0], with: hashes[1]).utf8), in: files[1])
    #expect(try runs.resume("it's half") == 0)
    // The weights do not contain the experiment's name.
    #expect(
      runs.differences("whole", "it's half")
        == ["checkpoints/best.nnx", "checkpoints/last.nnx", "resolved.yaml"])
  }

  /// The same for the resumption itself.
  @Test func aResumptionKilledAtAnyOperationResumesToTheSameBytes() throws {
    let runs = RunsFolder()
    try runs.run("whole")
    try runs.kill("half", after: 0.5)
    let half = runs.folder("half")
    var index = 0
    while true {
      let name = "again \(index)"
      try FileManager.default.copyItem(atPath: half, toPath: runs.folder(name))
      let fault = FileFault(at: index, code: EIO, kills: true)
      _ = try? runs.resume(name, fault.fileSystemWithoutFlushes)
      if fault.operations <= index { break }
      #expect(try runs.resume(name) == 0, "killed at \(fault.failed)")
      #expect(runs.differences("whole", name) == [], "killed at \(fault.failed)")
      try? FileManager.default.removeItem(atPath: runs.folder(name))
      index += isThorough ? 1 : 11
    }
    #expect(index > 50)
    print(
      "operations that a resumption ended at: \(index), \(isThorough ? "each" : "a sample"), none lost"
    )
  }

  /// Between any two steps, also in the middle of an epoch.
  @Test func aRunInterruptedRepeatedlyResumesToTheSameBytes() throws {
    let runs = RunsFolder()
    let text = everything.replacing(
      "- {type: dense, units: 4}",
      with: "- {type: dense, units: 100}\n  - {type: dense, units: 100}")
    try runs.run(text, "whole")
    #expect(try runs.run(text, "often", listener: Listener(interruptingAfter: 3)) == 143)
    var interruptions = 1
    while try runs.resume("often", listener: Listener(interruptingAfter: 3)) == 143 {
      interruptions += 1
      try #require(interruptions < 100)
    }
    #expect(interruptions > 3)
    #expect(runs.differences("whole", "often") == [])
  }

  @Test(arguments: [
    "{type: sgd, learning_rate: 0.1, momentum: 0.9}", "rprop", "rmsprop", "adagrad", "adamw",
    "lbfgs",
  ])
  func everyOptimizerResumesToTheSameBytes(optimizer: String) throws {
    let runs = RunsFolder()
    var text = everything.replacing("{type: adam, learning_rate: 0.02}", with: optimizer)
    if optimizer == "lbfgs" { text = text.replacing("batch_size: 12", with: "batch_size: full") }
    try runs.run(text, "whole")
    _ = try? runs.run(
      text, "half", FileFault(at: 110, code: EIO, kills: true).fileSystemWithoutFlushes)
    #expect(try runs.resume("half") == 0)
    #expect(runs.differences("whole", "half") == [])
  }

  /// Fault 26: the resumed run diverges like the uninterrupted one.
  @Test func aDivergedRunStaysDiverged() throws {
    let runs = RunsFolder()
    let text = everything.replacing(
      "{type: adam, learning_rate: 0.02}", with: "{type: sgd, learning_rate: 1e300}")
    #expect(try runs.run(text, "whole") == 1)
    #expect(!runs.tree("whole").keys.contains { $0.contains("state") })
    let listener = Listener()
    #expect(try runs.resume("whole", listener: listener) == 1)
    #expect(listener.reports == [])
  }

  /// Fault 34.
  @Test func aCompletedRunStaysAsItIs() throws {
    let runs = RunsFolder()
    try runs.run("whole")
    let before = runs.tree("whole")
    #expect(try runs.resume("whole") == 0)
    #expect(runs.tree("whole") == before)
  }
}

extension RunsFolder {
  @discardableResult
  func run(_ name: String, _ fileSystem: FileSystem = .system) throws -> Int32 {
    try run(everything, name, fileSystem)
  }
}
