import Foundation
import NNExp
import TestSupport
import Testing

@testable import Datasets

/// Samples that are read from their files when they are needed. `TestFolder.load` compares
/// every loading of these tests with data in memory.
@Suite struct StreamingTests {
  /// Tables with numbers, texts, quotes and every kind of split and scale.
  @Test(arguments: 0..<12)
  func randomTablesAreTheSameHeldAndStreamed(seed: UInt64) throws {
    let random = RandomStream(seed: seed, purpose: "streamed table")
    let count = 20 + random.integer(below: 200, at: 0)
    let end = ["\n", "\r\n", "\r"][random.integer(below: 3, at: 1)]
    var lines = ["x,\"a \"\"name\"\"\",part,colour,t"]
    for row in 0..<count {
      let values = (0..<2).map { String(random.stream(row).normal(at: $0) * 1e3) }
      let part = ["train", "train", "validation", "test"][row % 4]
      let colour = ["red", "\"deep, \"\"dark\"\"\nblue\"", "green"][
        random.stream(row).integer(below: 3, at: 9)]
      lines.append("\(values[0]),\"\(values[1])\",\(part),\(colour),\(row % 3)")
    }
    let folder = try TestFolder(["a.csv": lines.joined(separator: end)])
    for rest in [
      "split: {column: part}", "split: {validation: 0.2, test: 0.1}\nscale: standardize",
      "target_kind: classes\nsplit: {validation: 0.3, stratified: true}\nscale: min_max",
      "target_kind: classes\none_hot: true\nlimit: 11", "validation: {csv: a.csv}",
    ] {
      let data = try folder.load("csv: a.csv\n" + rest, as: Float.self, seed: seed)
      #expect(data.train.count > 0)
    }
  }

  private func arrays(_ count: Int) throws -> TestFolder {
    func big(_ value: Int) -> [UInt8] {
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
    let images = [0, 0, 8, 2] + big(count) + big(3)
    return try TestFolder([
      "x.idx": images + (0..<count * 3).map { UInt8(truncatingIfNeeded: $0 * 7) },
      "t.idx": [0, 0, 8, 1] + big(count) + (0..<count).map { UInt8($0 % 5) },
    ])
  }

  /// Samples can be read in any order and repeatedly.
  @Test func samplesAreReadInAnyOrder() throws {
    let folder = try arrays(500)
    let declaration = try folder.declaration(
      "idx: {inputs: x.idx, targets: t.idx}\nscale: {inputs: min_max, targets: standardize}")
    let held = try declaration.load(as: Double.self, seed: 1)
    for stride in [1, 10, 100, 1 << 18] {
      let streamed = try declaration.assemble(
        as: Double.self, seed: 1, FileShelf(isStreamed: true, stride: stride))
      for attempt in 0..<20 {
        let order = RandomStream(seed: 7, purpose: "order").stream(attempt).permutation(500)
        let count = attempt * 5 + 1
        var inputs = [Double](repeating: 0, count: count * 3)
        var targets = [Double](repeating: 0, count: count)
        var inputSpan = inputs.mutableSpan
        var targetSpan = targets.mutableSpan
        try streamed.train.read(count, inputs: &inputSpan, targets: &targetSpan) { order[$0] }
        #expect(inputs == order.prefix(count).flatMap { held.train.inputs[3 * $0..<3 * $0 + 3] })
        #expect(targets == order.prefix(count).map { held.train.targets[$0] })
      }
    }
  }

  @Test func memoryGrowsOnlyByTwoIntegersPerSample() throws {
    let section = "idx: {inputs: x.idx, targets: t.idx}\nclasses: 5\nstream: true"
    let few = try arrays(100).load(section)
    let many = try arrays(10_000).load(section)
    // The memory of a class index and a row number.
    #expect(many.bytes - few.bytes == 9_900 * (8 + 8))
    #expect(many.train.inputs.isEmpty && many.train.hasTargets)
  }

  /// The file of numbers has no name, and the file of text is not read again.
  @Test func theNumbersOfAStreamedTableAreStored() throws {
    let rows = (0..<100).map { "\(3 * $0),\(["red", "blue"][$0 % 2]),\(100 - $0)\n" }.joined()
    let folder = try TestFolder(["a.csv": "x,colour,t\n" + rows])
    let declaration = try folder.declaration("csv: a.csv\nstream: true")
    let data = try declaration.load(as: Double.self, seed: 1, scratch: folder.path + "/none/yet")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.csv"])
    #expect(data.announcements.map(\.message) == [])
    try FileManager.default.removeItem(atPath: folder.path + "/a.csv")
    let samples = try data.train.held(40..<42)
    #expect(samples.inputs == [120, 0, 1, 123, 1, 0])
    #expect(samples.targets == [60, 59])
    // One window and a row number per sample are in memory, but not the positions of the lines.
    #expect(data.bytes == 1 << 18 + 100 * MemoryLayout<Int>.stride)
  }

  /// If the numbers cannot be stored, the text is parsed again.
  @Test(.enabled(if: SmallDisk.isAvailable, "file systems cannot be mounted here"))
  func aFullDiskIsAnnounced() throws {
    let rows = (0..<5000).map { "\(3 * $0),\(["red", "blue"][$0 % 2]),\(100 - $0)\n" }.joined()
    let folder = try TestFolder(["a.csv": "x,colour,t\n" + rows])
    let disk = try #require(SmallDisk(at: folder.path + "/disk", kilobytes: 16))
    let declaration = try folder.declaration("csv: a.csv\nstream: true")
    let data = try declaration.load(as: Double.self, seed: 1, scratch: folder.path + "/disk")
    #expect(
      data.announcements.map { $0.description.replacing(folder.path + "/", with: "") } == [
        """
        warning: the rows of 'a.csv' are parsed again in each epoch, because their numbers cannot \
        be stored: cannot write 120000 bytes to 'disk/a temporary file': No space left on device
        note: free some space there, or choose another location with --output
        """
      ])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/disk") == [])
    #expect(try data.train.held(4999..<5000).inputs == [14997, 1, 0])
    withExtendedLifetime(disk) {}
  }

  // MARK: Refusals

  private func errors(_ folder: TestFolder, _ section: String) -> String {
    folder.errors {
      _ = try folder.declaration(section + "\nstream: true").load(as: Float.self, seed: 1)
    }
  }

  @Test func onlyCSVIDXAndNPYDataCanBeStreamed() throws {
    let folder = try TestFolder([:] as [String: [UInt8]])
    let expected = """
      test.yaml:2:9: error: only csv, idx and npy data can be streamed
          stream: true
                  ^
      """
    #expect(errors(folder, "inline: {inputs: [1, 2], targets: [1, 2]}") == expected)
    #expect(errors(folder, "npz: a.npz") == expected)
  }

  @Test func compressedFilesCannotBeStreamed() throws {
    let fixture = try Fixtures<[ArrayFixture]>.read("idx").first { $0.name.contains(".gz") }!
    let folder = try TestFolder(["a.gz": Array(fixture.bytes)])
    #expect(
      errors(folder, "idx: {inputs: a.gz, targets: a.gz}") == """
        test.yaml:1:15: error: 'a.gz': a .gz file cannot be read in parts; unpack it, or leave \
        'stream' out
            idx: {inputs: a.gz, targets: a.gz}
                          ^
        """)
  }

  @Test func arraysInFortranOrderCannotBeStreamed() throws {
    let fixture = try Fixtures<[ArrayFixture]>.read("npy").first { $0.name.contains(" F [3, 2") }!
    let folder = try TestFolder(["a.npy": Array(fixture.bytes)])
    #expect(
      errors(folder, "npy: {inputs: a.npy, targets: a.npy}") == """
        test.yaml:1:15: error: 'a.npy': the array is in Fortran order, in which single samples \
        cannot be read; save it in C order, or leave 'stream' out
            npy: {inputs: a.npy, targets: a.npy}
                          ^
        """)
  }

  @Test func aRecordWithoutAnEndIsReported() throws {
    let folder = try TestFolder([
      "a.csv": "x,t\n1,2\n3,\"4" + String(repeating: "\n5,6", count: 1000)
    ])
    let declaration = try folder.declaration("csv: a.csv")
    #expect(
      folder.errors {
        do {
          _ = try declaration.assemble(
            as: Float.self, seed: 1, FileShelf(isStreamed: true, stride: 16))
        } catch {
          var diagnostics = Diagnostics()
          diagnostics.add(error)
          throw diagnostics
        }
      } == """
        a.csv:3:1: error: no line ends within 1024 bytes outside of quotes; is a quote not closed?
            3,"4
            ^
        """)
  }

  /// Training uses exactly the bytes that were checked and hashed, or fails.
  @Test(arguments: ["changed", "shorter", "longer"])
  func aFileThatChangesWhileInUseIsReported(how: String) throws {
    let folder = try arrays(100)
    let data = try folder.declaration("idx: {inputs: x.idx, targets: t.idx}")
      .assemble(as: Float.self, seed: 1, FileShelf(isStreamed: true, stride: 10))
    let path = folder.path + "/x.idx"
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    switch how {
    case "changed":
      try file.write(contentsOf: Data([0, 0, 8, 2]))
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
    case "shorter": try file.truncate(atOffset: 20)
    default: try file.truncate(atOffset: 2000)
    }
    try file.close()
    do {
      _ = try data.train.held(90..<100)
      Issue.record("read from a file that is \(how)")
    } catch let diagnostic as Diagnostic {
      #expect(
        "\(diagnostic)".replacing(folder.path + "/", with: "") == """
          test.yaml:1:15: error: 'x.idx' was changed while it was in use
              idx: {inputs: x.idx, targets: t.idx}
                            ^
          """)
      #expect(diagnostic.failure == .environment)
    }
  }
}
