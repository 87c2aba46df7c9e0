import Foundation
import TestSupport
import Testing

@testable import Files

/// Fault 60: files are replaced as a whole, under unpredictable temporary names. Partial files
/// of killed processes are removed, and other files are not changed.
@Suite struct AtomicWriteTests {
  private func write(_ text: String, to path: String) throws {
    try FileSystem.system.write(Array(text.utf8), to: path)
  }

  @Test func temporaryNamesAreRandomAndRecognized() {
    let names = (0..<1000).map { _ in PartialName.new() }
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy(PartialName.isOne))
    for name in names {
      #expect(!PartialName.isOne(name.replacingOccurrences(of: "-", with: "_")))
      #expect(!PartialName.isOne("x" + name))
      #expect(!PartialName.isOne(name + "x"))
      #expect(!PartialName.isOne(String(name.reversed())))
    }
    for name in [
      "", ".partial", ".nnexp-.partial", ".out.xml.1234.partial",
      ".nnexp-0000000000000000-0000000000000000.partial",
    ] {
      #expect(!PartialName.isOne(name), "\(name)")
    }
  }

  @Test func filesLeftByAKilledProcessAreRemovedNextTime() throws {
    let scratch = Scratch()
    for _ in 0..<3 { scratch.put("half", in: PartialName.new()) }
    try write("whole", to: scratch.path + "/out.xml")
    #expect(scratch.tree() == ["out.xml = whole"])
  }

  /// An entry with a temporary name that is not a file of nnexp is not changed, and nothing
  /// waits for it.
  @Test func foreignEntriesUnderATemporaryNameStay() throws {
    let scratch = Scratch()
    scratch.put("mine", in: "target")
    let (fifo, link, folder) = (PartialName.new(), PartialName.new(), PartialName.new())
    mkfifo(scratch.path + "/" + fifo, 0o600)
    scratch.link(link, to: "target")
    scratch.makeFolder(folder)
    // The names that versions up to 0.1.0 used.
    mkfifo(scratch.path + "/.out.xml.\(getpid()).partial", 0o600)
    scratch.put("mine", in: ".other.\(getpid()).partial")
    let before = scratch.tree()
    try write("whole", to: scratch.path + "/out.xml")
    #expect(scratch.tree() == (before + ["out.xml = whole"]).sorted())
    #expect(scratch.text("target") == "mine")
  }

  @Test func aFileThatAnotherProcessWritesStays() throws {
    let scratch = Scratch()
    let name = PartialName.new()
    scratch.put("half", in: name)
    let other = open(scratch.path + "/" + name, O_RDWR)
    defer { close(other) }
    #expect(flock(other, LOCK_EX) == 0)
    try write("whole", to: scratch.path + "/out.xml")
    #expect(scratch.tree() == ["\(name) = half", "out.xml = whole"])
  }

  @Test func aLinkIsReplacedAndItsTargetStays() throws {
    let scratch = Scratch()
    scratch.put("mine", in: "target")
    scratch.link("out.xml", to: "target")
    try write("whole", to: scratch.path + "/out.xml")
    #expect(scratch.tree() == ["out.xml = whole", "target = mine"])
  }

  /// Processes that remove partial files do not remove each other's.
  @Test func manyWritersAtOnceLeaveOneWholeFile() async throws {
    let scratch = Scratch()
    let texts = (0..<8).map { String(repeating: "\($0)", count: 10_000) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for text in texts {
        group.addTask {
          for _ in 0..<50 {
            try FileSystem.system.write(Array(text.utf8), to: scratch.path + "/out.txt")
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try scratch.tree().map { try #require($0.split(separator: " ").first) } == ["out.txt"])
    #expect(texts.contains(scratch.text("out.txt")))
  }

  @Test func aNameAsLongAsTheSystemAllowsCanBeReplaced() throws {
    let scratch = Scratch()
    let name = String(repeating: "n", count: 255)
    for text in ["one", "two"] {
      try write(text, to: scratch.path + "/" + name)
      #expect(scratch.tree() == ["\(name) = \(text)"])
    }
  }
}
