import Files
import NNExp
import Results
import Sweeps
import Tracking

extension TrackedRuns {
  /// Writes the event files of the runs and trials, and the parameters of the sweeps.
  ///
  /// - Parameter force: true to replace the event file that a run wrote while it trained.
  func writeEvents(force: Bool) throws {
    for run in runs { try writeEvents(of: run, force: force) }
    for sweep in sweeps {
      let events = SweepEvents(sweep.plan)
      var earliest = Double.infinity
      for trial in sweep.trials {
        earliest = min(earliest, try RunTimes(trial.directory).start)
        try events.write(trial.values, named: trial.name, in: trial.directory)
        let path = trial.directory.folder.path(of: EventFile.name)
        if force || !Path.isThere(path) { try writeEvents(of: trial, force: true) }
      }
      let path = try events.write(to: sweep.folder, time: earliest)
      printStatus("the parameters of \(sweep.trials.count) trials in \(Escaping.line(path))")
    }
  }

  private func writeEvents(of run: TrackedRun, force: Bool) throws {
    guard !run.directory.isInProgress else {
      throw Diagnostic("'\(run.directory.path)' is in progress; export it when it has ended")
    }
    let path = run.directory.folder.path(of: EventFile.name)
    let output = try OutputFile(path, force: force)
    try output.write(RunEvents(run.directory).file())
    printStatus("the events of \(Escaping.line(run.name)) in \(Escaping.line(path))")
  }

  /// Sends the runs to an MLflow server, by the companion program.
  func send(to server: String, experiment: String?, withArtifacts: Bool) throws {
    let program = try Companion("nnexp-mlflow", of: "nnexp export --mlflow")
    // A sweep is a run that contains its trials; it precedes them.
    var list: [JSON] = []
    for sweep in sweeps { list.append(try sweep.json()) }
    for run in sweeps.flatMap(\.trials) + runs {
      list.append(try run.json(withArtifacts: withArtifacts))
    }
    let name = try experiment ?? sweeps.first?.plan.name ?? runs.first?.experimentName()
    let input: JSON = ["experiment": JSON(name), "runs": .array(list)]
    let made = try SystemCommand.run([program.path, server], input: Array(input.description.utf8))
    guard let made else {
      throw Diagnostic("cannot execute '\(program.path)'", failure: .environment)
    }
    for line in made.output.split(separator: "\n") { printStatus(String(line)) }
    guard made.code == 0 else {
      throw Diagnostic("cannot export to MLflow: \(made.lastErrorLine)", failure: .environment)
    }
  }
}

extension TrackedRuns.Sweep {
  /// The sweep as a run that contains its trials.
  fileprivate func json() throws -> JSON {
    let times = try trials.map { try RunTimes($0.directory) }
    let start = times.map(\.start).min() ?? 0
    let end = times.map(\.end).max() ?? 0
    // The records of the trials identify the sweep.
    let id = SHA256.hex(
      of: Array(try trials.map { try RunRecord(of: $0.directory).id }.joined().utf8))
    return [
      "id": .string(String(id.prefix(32))), "name": .string(plan.name), "parent": .null,
      "status": "FINISHED", "start": .int(Int(start * 1000)), "end": .int(Int(end * 1000)),
      "parameters": .array([
        TrackedRun.pair("parameters", plan.parameters.joined(separator: " ")),
        TrackedRun.pair("trials", String(trials.count)),
      ]),
      "tags": .array([
        TrackedRun.pair("nnexp.folder", Path.real(folder.path) ?? folder.path)
      ]),
      "metrics": [], "artifacts": [],
    ]
  }
}

extension TrackedRun {
  /// The experiment's name, the folder above the run's own.
  fileprivate func experimentName() throws -> String {
    name.split(separator: "/").first.map(String.init) ?? name
  }
}
