import Foundation
import NNExp
import Synchronization
import TestSupport
import Testing

@testable import Files
@testable import Results

private func checkpoint(_ epoch: Int) -> Checkpoint {
  Checkpoint(info: ["epoch": .int(epoch)], tensors: [.init("w", values: [Double(epoch)])])
}

// MARK: One operation fails

/// Runs `body` once for every operation that it performs, with that operation failing. Then
/// `check` inspects the result, and whether `body` threw.
private func withEveryFault(
  code: Int32 = ENOSPC, kills: Bool = false, prepare: (Scratch) throws -> Void = { _ in },
  body: (Scratch, FileSystem) throws -> Void,
  check: (_ scratch: Scratch, _ before: [String], _ message: String, _ index: Int) throws -> Void
) throws {
  var index = 0
  while true {
    let scratch = Scratch()
    try prepare(scratch)
    let before = scratch.tree()
    let fault = FileFault(at: index, code: code, kills: kills)
    let message = thrown(replacing: scratch.path) { try body(scratch, fault.fileSystem) }
    if fault.operations <= index { break }
    try check(scratch, before, message, index)
    index += 1
  }
  #expect(index > 0)
}

@Test(arguments: [ENOSPC, EACCES, EROFS, EIO, EMFILE])
func aRunThatCannotBeCreatedLeavesNothing(_ code: Int32) throws {
  try withEveryFault(code: code) { scratch, fileSystem in
    _ = try scratch.run("xor", fileSystem)
  } check: { scratch, before, message, index in
    // Only the last call, which searches for newer runs, may fail without an error.
    if message == "no error" {
      #expect(scratch.tree().contains("results/xor/latest -> run-0001"), "operation \(index)")
    } else {
      #expect(message.hasPrefix("3 error: cannot "), "operation \(index)")
      #expect(message.contains(String(cString: strerror(code))))
      #expect(scratch.tree() == before, "operation \(index)")
    }
  }
}

@Test func aSecondRunThatCannotBeCreatedLeavesTheFirst() throws {
  try withEveryFault { scratch in
    let run = try scratch.run()
    try run.write("mine", to: "summary.json")
  } body: { scratch, fileSystem in
    _ = try scratch.run("xor", fileSystem)
  } check: { scratch, before, message, index in
    if message != "no error" { #expect(scratch.tree() == before, "operation \(index)") }
  }
}

@Test func anOutputThatCannotBeCreatedLeavesNothing() throws {
  try withEveryFault { scratch, fileSystem in
    _ = try RunDirectory.create(
      name: "xor", output: scratch.path + "/a/b/c", fileSystem: fileSystem)
  } check: { scratch, before, message, index in
    #expect(message.hasPrefix("3 error: cannot "), "operation \(index)")
    #expect(scratch.tree() == before, "operation \(index)")
  }
}

/// A run that is created without faults, then opened with a file system with faults.
private func sound(_ scratch: Scratch) throws {
  let run = try scratch.run()
  try run.write("{}", to: "run.json")
  try run.write("old", to: "a.txt")
  try run.save(checkpoint(1), as: .state)
  try run.save(checkpoint(2), as: .state)
}

@Test(arguments: [false, true])
func aFileThatCannotBeWrittenKeepsItsBytes(_ durably: Bool) throws {
  try withEveryFault(prepare: sound) { scratch, fileSystem in
    let run = try RunDirectory.open(scratch.results + "/xor/run-0001", fileSystem: fileSystem)
    try run.write("new", to: "a.txt", durably: durably)
  } check: { scratch, before, message, index in
    #expect(message.hasPrefix("3 error: cannot "), "operation \(index)")
    // If only flushing the folder failed, the new bytes are there.
    let after = scratch.tree().map { $0.replacingOccurrences(of: "= new", with: "= old") }
    #expect(after == before, "operation \(index)")
    #expect(after == scratch.tree() || message.contains("cannot flush"), "operation \(index)")
  }
}

@Test func aCheckpointThatCannotBeWrittenLeavesAGoodOne() throws {
  try withEveryFault(prepare: sound) { scratch, fileSystem in
    let run = try RunDirectory.open(scratch.results + "/xor/run-0001", fileSystem: fileSystem)
    try run.save(checkpoint(3), as: .state, durably: true)
  } check: { scratch, _, message, index in
    #expect(message.hasPrefix("3 error: cannot "), "operation \(index)")
    #expect(!scratch.tree().contains { $0.contains("partial") }, "operation \(index)")
    let run = try RunDirectory.open(scratch.results + "/xor/run-0001")
    let found = try #require(try run.checkpoint(.state))
    #expect([checkpoint(2), checkpoint(3)].contains(found.checkpoint), "operation \(index)")
    #expect(found.warning == nil)
  }
}

@Test func aRowThatCannotBeWrittenIsTakenBack() throws {
  let scratch = Scratch()
  let fails = Atomic(false)
  let fileSystem = FileSystem { operation, _ in
    operation == .write && fails.load(ordering: .relaxed) ? ENOSPC : 0
  }
  let run = try scratch.run("xor", fileSystem)
  let csv = try CSVWriter("metrics.csv", columns: ["epoch"], in: run)
  try csv.append([1])
  try csv.flush()
  fails.store(true, ordering: .relaxed)
  try csv.append([2])
  for _ in 0..<2 {
    #expect(
      thrown(replacing: run.path) { try csv.flush() } == """
        3 error: cannot write 2 bytes to '$/metrics.csv': No space left on device
        note: free some space there, or choose another location with --output
        """)
  }
  #expect(scratch.text("results/xor/run-0001/metrics.csv") == "epoch\n1\n")
  fails.store(false, ordering: .relaxed)
  try csv.append([3])
  try csv.flush()
  #expect(scratch.text("results/xor/run-0001/metrics.csv") == "epoch\n1\n2\n3\n")
}

@Test func aFailedFlushIsNotRepeated() throws {
  let scratch = Scratch()
  let flushes = Atomic(0)
  let fileSystem = FileSystem { operation, _ in
    guard operation == .synchronize else { return 0 }
    flushes.add(1, ordering: .relaxed)
    return EIO
  }
  let run = try scratch.run("xor", fileSystem)
  #expect(
    thrown(replacing: run.path) { try run.write("x", to: "a.txt", durably: true) }
      == "3 error: cannot flush '$/a.txt': Input/output error")
  #expect(flushes.load(ordering: .relaxed) == 1)
}

// MARK: The process is killed

@Test func aKillWhileARunIsCreatedLeavesTheOthersWhole() throws {
  try withEveryFault(kills: true) { scratch in
    _ = try scratch.run()
  } body: { scratch, fileSystem in
    _ = try scratch.run("xor", fileSystem)
  } check: { scratch, before, _, index in
    // Existing entries stay, the link leads to a run, and the next run can be created.
    let after = scratch.tree()
    #expect(Set(before.filter { !$0.contains("latest") }).isSubset(of: after), "operation \(index)")
    let next = try scratch.run()
    #expect(scratch.tree().contains("results/xor/latest -> \(next.path.suffix(8))"))
  }
}

@Test func aKillWhileACheckpointIsWrittenLeavesAWholeOne() throws {
  try withEveryFault(kills: true, prepare: sound) { scratch, fileSystem in
    let run = try RunDirectory.open(scratch.results + "/xor/run-0001", fileSystem: fileSystem)
    try run.save(checkpoint(3), as: .state, durably: true)
  } check: { scratch, _, _, index in
    let run = try RunDirectory.open(scratch.results + "/xor/run-0001", exclusively: true)
    let found = try #require(try run.checkpoint(.state))
    #expect([checkpoint(2), checkpoint(3)].contains(found.checkpoint), "operation \(index)")
    #expect(found.warning == nil)
    #expect(!scratch.tree().contains { $0.contains("partial") }, "operation \(index)")
    // The next checkpoint can be saved as usual.
    try run.save(checkpoint(4), as: .state)
    #expect(try run.checkpoint(.state)?.checkpoint == checkpoint(4))
  }
}

// MARK: The layer itself

// A run is created completely while another is about to set the link to itself.
@Test func latestPointsToTheNewerOfTwoRuns() throws {
  let scratch = Scratch()
  let overtakes = Atomic(true)
  let fileSystem = FileSystem { operation, _ in
    if operation == .link, overtakes.exchange(false, ordering: .relaxed) {
      _ = try? scratch.run()
    }
    return 0
  }
  #expect(try scratch.run("xor", fileSystem).path.hasSuffix("/run-0001"))
  #expect(scratch.tree().contains("results/xor/latest -> run-0002"))
}

// A flush takes milliseconds; a run of a few steps must be faster.
@Test func youngRunsAreFlushedOnlyOnRequest() throws {
  let scratch = Scratch()
  let flushes = Atomic(0)
  func run(_ output: String, flushesAfter: Double) throws -> RunDirectory {
    let counting = FileSystem(flushesAfter: flushesAfter) { operation, _ in
      if operation == .synchronize { flushes.add(1, ordering: .relaxed) }
      return 0
    }
    return try scratch.run(output, counting)
  }
  let done = Summary(status: .completed, trainableParameters: 9)
  func count(_ body: () throws -> Void) rethrows -> Int {
    let before = flushes.load(ordering: .relaxed)
    try body()
    return flushes.load(ordering: .relaxed) - before
  }
  #expect(FileSystem.system.flushesAfter == 1)
  let young = try run("young", flushesAfter: .infinity)
  #expect(!young.isWorthFlushing)
  #expect(try count { try young.save(checkpoint(1), as: .state) } == 0)
  #expect(try count { try done.write(in: young) } == 0)
  #expect(try count { try young.save(checkpoint(1), as: .state, durably: true) } == 2)
  #expect(try count { try done.write(in: young, durably: true) } == 2)
  let old = try run("old", flushesAfter: 0)
  #expect(old.isWorthFlushing)
  #expect(try count { try old.save(checkpoint(1), as: .state) } == 2)
  #expect(try count { try old.save(checkpoint(1), as: .best, durably: false) } == 0)
  #expect(try count { try Summary(status: .running, trainableParameters: 9).write(in: old) } == 0)
  #expect(try count { try done.write(in: old) } == 2)
}

@Test func everyOperationIsIntercepted() throws {
  let scratch = Scratch()
  let record = FileFault(at: .max)
  let run = try scratch.run("xor", record.fileSystem)
  try run.write("x", to: "a.txt", durably: true)
  let home = scratch.path
  #expect(
    record.history.map { $0.replacingOccurrences(of: home, with: "$") } == [
      "resolve $",
      "makeFolder $/results", "resolve $/results",
      "makeFolder $/results/xor", "resolve $/results/xor",
      "openFolder $/results/xor", "list $/results/xor",
      "makeFolder $/results/xor/run-0001", "openFolder $/results/xor/run-0001",
      "create $/results/xor/run-0001/.lock", "write $/results/xor/run-0001/.lock",
      "lock $/results/xor/run-0001/.lock",
      "makeFolder $/results/xor/run-0001/checkpoints",
      "link $/results/xor/latest", "rename $/results/xor/latest", "list $/results/xor",
      "create $/results/xor/run-0001/a.txt", "write $/results/xor/run-0001/a.txt",
      "synchronize $/results/xor/run-0001/a.txt", "close $/results/xor/run-0001/a.txt",
      "rename $/results/xor/run-0001/a.txt", "synchronize $/results/xor/run-0001",
    ])
  // Before the folder is a run, nobody reads it, and files are written directly.
  func operations(_ body: () throws -> Void) rethrows -> [String] {
    let before = record.history.count
    try body()
    return record.history.dropFirst(before).map { String($0.prefix { $0 != " " }) }
  }
  let replacing = ["create", "write", "close", "rename"]
  #expect(try operations { try run.write("x", to: "b.txt") } == ["create", "write", "close"])
  #expect(try operations { try run.write("{}", to: "run.json") } == replacing)
  #expect(try operations { try run.write("y", to: "b.txt") } == replacing)
}
