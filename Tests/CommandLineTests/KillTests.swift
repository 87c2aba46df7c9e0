import Foundation
import TestSupport
import Testing

/// Faults 29 and 30 for the command: whenever it is killed, the resumed run ends with the bytes
/// of an uninterrupted run.
@Suite struct KillTests {
  /// The files of an uninterrupted run, and its duration.
  private func undisturbed(_ text: String) throws -> (facts: [String: Data], seconds: Double) {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(text, to: "eventful.yaml")
    let start = Date()
    let result = try tool.run("run", "eventful.yaml", "-q")
    let seconds = Date().timeIntervalSince(start)
    try #require(result.code == 0, "\(result.errors)")
    let facts = tool.facts(of: try tool.theRun(of: "eventful"))
    try #require(facts["predictions.csv"] != nil && facts["checkpoints/last.nnx"] != nil)
    return (facts, seconds)
  }

  /// Repeats the same command, killed at a random moment each time, until it ends by itself.
  @Test func aRunKilledAtRandomMomentsEndsWithTheSameBytes() throws {
    var random = SeededGenerator(seed: testSeed)
    let (expected, seconds) = try undisturbed(statefulExperiment)
    let moments = isThorough ? 200 : 10
    var kills = 0
    var runs = 0
    while kills < moments {
      let tool = try Tool()
      defer { tool.remove() }
      try tool.write(statefulExperiment, to: "eventful.yaml")
      while true {
        let process = try tool.start(["run", "eventful.yaml", "--resume", "-q"])
        usleep(UInt32(Double.random(in: 0...seconds, using: &random) * 1e6))
        process.send(SIGKILL)
        let end = process.wait()
        if end != .signal(SIGKILL) {
          #expect(end == .exit(0), "seed \(testSeed): \(process.errors)")
          break
        }
        kills += 1
        try #require(kills < 100 * moments)
      }
      runs += 1
      let found = tool.facts(of: try tool.theRun(of: "eventful"))
      #expect(differences(expected, found) == [], "seed \(testSeed), run \(runs)")
    }
    print("killed at \(kills) moments, \(runs) runs, none lost; seed \(testSeed)")
  }

  /// Kills the command before, during and after each write, flush, rename, …; if `resuming`,
  /// the command that resumes a killed run.
  @Test(arguments: ["before", "midway", "after"], [false, true])
  func aRunKilledAtEveryFileOperationEndsWithTheSameBytes(mode: String, resuming: Bool) throws {
    let text = statefulExperiment.replacing("epochs: 100", with: "epochs: 13")
    let (expected, _) = try undisturbed(text)
    let bench = try Tool()
    defer { bench.remove() }
    let injector = try bench.build(library: "fault_injector")
    func faults(_ fault: String) -> [String: String] {
      ["LD_PRELOAD": injector, "NNEXP_FAULT": fault]
    }
    let run = ["run", "eventful.yaml", "--resume", "-q"]
    var struck = 0
    var index = resuming ? 2 : 0
    while true {
      let tool = try Tool()
      defer { tool.remove() }
      try tool.write(text, to: "eventful.yaml")
      if resuming {
        let first = try tool.start(run, environment: faults("before 30")).wait()
        try #require(first == .signal(SIGKILL))
      }
      if try tool.start(run, environment: faults("\(mode) \(index)")).wait() == .exit(0) { break }
      struck += 1
      let next = try tool.start(run)
      let end = next.wait()
      #expect(end == .exit(0) && next.errors == "", "\(mode) \(index): \(next.errors)")
      let found = tool.facts(of: try tool.theRun(of: "eventful"))
      #expect(differences(expected, found) == [], "\(mode) \(index)")
      index += isThorough ? 1 : 23
    }
    #expect(struck >= (isThorough ? 100 : 3))
    print("killed \(mode) \(struck) operations\(resuming ? " of a resumption" : ""), none lost")
  }
}
