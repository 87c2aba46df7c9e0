import Foundation
import TestSupport
import Testing

/// Fault 35: one signal ends a run after its current step, a second one immediately, and no
/// results are lost.
@Suite struct SignalTests {
  /// Waits until the run has rows.
  private func waitForRows(_ tool: Tool, of run: String) throws {
    #expect(waitUntil { ((try? tool.read("\(run)/metrics.csv")) ?? "").contains("\n2,") })
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func anInterruptedRunResumesToTheSameBytes(signal: Int32) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let text = statefulExperiment.replacing("epochs: 100", with: "epochs: 3000")
      .replacing("every: 1 epoch", with: "every: 0.2 seconds")
    try tool.write(text, to: "eventful.yaml")
    try tool.run("run", "eventful.yaml", "-q", "--output", "whole")
    var interruptions = 0
    var command = ["run", "eventful.yaml", "-q"]
    let run = "results/eventful/run-0001"
    while true {
      let process = try tool.start(command)
      command = ["resume", run, "-q"]
      try waitForRows(tool, of: run)
      process.send(signal)
      let end = process.wait()
      if end == .exit(0) { break }
      #expect(end == .signal(signal))
      let summary = try tool.read("\(run)/summary.json")
      #expect(summary.contains("\"status\": \"interrupted\""))
      #expect(summary.contains("\"reason\": \"\(signal == SIGINT ? "SIGINT" : "SIGTERM")\""))
      #expect(summary.contains("\"exit_status\": \(128 + signal)"))
      for file in ["state.nnx", "last.nnx"] { #expect(tool.exists("\(run)/checkpoints/\(file)")) }
      interruptions += 1
      if interruptions == 3 {
        #expect(try tool.start(command).wait() == .exit(0))
        break
      }
    }
    #expect(interruptions > 0)
    #expect(differences(tool.facts(of: "whole"), tool.facts(of: run)) == [])
  }

  /// Fault 63.
  @Test func sigquitEndsTheProcessAtOnce() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      statefulExperiment.replacing("epochs: 100", with: "epochs: 100000"), to: "eventful.yaml")
    let process = try tool.start(["run", "eventful.yaml", "-q"])
    try waitForRows(tool, of: "results/eventful/run-0001")
    process.send(SIGQUIT)
    #expect(process.wait() == .signal(SIGQUIT))
    #expect(process.errors == "", "no backtrace")
  }

  /// At random moments, from before its first line to after its last, by either signal or both.
  @Test func signalsAtRandomMomentsLoseNothing() throws {
    var random = SeededGenerator(seed: testSeed)
    let whole = try Tool()
    defer { whole.remove() }
    let text = statefulExperiment.replacing("epochs: 100", with: "epochs: 300")
    try whole.write(text, to: "eventful.yaml")
    let start = Date()
    try #require(try whole.run("run", "eventful.yaml", "-q").code == 0)
    let seconds = Date().timeIntervalSince(start)
    let expected = whole.facts(of: try whole.theRun(of: "eventful"))
    let moments = isThorough ? 100 : 10
    var (interruptions, runs) = (0, 0)
    while interruptions < moments {
      let tool = try Tool()
      defer { tool.remove() }
      try tool.write(text, to: "eventful.yaml")
      while true {
        let process = try tool.start(["run", "eventful.yaml", "--resume", "-q"])
        usleep(UInt32(Double.random(in: 0...seconds, using: &random) * 1e6))
        let signals = [[SIGINT], [SIGTERM], [SIGTERM, SIGINT]].randomElement(using: &random)!
        for signal in signals { process.send(signal) }
        let end = process.wait()
        if end == .exit(0) { break }
        #expect(
          signals.contains { end == .signal($0) },
          "seed \(testSeed): \(end), \(process.errors)")
        interruptions += 1
        try #require(interruptions < 100 * moments)
      }
      runs += 1
      let found = tool.facts(of: try tool.theRun(of: "eventful"))
      #expect(differences(expected, found) == [], "seed \(testSeed), run \(runs)")
    }
    print(
      "signals at \(interruptions) moments, \(runs) runs, none lost; seed \(testSeed)")
  }

  /// In a step that takes seconds, the first signal takes effect later, but the second
  /// immediately: the process has no time to write that it was interrupted.
  @Test(arguments: [SIGINT, SIGTERM])
  func aSecondSignalEndsTheRunAtOnce(signal: Int32) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      """
      name: slow
      data: {generated: {type: spirals, samples: 20000}}
      model: [{type: dense, units: 3000}, tanh, {type: dense, units: 3000}, tanh, {type: dense, units: 1}]
      loss: binary_cross_entropy
      gradient_check: false
      train: {optimizer: sgd, epochs: 1}
      """, to: "slow.yaml")
    let process = try tool.start(["run", "slow.yaml", "-q"])
    let summary = "results/slow/run-0001/summary.json"
    #expect(waitUntil { tool.exists(summary) && process.ticks > 50 })
    process.send(signal)
    #expect(waitUntil { !process.catches(signal) })
    process.send(signal)
    #expect(process.wait() == .signal(signal))
    #expect(try tool.read(summary).contains("\"status\": \"running\""))
  }

  /// During the gradient check of a large model.
  @Test func aSignalEndsAGradientCheck() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let text = exclusiveOr.replacing("units: 2", with: "units: 100000")
    try tool.write(
      text + "gradient_check: {at: [start], entries: all, budget: 100000000000}\n", to: "xor.yaml")
    let process = try tool.start(["run", "xor.yaml", "-q"])
    let summary = "results/xor/run-0001/summary.json"
    #expect(waitUntil { tool.exists(summary) })
    usleep(200_000)
    process.send(SIGTERM)
    #expect(process.wait() == .signal(SIGTERM))
    #expect(try tool.read(summary).contains("\"status\": \"interrupted\""))
  }
}

extension ChildProcess {
  /// The processor time in hundredths of a second.
  fileprivate var ticks: Int {
    let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
    // The process's name, in parentheses, may contain any characters.
    let words = text.split(separator: ")").last?.split(separator: " ") ?? []
    return words.count > 11 ? Int(words[11]) ?? 0 : 0
  }

  /// True if the process handles a signal. Its handler is used once; a second signal ends the
  /// process.
  fileprivate func catches(_ signal: Int32) -> Bool {
    let text = (try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)) ?? ""
    let mask = text.firstMatch(of: /SigCgt:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) }
    return (mask ?? 0) >> UInt64(signal - 1) & 1 == 1
  }
}
