import Files
import NNExp
public import Results
import Tracking

/// The event files with which TensorBoard compares the trials of a sweep: one in the sweep's folder,
/// with its parameters and their values, and one in the folder of each trial. See
/// `train.tensorboard`.
public struct SweepEvents: Sendable {
  private let plan: PlanRecord
  private let parameters: SweepParameters

  public init(_ plan: PlanRecord) {
    self.plan = plan
    parameters = SweepParameters(
      plan.parameters, columns: plan.columns.filter { $0.split != nil }.map(\.name),
      trials: plan.trials.map(\.values))
  }

  /// Writes the file of the sweep. Returns its path.
  ///
  /// - Parameter time: the start of the sweep in seconds since 1970.
  @discardableResult
  public func write(to folder: SweepFolder, time: Double) throws -> String {
    let path = "\(folder.path)/\(EventFile.parametersName)"
    try FileSystem.system.write(parameters.experiment(time: time), to: path)
    return path
  }

  /// Writes the file of a trial. A trial that has not ended has no end in it.
  public func write(_ values: [String], named name: String, in directory: RunDirectory) throws {
    let times = try RunTimes(directory)
    let status = try Summary.ifThere(in: directory)?.status
    let succeeded: Bool? =
      switch status {
      case .completed, .fellShort: true
      case .failed: false
      case nil, .running, .interrupted, .stopped: nil
      }
    let file = parameters.trial(
      values, name: name, start: times.start, end: times.end, succeeded: succeeded)
    guard try directory.readIfThere(EventFile.parametersName) != file else { return }
    try FileSystem.system.write(file, to: directory.folder.path(of: EventFile.parametersName))
  }

  /// Writes the file of each of these trials that recorded events while it trained.
  ///
  /// - Parameter hash: the hash of one trial; nil for all of them, some of which may lack the file
  ///   because their processes were killed.
  public func complete(_ hash: TrialHash? = nil, in folder: SweepFolder) throws {
    for trial in plan.trials where hash == nil || trial.hash == hash {
      guard Path.isThere("\(folder.run(trial.hash))/\(EventFile.name)"),
        let directory = try RunDirectory.openIfThere(folder.run(trial.hash))
      else { continue }
      try write(trial.values, named: plan.name(of: trial), in: directory)
    }
  }
}

extension PlanRecord {
  /// The name of a trial for a tracker: `xor 2 learning_rate=0.5`.
  public func name(of trial: Trial) -> String {
    let values = zip(parameters, trial.values).map { "\($0)=\($1)" }
    return ([name, String(trial.number)] + values).joined(separator: " ")
  }
}
