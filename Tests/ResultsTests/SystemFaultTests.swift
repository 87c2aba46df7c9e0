import Foundation
import NNExp
import TestSupport
import Testing

@testable import Results

// Faults of the real kernel, in a child process if they affect the whole process.

@Test func aFileSizeLimitIsReportedAndKeepsTheOldBytes() async throws {
  let scratch = Scratch()
  await #expect(processExitsWith: .success) { [path = scratch.path as String] in
    let run = try RunDirectory.create(name: "xor", under: path + "/results")
    let csv = try CSVWriter("metrics.csv", columns: ["text"], in: run)
    var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    try run.write([UInt8](repeating: 65, count: 4096), to: "fits.txt")
    let message = thrown(replacing: run.path) {
      try run.write([UInt8](repeating: 65, count: 5000), to: "fits.txt")
    }
    try require(
      message == """
        3 error: cannot write 5000 bytes to '$/fits.txt': File too large
        note: a file-size limit is in force; see 'ulimit -f'
        """)
    try csv.append([.text(String(repeating: "a", count: 3000))])
    try csv.flush()
    try csv.append([.text(String(repeating: "b", count: 3000))])
    try require(thrown { try csv.flush() }.contains("cannot write 3001 bytes"))
    exit(0)
  }
  let expected = "text\n" + String(repeating: "a", count: 3000) + "\n"
  #expect(scratch.text("results/xor/run-0001/metrics.csv") == expected)
  #expect(scratch.bytes("results/xor/run-0001/fits.txt").count == 4096)
  #expect(!scratch.tree().contains { $0.contains("partial") })
}

@Test(.enabled(if: getuid() == 0, "only root can become another user"))
func foldersWithoutPermissionAreReported() async throws {
  let scratch = Scratch()
  scratch.makeFolder("closed/results/xor/run-0001")
  scratch.makeFolder("readable")
  chmod(scratch.path, 0o755)
  chmod(scratch.path + "/closed", 0o700)
  chmod(scratch.path + "/readable", 0o555)
  let before = scratch.tree()
  await #expect(processExitsWith: .success) { [path = scratch.path as String] in
    setuid(65534)
    // The parent folder cannot be searched.
    try require(
      thrown(replacing: path) {
        try RunDirectory.create(name: "xor", under: path + "/closed/results")
      } == """
        3 error: cannot create the folder '$/closed/results': Permission denied
        note: choose a writable location with --output
        """)
    // The folder cannot be written.
    try require(
      thrown(replacing: path) {
        try RunDirectory.create(name: "xor", under: path + "/readable/results")
      } == """
        3 error: cannot create the folder '$/readable/results': Permission denied
        note: choose a writable location with --output
        """)
    try require(
      thrown(replacing: path) {
        try RunDirectory.create(name: "xor", output: path + "/closed/out")
      } == """
        3 error: cannot create the folder '$/closed/out': Permission denied
        note: choose a writable location with --output
        """)
    exit(0)
  }
  #expect(scratch.tree() == before)
}

@Test(.enabled(if: SmallDisk.isAvailable, "file systems cannot be mounted here"))
func aFullDiskIsReportedAndKeepsTheOldBytes() throws {
  let scratch = Scratch()
  let disk = try #require(SmallDisk(at: scratch.path + "/disk", kilobytes: 64))
  defer { withExtendedLifetime(disk) {} }
  let run = try RunDirectory.create(name: "xor", under: scratch.path + "/disk/results")
  let small = Checkpoint(info: [:], tensors: [.init("w", values: [1, 2, 3] as [Double])])
  let large = Checkpoint(
    info: [:], tensors: [.init("w", values: [Double](repeating: 1, count: 20_000))])
  try run.save(small, as: .state)
  try run.write("old", to: "a.txt")
  let csv = try CSVWriter("metrics.csv", columns: ["text"], in: run)
  try csv.flush()
  #expect(
    thrown(replacing: run.path) { try run.save(large, as: .state) } == """
      3 error: cannot write 160000 bytes to '$/checkpoints/state.nnx': No space left on device
      note: free some space there, or choose another location with --output
      """)
  #expect(try run.checkpoint(.state)?.checkpoint == small)
  #expect(
    thrown(replacing: run.path) {
      try run.write([UInt8](repeating: 65, count: 70_000), to: "a.txt", durably: true)
    } == """
      3 error: cannot write 70000 bytes to '$/a.txt': No space left on device
      note: free some space there, or choose another location with --output
      """)
  #expect(try run.read("a.txt") == Array("old".utf8))
  var full = "no error"
  while full == "no error" {
    full = thrown { try csv.append([.text(String(repeating: "r", count: 999))]) }
  }
  #expect(full.contains("No space left on device"))
  let rows = try run.read("metrics.csv")
  #expect(rows == Array("text\n".utf8))
  #expect(try run.folder.entries() == [".lock", "a.txt", "checkpoints", "metrics.csv"])
  #expect(try run.folder.openFolder("checkpoints").entries() == ["state.nnx"])
}

@Test(.enabled(if: SmallDisk.isAvailable, "file systems cannot be mounted here"))
func aReadOnlyDiskIsReported() throws {
  let scratch = Scratch()
  let disk = try #require(SmallDisk(at: scratch.path + "/disk", kilobytes: 64))
  defer { withExtendedLifetime(disk) {} }
  mkdir(scratch.path + "/disk/results", 0o755)
  #expect(mount("tmpfs", scratch.path + "/disk", "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
  #expect(
    thrown(replacing: scratch.path + "/disk") {
      try RunDirectory.create(name: "xor", under: scratch.path + "/disk/results")
    } == """
      3 error: cannot create the folder '$/results/xor': Read-only file system
      note: choose a writable location with --output
      """)
}

@Test func aKilledProcessReleasesItsRun() async throws {
  let scratch = Scratch()
  await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
    let run = try RunDirectory.create(name: "xor", under: path + "/results")
    try run.write("{}", to: "run.json")
    let csv = try CSVWriter("metrics.csv", columns: ["epoch"], in: run)
    try csv.append([1])
    try csv.flush()
    try csv.append([2])
    kill(getpid(), SIGKILL)
  }
  #expect(scratch.text("results/xor/run-0001/metrics.csv") == "epoch\n1\n")
  _ = try RunDirectory.open(scratch.results + "/xor/run-0001", exclusively: true)
}

@Test func processesGetDifferentRunNumbers() async throws {
  let scratch = Scratch()
  await withTaskGroup(of: Void.self) { group in
    for _ in 0..<4 {
      group.addTask {
        await #expect(processExitsWith: .success) { [path = scratch.path as String] in
          for _ in 0..<25 { _ = try RunDirectory.create(name: "xor", under: path + "/results") }
          exit(0)
        }
      }
    }
  }
  let folders = scratch.tree().filter {
    $0.hasPrefix("results/xor/run-") && $0.hasSuffix(".lock = a run of nnexp\n")
  }
  #expect(folders.count == 100)
  #expect(scratch.tree().contains("results/xor/latest -> run-0100"))
}

@Test func fileModesFollowTheUmask() async throws {
  let scratch = Scratch()
  await #expect(processExitsWith: .success) { [path = scratch.path as String] in
    umask(0o077)
    try RunDirectory.create(name: "private", under: path + "/results").write("x", to: "a.txt")
    umask(0o022)
    try RunDirectory.create(name: "public", under: path + "/results").write("x", to: "a.txt")
    exit(0)
  }
  func mode(_ name: String) throws -> Int? {
    let attributes = try FileManager.default.attributesOfItem(
      atPath: scratch.path + "/results/" + name)
    return attributes[.posixPermissions] as? Int
  }
  #expect(try mode("private/run-0001") == 0o700)
  #expect(try mode("private/run-0001/a.txt") == 0o600)
  #expect(try mode("public/run-0001") == 0o755)
  #expect(try mode("public/run-0001/a.txt") == 0o644)
}

/// Ends a child process unsuccessfully, and prints the reason.
private func require(_ condition: Bool, line: Int = #line) throws {
  if !condition { throw Diagnostic("line \(line) does not hold") }
}
