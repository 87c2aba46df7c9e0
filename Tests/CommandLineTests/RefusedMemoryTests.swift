import Foundation
import TestSupport
import Testing

/// Fault 16 for the command: if the system refuses memory at any point, the command ends with
/// 3 or continues without it, and a resumed run ends with the same bytes.
@Suite struct RefusedMemoryTests {
  /// Continues after an exit code without the limit, and returns the result.
  private func resume(
    _ tool: Tool, _ executable: URL, _ arguments: [String], after end: ChildProcess.End,
    to expected: [String: Data], _ label: String
  ) throws {
    #expect(end == .exit(0) || end == .exit(3), "\(label)")
    let next = try ChildProcess(
      executable.path, arguments, in: tool.folder, environment: .inherited())
    #expect(next.wait() == .exit(0) && next.errors == "", "\(label): \(next.errors)")
    let run = try tool.theRun(of: "eventful")
    #expect(differences(expected, tool.facts(of: run)) == [], "\(label)")
  }

  /// A single allocation fails, or all from one on.
  @Test func aRunWithARefusedAllocationEndsWith3OrCompletes() throws {
    let command = ["run", "eventful.yaml", "--resume", "-q"]
    let bench = try Tool()
    defer { bench.remove() }
    let library = try bench.build(library: "memory_refuser")
    func refusing(_ what: String) -> [String: String] {
      ["LD_PRELOAD": library, "NNEXP_REFUSE": what, "SWIFT_BACKTRACE": "enable=no"]
    }
    let text = statefulExperiment.replacing("epochs: 100", with: "epochs: 13")
    try bench.write(text, to: "eventful.yaml")
    let whole = try bench.start(command, environment: refusing("count"))
    try #require(whole.wait() == .exit(0))
    let allocations = try #require(Int(whole.errors), "\(whole.errors)")
    let expected = bench.facts(of: try bench.theRun(of: "eventful"))
    try #require(expected["predictions.csv"] != nil)

    var random = SeededGenerator(seed: testSeed)
    let moments = isThorough ? 200 : 20
    var refused = 0
    for moment in 0..<moments {
      let tool = try Tool()
      defer { tool.remove() }
      try tool.write(text, to: "eventful.yaml")
      let part = allocations / moments
      let index = moment * part + Int.random(in: 0..<part, using: &random)
      let what = "\(index)" + (moment % 2 == 0 ? "" : " on")
      let process = try tool.start(command, environment: refusing(what))
      let end = process.wait()
      if end == .exit(3) {
        refused += 1
        #expect(process.errors.contains("memory"), "\(process.errors)")
      }
      try resume(
        tool, Tool.executable, command, after: end, to: expected,
        "seed \(testSeed), allocation \(what): \(end), \(process.errors)")
    }
    print(
      "memory refused at \(moments) of \(allocations) allocations: \(refused) runs ended with 3, "
        + "the others did without, none lost; seed \(testSeed)")
  }

  /// A network of a few megabytes with matrix products for the BLAS.
  private static let large =
    statefulExperiment.replacing("units: 4", with: "units: 30000")
    .replacing("epochs: 100", with: "epochs: 4") + "gradient_check: false\n"

  /// `ulimit -v`, from too little for any work to more than enough.
  @Test(.enabled(if: Tool.hasRelease, "needs a release build: make build"))
  func aRunUnderAMemoryLimitEndsWith3OrCompletes() throws {
    let expected = try undisturbed(RefusedMemoryTests.large)
    let command = ["run", "eventful.yaml", "-q", "--resume", "--threads", "8"]
    var ends: [Int32: Int] = [:]
    // Below that, the system cannot load the program.
    for megabytes in stride(from: 48, through: 420, by: isThorough ? 8 : 48) {
      let tool = try Tool()
      defer { tool.remove() }
      try tool.write(RefusedMemoryTests.large, to: "eventful.yaml")
      let process = try ChildProcess(
        "/bin/sh",
        ["-c", "ulimit -v \(megabytes << 10); exec \"$0\" \"$@\"", Tool.release.path] + command,
        in: tool.folder, environment: .inherited(changing: ["SWIFT_BACKTRACE": "enable=no"]))
      let end = process.wait()
      if case .exit(let code) = end { ends[code, default: 0] += 1 }
      // Detected before anything is created: exit code 2.
      if end == .exit(2) {
        #expect(tool.contents == ["eventful.yaml"])
        continue
      }
      try resume(
        tool, Tool.release, command, after: end, to: expected,
        "\(megabytes) MB: \(end), \(process.errors)")
    }
    #expect(ends[0] != nil && ends[3] != nil, "\(ends)")
    print("limits of memory: exit codes and runs \(ends)")
  }

  /// The limit takes effect after the run has checkpoints.
  @Test(.enabled(if: Tool.hasRelease, "needs a release build: make build"))
  func aRunWhoseMemoryIsLimitedMidwayEndsWith3OrCompletes() throws {
    let text = RefusedMemoryTests.large.replacing("epochs: 4", with: "epochs: 60")
    let expected = try undisturbed(text)
    let command = ["run", "eventful.yaml", "-q", "--resume"]
    var random = SeededGenerator(seed: testSeed)
    var refused = 0
    var moment = 0
    // Which runs still need memory depends on timing, so this continues until one is refused.
    while moment < (isThorough ? 20 : 4) || (refused == 0 && moment < 60) {
      moment += 1
      let tool = try Tool()
      defer { tool.remove() }
      try tool.write(text, to: "eventful.yaml")
      let process = try ChildProcess(
        Tool.release.path, command, in: tool.folder,
        environment: .inherited(changing: ["SWIFT_BACKTRACE": "enable=no"]))
      let state = "results/eventful/run-0001/checkpoints/state.nnx"
      _ = waitUntil { tool.exists(state) }
      usleep(UInt32.random(in: 0..<50_000, using: &random))
      let limit = process.addressSpace + Int.random(in: 0..<2 << 20, using: &random)
      _ = try runCommand(
        "/usr/bin/env", ["prlimit", "--pid", "\(process.id)", "--as=\(limit)"],
        in: tool.folder)
      let end = process.wait()
      if end == .exit(3) { refused += 1 }
      try resume(
        tool, Tool.release, command, after: end, to: expected,
        "seed \(testSeed), \(moment): \(end), \(process.errors)")
    }
    #expect(refused > 0)
    print("a limit of memory midway: \(refused) runs ended with 3, none lost")
  }

  private func undisturbed(_ text: String) throws -> [String: Data] {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(text, to: "eventful.yaml")
    let process = try ChildProcess(
      Tool.release.path, ["run", "eventful.yaml", "-q"], in: tool.folder, environment: .inherited())
    try #require(process.wait() == .exit(0), "\(process.errors)")
    return tool.facts(of: try tool.theRun(of: "eventful"))
  }
}

extension ChildProcess {
  /// The address space in bytes; 0 after the process has ended.
  fileprivate var addressSpace: Int {
    let text = try? String(contentsOfFile: "/proc/\(id)/statm", encoding: .utf8)
    return (text?.split(separator: " ").first.flatMap { Int($0) } ?? 0)
      * sysconf(Int32(_SC_PAGESIZE))
  }
}
