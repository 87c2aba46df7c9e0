import Files
import Foundation
import Results
import TestSupport
import Testing

/// Every run, however short, writes its record before it trains. Without a record, the folder
/// is not a run and can be reused.
@Suite struct ShortRunTests {
  private let short = """
    name: short
    data: {inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}}
    model: [{type: dense, units: 2}, sigmoid, {type: dense, units: 1}]
    loss: squared_error
    gradient_check: false
    train: {optimizer: {type: sgd, learning_rate: 0.5}, epochs: 30, record_every: 10}

    """

  @Test func theRecordIsWrittenBeforeTheTraining() throws {
    let runs = RunsFolder()
    let count = FileFault(at: .max)
    try runs.run(short, "whole", count.fileSystemWithoutFlushes)
    let created = count.history.compactMap { operation -> Substring? in
      operation.hasPrefix("create /") ? operation.split(separator: "/").last : nil
    }
    #expect(
      created == [
        ".lock", "experiment.yaml", "resolved.yaml", "columns.json", "samples.npz", "metrics.csv",
        "timing.csv", "run.json", "summary.json", "last.nnx", "run.json", "summary.json",
      ])
    #expect(count.history.count { $0.hasPrefix("link ") && $0.hasSuffix("/best.nnx") } == 1)
  }

  /// Weights that are both the last and the best are one file with two names, or two files if
  /// the file system does not support second names.
  @Test func equalLastAndBestWeightsAreOneFile() throws {
    let runs = RunsFolder()
    let without = FileSystem(flushesAfter: .infinity) { operation, path in
      operation == .link && path.hasSuffix("/best.nnx") ? EPERM : 0
    }
    try runs.run(short, "one")
    try runs.run(short, "two", without)
    func inode(_ file: String) throws -> Int? {
      let path = runs.folder("\(file).nnx")
      return try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    }
    #expect(try inode("one/checkpoints/last") == inode("one/checkpoints/best"))
    #expect(try inode("two/checkpoints/last") != inode("two/checkpoints/best"))
    #expect(runs.differences("one", "two") == [])
  }

  /// Each operation fails in turn, by itself or with all later ones.
  @Test(arguments: [ENOSPC, EIO], [false, true])
  func aShortRunSurvivesTheFailureOfAnyFileOperation(code: Int32, forGood: Bool) throws {
    let runs = RunsFolder()
    let whole = FileFault(at: .max)
    try runs.run(short, "whole", whole.fileSystemWithoutFlushes)
    var index = 0
    while true {
      let name = "failed \(index)"
      let fault = FileFault(at: index, code: code, kills: forGood)
      _ = try? runs.run(short, name, fault.fileSystemWithoutFlushes)
      if fault.operations <= index { break }
      let isRun = runs.bytes(name + "/run.json") != nil
      #expect(try isRun ? runs.resume(name) == 0 : runs.run(short, name) == 0, "\(fault.failed)")
      #expect(runs.differences("whole", name) == [], "\(fault.failed)")
      try FileManager.default.removeItem(atPath: runs.folder(name))
      index += 1
    }
    #expect(index == whole.operations)
  }
}
