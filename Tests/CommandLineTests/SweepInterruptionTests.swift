import Foundation
import TestSupport
import Testing

/// The results of sweeps that are killed, interrupted or shared, or whose trials end the
/// process: Faults 45 and 46.
@Suite(.serialized) struct SweepInterruptionTests {
  private let tool: Tool

  init() throws {
    tool = try Tool()
    try tool.write(
      compactExclusiveOr(
        seed: 0, epochs: 3000, train: ", record_every: 500", more: "gradient_check: false"),
      to: "xor.yaml")
  }

  /// The folders of the trials with this status.
  private func trials(_ folder: String, status: String) -> [String] {
    tool.contents.filter { path in
      path.hasPrefix(folder + "/trials/") && path.hasSuffix("/summary.json")
        && ((try? tool.read(path)) ?? "").contains("\"status\": \"\(status)\"")
    }.map { String($0.dropLast("/summary.json".count)) }
  }

  /// The files of the folders, to check that none is changed.
  private func files(of folders: [String]) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for folder in folders {
      for file in ["run.json", "summary.json", "metrics.csv", "timing.csv"] {
        files["\(folder)/\(file)"] = try Data(
          contentsOf: tool.folder.appendingPathComponent("\(folder)/\(file)"))
      }
    }
    return files
  }

  /// Interrupts new sweeps with increasingly long trials until an attempt succeeds.
  private func disturbing(_ attempt: (_ epochs: String) throws -> Bool) throws {
    defer { tool.remove() }
    try midway(of: [30_000, 300_000, 3_000_000]) { epochs in
      for folder in ["calm", "wild"] {
        try? FileManager.default.removeItem(at: tool.folder.appendingPathComponent(folder))
      }
      return try attempt("train.epochs=\(epochs)")
    }
  }

  /// Fault 46: only the sweep's process is killed, or its workers too.
  @Test(arguments: [false, true])
  func aKilledSweepKeepsItsFinishedTrials(withWorkers: Bool) throws {
    try disturbing { epochs in
      let words = ["sweep", "xor.yaml", "seed=range(0,8)", epochs]
      let sweep = try tool.start(words + ["--jobs", "2", "--output", "wild"])
      let isUnderWay = sweep.runs { trials("wild", status: "completed").count >= 2 }
      sweep.send(SIGKILL, toAll: withWorkers)
      let end = sweep.wait()
      guard isUnderWay, end != .exit(0) else { return false }
      #expect(end == .signal(SIGKILL))
      let done = trials("wild", status: "completed")
      let before = try files(of: done)

      let again = try tool.run(words[0], words[1], words[2], epochs, "--output", "wild")
      #expect(again.code == 0, "\(again.errors)")
      #expect(again.output.contains(" of 8 trials are finished\n"))
      #expect(try tool.run(words[0], words[1], words[2], epochs, "--output", "calm").code == 0)
      #expect(try tool.sweepTable("wild") == tool.sweepTable("calm"))
      #expect(try files(of: done) == before)
      #expect(!tool.contents.contains { $0.contains(".attempt-") }, "no trial began anew elsewhere")
      return true
    }
  }

  /// Ctrl-C: every process receives it, and the results can be continued.
  @Test(arguments: [(SIGINT, true), (SIGTERM, false)])
  func anInterruptedSweepContinues(signal: Int32, reachesAll: Bool) throws {
    try disturbing { epochs in
      let words = ["sweep", "xor.yaml", "seed=range(0,8)", epochs]
      let sweep = try tool.start(words + ["--jobs", "2", "--output", "wild"])
      let isUnderWay = sweep.runs { trials("wild", status: "completed").count >= 1 }
      sweep.send(signal, toAll: reachesAll)
      let end = sweep.wait()
      guard isUnderWay, end != .exit(0) else { return false }
      #expect(end == .signal(signal))
      #expect(sweep.errors == "")
      let statuses = Set(try tool.sweepTable("wild").dropFirst().map { $0[2] })
      #expect(statuses.isSubset(of: ["completed", "interrupted", "pending"]), "\(statuses)")
      for folder in ["wild", "calm"] {
        #expect(try tool.run(words[0], words[1], words[2], epochs, "--output", folder).code == 0)
      }
      #expect(try tool.sweepTable("wild") == tool.sweepTable("calm"))
      return true
    }
  }

  /// Two processes share the work, and no trial runs twice. If one of them is killed, the other
  /// runs the rest.
  @Test(arguments: [false, true])
  func twoProcessesShareASweepWithoutRepeatingATrial(isOneKilled: Bool) throws {
    try disturbing { epochs in
      let words = [
        "sweep", "xor.yaml", "seed=range(0,12)", "--output", "wild", "--jobs", "1", epochs,
      ]
      let sweeps = [
        try tool.start(words), try tool.start(words + ["--quiet"]),
      ]
      func runs() -> [String] {
        tool.contents.filter { $0.hasPrefix("wild/trials/") && $0.hasSuffix("/run.json") }
      }
      func quietRuns() -> Int {
        runs().count { ((try? tool.read($0)) ?? "").contains("--quiet") }
      }
      if isOneKilled {
        _ = sweeps[1].runs { quietRuns() > 0 && runs().count >= 4 }
        sweeps[1].send(SIGKILL)
      }
      let ends = sweeps.map { $0.wait() }
      let quiet = quietRuns()
      guard quiet > 0, quiet < 12, !isOneKilled || ends[1] != .exit(0) else { return false }
      #expect(ends[0] == .exit(0), "\(sweeps[0].errors)")
      #expect(ends[1] == (isOneKilled ? .signal(SIGKILL) : .exit(0)), "\(sweeps[1].errors)")
      #expect(runs().count == 12)
      #expect(!tool.contents.contains { $0.contains(".attempt-") })
      let statuses = try tool.rows(of: "wild/sweep.csv").dropFirst().map { $0[2] }
      #expect(statuses == Array(repeating: "completed", count: 12))
      return true
    }
  }

  /// A worker that gets SIGTERM returns its trials. If a worker is killed, its current trial
  /// fails, and others run its queued trials.
  @Test(arguments: [SIGTERM, SIGKILL], [4, 12])
  func otherWorkersRunTheTrialsOfAWorkerThatEnds(signal: Int32, count: Int) throws {
    try disturbing { epochs in
      let words = ["sweep", "xor.yaml", "seed=range(0,\(count))", "--jobs", "2"]
      let sweep = try tool.start(words + ["--output", "wild", epochs])
      let isUnderWay = sweep.runs { trials("wild", status: "running").count == 2 }
      if isUnderWay, let worker = sweep.children.first { kill(worker, signal) }
      let end = sweep.wait()
      let statuses = try tool.sweepTable("wild").dropFirst().map { $0[2] }
      guard isUnderWay, signal == SIGTERM || end != .exit(0) else { return false }
      if signal == SIGTERM {
        #expect(end == .exit(0), "\(sweep.errors)")
        #expect(statuses.allSatisfy { $0 == "completed" }, "\(statuses)")
      } else {
        #expect(end == .exit(1))
        #expect(sweep.errors.hasSuffix("failed: its process was killed by signal 9 (SIGKILL)\n"))
        #expect(statuses.count { $0 == "completed" } == count - 1 && statuses.contains("failed"))
      }
      return true
    }
  }

  /// The file is read once: later changes have no effect on the sweep.
  @Test func editsDuringASweepDoNotMatter() throws {
    defer { tool.remove() }
    try tool.write("base: xor.yaml\nsweep: {repeat: 8}\n", to: "sweep.yaml")
    let long = "train.epochs=300000"
    #expect(try tool.run("sweep", "sweep.yaml", long, "--output", "calm").code == 0)
    let words = ["sweep", "sweep.yaml", long, "--jobs", "2", "--output", "wild"]
    let sweep = try tool.start(words)
    _ = sweep.runs { !trials("wild", status: "running").isEmpty }
    try tool.write("name: [", to: "xor.yaml")
    try FileManager.default.removeItem(at: tool.folder.appendingPathComponent("sweep.yaml"))
    let end = sweep.wait()
    #expect(end == .exit(0), "\(sweep.errors)")
    #expect(try tool.sweepTable("wild") == tool.sweepTable("calm"))
  }

  /// Failed trials are only repeated on request.
  @Test func failedTrialsAreRunAgainOnlyOnRequest() throws {
    defer { tool.remove() }
    let words = ["train.optimizer.learning_rate=0.1,1e30", "train.epochs=20"]
    #expect(try tool.run("sweep", "xor.yaml", words[0], words[1]).code == 1)
    let folder = "results/xor/sweep"
    let all = trials(folder, status: "completed") + trials(folder, status: "failed")
    #expect(all.count == 2)
    let before = try files(of: all)
    #expect(try tool.run("sweep", "xor.yaml", words[0], words[1]).code == 1)
    #expect(try files(of: all) == before)
    #expect(try tool.run("sweep", "xor.yaml", words[0], words[1], "--retry-failed").code == 1)
    let after = try files(of: all)
    #expect(after["\(all[0])/run.json"] == before["\(all[0])/run.json"])
    #expect(after["\(all[1])/run.json"] != before["\(all[1])/run.json"])
    #expect(tool.exists(all[1] + ".attempt-1/run.json"), "the first attempt is kept")
  }

  /// Fault 45: if a plugin ends the process, only that trial fails.
  @Test func aTrialThatCrashesDoesNotFailTheOthers() throws {
    defer { tool.remove() }
    try tool.write(
      """
      import Glibc
      import NNExp

      struct Touchy: Layer, Component {
        static let typeName = "touchy"
        static let examples = [Example(inputs: [3])]
        let ends: String
        init(from options: inout Options) {
          ends = options.choice("ends", default: "well", of: ["well", "trap", "abort", "exit"])
        }
        func plan(for inputs: [Port]) throws -> Plan { Plan(output: inputs[0].shape) }
        func forward<S: Scalar>(_ pass: ForwardPass<S>) {
          if ends == "trap" { _ = [1][pass.samples] }
          if ends == "abort" { abort() }
          if ends == "exit" { exit(0) }
          for i in pass.y.indices { pass.y[i] = pass.x[i] }
        }
        func backward<S: Scalar>(_ pass: BackwardPass<S>) {
          for i in pass.dx.indices { pass.dx[i] += pass.dy[i] }
        }
      }
      func register(in registry: inout Registry) { registry.register(Touchy.self) }

      """, to: "Touchy.swift")
    try tool.writeExperiment(plugins: "[Touchy.swift]", layer: "touchy, ends: well")
    let result = try tool.runPlugin(
      "sweep", "x.yaml", "model.bent.ends=trap,well,abort,exit", "train.epochs=5", "--jobs", "1")
    #expect(result.code == 1)
    let bent = "'bent' (touchy, of the plugin 'Touchy.swift')"
    #expect(
      result.errors == """
        error: trial 1 (model.bent.ends=trap) failed: \(bent) crashed in its forward pass: a \
        failed check, such as an index out of range
        error: trial 3 (model.bent.ends=abort) failed: \(bent) crashed in its forward pass: it \
        aborted (SIGABRT)
        error: trial 4 (model.bent.ends=exit) failed: \(bent) ended the process in its forward \
        pass

        """)
    #expect(result.output.hasPrefix("4 trials: 1 completed, 3 failed\n"), "\(result.output)")
    let rows = try tool.read("results/x/sweep/sweep.csv").split(separator: "\n").dropFirst()
    #expect(
      rows.map { $0.split(separator: ",", omittingEmptySubsequences: false)[2...3] }
        == [["failed", "2"], ["completed", "0"], ["failed", "2"], ["failed", "2"]])
  }
}
