import Files
import NNExp
import Results
import Sweeps

/// Recorded runs and sweeps, in the order of the command line.
struct TrackedRuns {
  struct Sweep {
    let folder: SweepFolder
    let plan: PlanRecord
    var trials: [TrackedRun] = []
  }

  private(set) var runs: [TrackedRun] = []
  private(set) var sweeps: [Sweep] = []

  /// Opens the folders. A sweep contributes the trials that have a record.
  init(_ folders: [String]) throws {
    for path in folders {
      let folder = SweepFolder(path)
      guard let plan = try PlanRecord(of: folder) else {
        let directory = try RunDirectory.open(path)
        let real = Path.real(path) ?? path
        let name = "\(Path.name(of: Path.folder(of: real)))/\(Path.name(of: real))"
        runs.append(TrackedRun(directory: directory, name: name, sweep: nil, values: []))
        continue
      }
      var sweep = Sweep(folder: folder, plan: plan)
      for trial in plan.trials {
        guard let directory = try RunDirectory.openIfThere(folder.run(trial.hash)) else { continue }
        sweep.trials.append(
          TrackedRun(
            directory: directory,
            name: plan.name(of: trial),
            sweep: sweeps.count, values: trial.values))
      }
      guard !sweep.trials.isEmpty else {
        throw Diagnostic("the sweep '\(path)' has no trial that began")
      }
      sweeps.append(sweep)
    }
  }
}
