import Foundation
import NNExp
import TestSupport
import Testing

@testable import Files
@testable import Results

// MARK: Numbers

@Test func runsAreNumberedAndTheNewestIsLinked() throws {
  let scratch = Scratch()
  for number in 1...3 {
    let run = try scratch.run()
    #expect(run.path == "\(scratch.results)/xor/run-000\(number)")
  }
  #expect(
    scratch.tree() == [
      "results/",
      "results/xor/",
      "results/xor/latest -> run-0003",
      "results/xor/run-0001/", "results/xor/run-0001/.lock = a run of nnexp\n",
      "results/xor/run-0001/checkpoints/",
      "results/xor/run-0002/", "results/xor/run-0002/.lock = a run of nnexp\n",
      "results/xor/run-0002/checkpoints/",
      "results/xor/run-0003/", "results/xor/run-0003/.lock = a run of nnexp\n",
      "results/xor/run-0003/checkpoints/",
    ])
}

@Test(arguments: [
  (["run-0041"], "run-0042"),
  (["run-9999"], "run-10000"),
  (["run-0002", "run-0010"], "run-0011"),
  // None of these is the number of a run.
  (
    ["run-7", "run-00x1", "run-", "run-99999999999999999999", "sun-0009", "run-0003.old"],
    "run-0001"
  ),
])
func theNextNumberFollowsTheHighest(_ taken: [String], _ expected: String) throws {
  let scratch = Scratch()
  for name in taken { scratch.makeFolder("results/xor/" + name) }
  #expect(try scratch.run().path == "\(scratch.results)/xor/\(expected)")
}

@Test func aFileCanTakeANumber() throws {
  let scratch = Scratch()
  scratch.makeFolder("results/xor")
  scratch.put("mine", in: "results/xor/run-0001")
  #expect(try scratch.run().path.hasSuffix("/run-0002"))
  #expect(scratch.text("results/xor/run-0001") == "mine")
}

@Test func fiftyRunsAtOnceGetFiftyNumbers() async throws {
  let scratch = Scratch()
  let paths = try await withThrowingTaskGroup(of: String.self) { group in
    for _ in 0..<50 { group.addTask { try scratch.run().path } }
    return try await group.reduce(into: []) { $0.append($1) }
  }
  #expect(Set(paths).count == 50)
  let numbers = (1...50).map { "run-00" + ($0 < 10 ? "0" : "") + String($0) }
  #expect(paths.sorted() == numbers.map { "\(scratch.results)/xor/\($0)" })
  #expect(scratch.tree().contains("results/xor/latest -> run-0050"))
  #expect(!scratch.tree().contains { $0.contains("/.latest") })
}

// MARK: --output

@Test(arguments: ["out", "out/", "deep/down/out", "deep//out//"])
func outputIsCreated(_ output: String) throws {
  let scratch = Scratch()
  let path = scratch.path + "/" + output
  let run = try RunDirectory.create(name: "xor", under: scratch.results, output: path)
  #expect(run.path == path)
  try run.write("here", to: "file")
  #expect(scratch.text(output + "/file") == "here")
  #expect(!scratch.tree().contains("results/"))
}

@Test func anEmptyOutputIsUsed() throws {
  let scratch = Scratch()
  scratch.makeFolder("out")
  _ = try RunDirectory.create(name: "xor", output: scratch.path + "/out")
  #expect(scratch.tree() == ["out/", "out/.lock = a run of nnexp\n", "out/checkpoints/"])
}

@Test func outputIsNeverOverwritten() throws {
  let scratch = Scratch()
  scratch.makeFolder("out")
  scratch.put("mine", in: "out/thesis.tex")
  scratch.put("mine", in: "file")
  let before = scratch.tree()
  func attempt(_ output: String) -> String {
    thrown(replacing: scratch.path) {
      try RunDirectory.create(name: "xor", output: output.isEmpty ? "" : scratch.path + output)
    }
  }
  #expect(
    attempt("/out")
      == "2 error: '$/out' is not empty; --output needs a new or empty folder, so that no run is overwritten"
  )
  #expect(
    attempt("/file") == """
      3 error: cannot open the folder '$/file': Not a directory
      note: choose a writable location with --output
      """)
  #expect(
    attempt("/file/out") == """
      3 error: cannot create the folder '$/file/out': Not a directory
      note: choose a writable location with --output
      """)
  #expect(attempt("") == "2 error: --output names no folder; write a path such as 'results/mine'")
  #expect(scratch.tree() == before)
}

/// Fault 53: only the files of an unfinished run are reused, which the mark in its `.lock`
/// identifies. Links are never followed.
@Test(arguments: [
  "a lock alone that is not empty", "another program's lock", "a lock that is a link",
  "a file that no run makes", "a link for a file", "a link for the checkpoints",
  "a file among the checkpoints", "a link among the checkpoints", "a folder for a file",
])
func foreignFoldersAreRefusedAndStay(_ kind: String) throws {
  let scratch = Scratch()
  scratch.makeFolder("elsewhere/checkpoints")
  scratch.put("mine", in: "elsewhere/state.nnx")
  scratch.put("mine", in: "elsewhere/checkpoints/state.nnx")
  scratch.put("a run of nnexp\n", in: "elsewhere/lock")
  scratch.makeFolder("out")
  if kind != "a lock that is a link" { scratch.put("a run of nnexp\n", in: "out/.lock") }
  switch kind {
  case "a lock alone that is not empty": scratch.put("4711", in: "out/.lock")
  case "another program's lock":
    scratch.put("", in: "out/.lock")
    scratch.put("mine", in: "out/experiment.yaml")
  case "a lock that is a link": scratch.link("out/.lock", to: "../elsewhere/lock")
  case "a file that no run makes": scratch.put("mine", in: "out/thesis.tex")
  case "a link for a file": scratch.link("out/metrics.csv", to: "../elsewhere/state.nnx")
  case "a link for the checkpoints":
    scratch.link("out/checkpoints", to: "../elsewhere/checkpoints")
  case "a file among the checkpoints":
    scratch.makeFolder("out/checkpoints")
    scratch.put("mine", in: "out/checkpoints/weights.bin")
  case "a link among the checkpoints":
    scratch.makeFolder("out/checkpoints")
    scratch.link("out/checkpoints/state.nnx", to: "../../elsewhere/state.nnx")
  default: scratch.makeFolder("out/metrics.csv")
  }
  let before = scratch.tree()
  #expect(
    thrown(replacing: scratch.path) {
      try RunDirectory.create(name: "xor", output: scratch.path + "/out")
    }
      == "2 error: '$/out' is not empty; --output needs a new or empty folder, so that no run is overwritten"
  )
  #expect(scratch.tree() == before)
}

/// The files of a run that was killed before it had its `run.json` are reused.
@Test func aRunThatNeverBeganIsReplaced() throws {
  let scratch = Scratch()
  scratch.makeFolder("out/checkpoints")
  scratch.put("a run of nnexp\n", in: "out/.lock")
  for name in [
    "experiment.yaml", "metrics.csv", PartialName.new(), "checkpoints/state.nnx",
    "checkpoints/state.previous12.nnx", "checkpoints/\(PartialName.new())",
  ] {
    scratch.put("half", in: "out/" + name)
  }
  _ = try RunDirectory.create(name: "xor", output: scratch.path + "/out")
  #expect(scratch.tree() == ["out/", "out/.lock = a run of nnexp\n", "out/checkpoints/"])
}

@Test func aSecondRunOnOneOutputIsRefused() throws {
  let scratch = Scratch()
  let path = scratch.path + "/out"
  let first = try RunDirectory.create(name: "xor", output: path)
  let before = scratch.tree()
  #expect(
    thrown { try RunDirectory.create(name: "xor", output: path) }
      == "3 error: '\(path)' is in use by process \(getpid()); wait until that has ended, or start a new run"
  )
  #expect(scratch.tree() == before)
  withExtendedLifetime(first) {}
}

// MARK: What is in the way

@Test func filesInTheWayAreReportedAndStay() {
  for place in ["results", "results/xor"] {
    let scratch = Scratch()
    if place != "results" { scratch.makeFolder("results") }
    scratch.put("mine", in: place)
    let before = scratch.tree()
    #expect(
      thrown(replacing: scratch.path) { try scratch.run() }
        == (place == "results"
          ? """
          3 error: cannot create the folder '$/results/xor': Not a directory
          note: choose a writable location with --output
          """
          : """
          3 error: cannot open the folder '$/results/xor': Not a directory
          note: choose a writable location with --output
          """))
    #expect(scratch.tree() == before)
  }
}

@Test func aFolderInPlaceOfTheLinkIsReportedAndStays() {
  let scratch = Scratch()
  scratch.makeFolder("results/xor/latest")
  scratch.put("mine", in: "results/xor/latest/file")
  let before = scratch.tree()
  #expect(
    thrown(replacing: scratch.path) { try scratch.run() }
      == "3 error: cannot replace '$/results/xor/latest': Is a directory")
  #expect(scratch.tree() == before)
}

@Test(arguments: ["results", "results/xor"])
func linksThatLeadOutAreRefused(_ place: String) {
  let scratch = Scratch()
  let elsewhere = Scratch()
  if place != "results" { scratch.makeFolder("results") }
  scratch.link(place, to: elsewhere.path)
  let before = scratch.tree()
  #expect(
    thrown(replacing: scratch.path) { try scratch.run() }
      == "3 error: '$/\(place)' is a link that leads out of '$', to '\(elsewhere.path)'; choose the location of the run with --output"
  )
  #expect(scratch.tree() == before)
  #expect(elsewhere.tree() == [])
}

@Test func linksThatStayInsideAreFollowed() throws {
  let scratch = Scratch()
  scratch.makeFolder("disk")
  scratch.link("results", to: "disk")
  _ = try scratch.run()
  #expect(scratch.tree().contains("disk/xor/run-0001/"))
}

@Test func brokenAndCircularLinksAreReported() {
  let scratch = Scratch()
  scratch.link("results", to: "gone")
  #expect(
    thrown(replacing: scratch.path) { try scratch.run() }
      == "3 error: cannot resolve '$/results': No such file or directory")
  let circle = Scratch()
  circle.link("results", to: "results")
  #expect(
    thrown(replacing: circle.path) { try circle.run() } == """
      3 error: cannot resolve '$/results': Too many levels of symbolic links
      note: choose a writable location with --output
      """)
}

// MARK: Opening

@Test func aHeldRunCanBeOpenedForReading() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  try run.write("{}", to: "run.json")
  let reader = try RunDirectory.open(run.path)
  #expect(try reader.read("run.json") == Array("{}".utf8))
  #expect(
    thrown(replacing: scratch.path) { try RunDirectory.open(run.path, exclusively: true) }
      == "3 error: '$/results/xor/run-0001' is in use by process \(getpid()); wait until that has ended, or start a new run"
  )
  #expect(
    thrown(replacing: scratch.path) { try reader.read("summary.json") }
      == "3 error: '$/results/xor/run-0001' has no summary.json")
}

@Test func aRunThatEndedIsOpenedExclusively() throws {
  let scratch = Scratch()
  var path = ""
  do {
    let run = try scratch.run()
    try run.write("{}", to: "run.json")
    path = run.path
  }
  scratch.put("half", in: "results/xor/run-0001/\(PartialName.new())")
  scratch.put("half", in: "results/xor/run-0001/checkpoints/\(PartialName.new())")
  let run = try RunDirectory.open(path, exclusively: true)
  #expect(
    scratch.tree() == [
      "results/", "results/xor/", "results/xor/latest -> run-0001", "results/xor/run-0001/",
      "results/xor/run-0001/.lock = a run of nnexp\n", "results/xor/run-0001/checkpoints/",
      "results/xor/run-0001/run.json = {}",
    ])
  withExtendedLifetime(run) {}
}

@Test func aFolderThatIsNotARunIsNotOpened() {
  let scratch = Scratch()
  scratch.makeFolder("other")
  scratch.put("", in: "file")
  scratch.makeFolder("odd/run.json")
  func attempt(_ name: String) -> String {
    thrown(replacing: scratch.path) { try RunDirectory.open(scratch.path + name) }
  }
  #expect(attempt("/other") == "2 error: '$/other' is not a run: it has no run.json")
  #expect(attempt("/gone") == "2 error: there is no run folder '$/gone'")
  #expect(attempt("/file") == "2 error: there is no run folder '$/file'")
  #expect(attempt("/odd") == "3 error: '$/odd/run.json' is not a regular file")
}

@Test func pipesAreRefusedAtOnce() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  mkfifo(run.path + "/run.json", 0o600)
  #expect(
    thrown(replacing: scratch.path) { try RunDirectory.open(run.path) }
      == "3 error: '$/results/xor/run-0001/run.json' is not a regular file")
}

// MARK: Writing

@Test func aFileIsReplacedAsAWhole() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  for durably in [false, true] {
    try run.write("first", to: "a.txt", durably: durably)
    try run.write("second", to: "a.txt", durably: durably)
    try run.write([0, 255], to: "checkpoints/b", durably: durably)
    #expect(scratch.text("results/xor/run-0001/a.txt") == "second")
    #expect(scratch.bytes("results/xor/run-0001/checkpoints/b") == [0, 255])
  }
  #expect(!scratch.tree().contains { $0.contains("partial") })
}

@Test func aDeletedRunIsNotCreatedAgain() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  let csv = try CSVWriter("metrics.csv", columns: ["epoch"], in: run)
  try csv.append([1])
  try FileManager.default.removeItem(atPath: run.path)
  // Another run gets its number; this run must not write to it.
  let other = try scratch.run()
  #expect(other.path == run.path)
  #expect(
    thrown(replacing: scratch.path) { try run.write("x", to: "a.txt") }
      == "3 error: cannot create '$/results/xor/run-0001/a.txt': No such file or directory")
  #expect(
    thrown(replacing: scratch.path) { try run.save(Checkpoint(info: [:], tensors: []), as: .last) }
      == "3 error: cannot create '$/results/xor/run-0001/checkpoints/last.nnx': No such file or directory"
  )
  #expect(
    thrown(replacing: scratch.path) { try csv.flush() }
      == "3 error: '$/results/xor/run-0001/metrics.csv' was deleted while the run was writing to it"
  )
  #expect(
    scratch.tree().suffix(3) == [
      "results/xor/run-0001/", "results/xor/run-0001/.lock = a run of nnexp\n",
      "results/xor/run-0001/checkpoints/",
    ])
}

@Test func filesOutsideRunsAreReplacedAndDevicesWrittenTo() throws {
  let scratch = Scratch()
  let path = scratch.path + "/predictions.csv"
  try FileSystem.system.write(Array("a".utf8), to: path)
  try FileSystem.system.write(Array("b".utf8), to: path)
  #expect(scratch.tree() == ["predictions.csv = b"])
  // Devices are written to, not replaced.
  let link = scratch.path + "/null"
  scratch.link("null", to: "/dev/null")
  try FileSystem.system.write(Array("b".utf8), to: link)
  #expect(scratch.tree() == ["null -> /dev/null", "predictions.csv = b"])
  #expect(
    thrown { try FileSystem.system.write(Array("four".utf8), to: "/dev/full") } == """
      3 error: cannot write 4 bytes to '/dev/full': No space left on device
      note: free some space there, or choose another location with --output
      """)
  #expect(
    thrown(replacing: scratch.path) { try FileSystem.system.write([], to: scratch.path) }
      == "3 error: cannot open '$': Is a directory")
}
