import Datasets
public import Engine
public import ExperimentFile
import Files
public import NNExp
public import Results

/// The resumption of a run that was interrupted by a crash, a signal or a failure of the
/// machine.
///
///     let resumption = try Resumption(of: "results/xor/run-0001", registry: registry)
///     if let summary = resumption.finished { … it has ended … }
///     let code = try resumption.perform(observers: observers)
///
/// The run ends with the same bytes in metrics.csv, predictions.csv, summary.json and the final
/// weights as an uninterrupted run. It is an error if something on which these depend has
/// changed: the configuration, the data, the plugins or the executable.
public struct Resumption: Sendable {
  /// The run's folder, locked by this process unless the run has ended.
  public let directory: RunDirectory
  public let record: RunRecord
  public let experiment: Experiment
  /// The summary of a run that has ended; nil if it can be resumed.
  public let finished: Summary?
  private let registry: Registry
  /// The newest valid checkpoint; nil if the run starts from the beginning.
  private let checkpoint: Checkpoint?
  /// Facts that the user should know about the resumption.
  public private(set) var warnings: [Diagnostic] = []

  /// Opens an unfinished run and checks that it can be resumed. Changes no file of the run,
  /// also if it throws.
  ///
  /// - Parameter trustsPlugins: true to load plugins that another user's run names.
  public init(
    of path: String, registry: Registry, trustsPlugins: Bool = false,
    fileSystem: FileSystem = .system
  ) throws {
    self.registry = registry
    let reading = try RunDirectory.open(path, fileSystem: fileSystem)
    if let summary = try Summary.ifThere(in: reading), summary.isOver {
      finished = summary
      directory = reading
    } else {
      directory = try RunDirectory.open(path, exclusively: true, fileSystem: fileSystem)
      // It may have ended between the two openings.
      finished = try Summary.ifThere(in: directory).flatMap { $0.isOver ? $0 : nil }
    }
    record = try RunRecord(of: directory)
    let text = try directory.read("resolved.yaml")
    if finished == nil {
      try Resumption.requireSameEnvironment(record, configuration: text, in: directory)
    }
    experiment = try Experiment(
      resolved: text, path: record.experiment, name: directory.folder.path(of: "resolved.yaml"),
      registry: registry,
      plugins: try PluginPolicy(
        ofFile: "resolved.yaml", in: directory.folder, isTrusted: trustsPlugins))
    // A run that was killed at its very end may have left files that it could not remove.
    if finished != nil, !experiment.training.checkpoints.keepsState,
      let held = try? RunDirectory.open(path, exclusively: true, fileSystem: fileSystem)
    {
      try? held.removeStates()
    }
    let found = finished == nil ? try directory.checkpoint(.state) : nil
    checkpoint = found?.checkpoint
    if let warning = found?.warning { warnings.append(warning) }
    if finished != nil { return }
    try requireSame(
      record.plugins, experiment.pluginHashes,
      "plugin")
    warnings += environmentWarnings()
  }

  /// Trains to the end. Returns the exit code: 128 + n after signal n, or the original exit
  /// code of a run that has ended. For `pause` see `Run.perform`.
  public func perform(
    observers: [any RunObserver] = [], cancellation: CancellationToken = .never,
    pausingAfter pause: Int? = nil
  ) throws -> Int32 {
    if let finished { return Int32(truncatingIfNeeded: finished.exitStatus ?? 0) }
    for warning in warnings { for observer in observers { observer.warn(warning.description) } }
    switch experiment.dtype {
    case .float32: return try perform(as: Float.self, observers, cancellation, pause)
    case .float64: return try perform(as: Double.self, observers, cancellation, pause)
    }
  }

  private func perform<S: Scalar>(
    as type: S.Type, _ observers: [any RunObserver], _ cancellation: CancellationToken,
    _ pause: Int?
  ) throws -> Int32 {
    let prepared = try PreparedExperiment<S>(
      experiment, starts: checkpoint == nil, scratch: directory.path)
    try requireSame(
      record.data, prepared.dataHashes,
      "data file")
    let state = try checkpoint.map { try RunState<S>($0) }
    let run = try Run(
      resuming: directory, record, from: state, prepared, observers: observers,
      cancellation: cancellation)
    return try run.perform(pausingAfter: pause)
  }
}

// MARK: - Errors

extension Resumption {
  private static func requireSameEnvironment(
    _ record: RunRecord, configuration: [UInt8], in directory: RunDirectory
  ) throws {
    var differences = Diagnostics()
    func differs(_ message: String) {
      differences.add(
        Diagnostic(
          "cannot resume '\(directory.path)': \(message)",
          notes: [
            .init("a run resumes only with its original settings; start a new one with nnexp run")
          ]))
    }
    if let hash = record.configuration,
      hash != SHA256.hex(of: Experiment.withoutFolders(configuration))
    {
      differs("its resolved.yaml was changed")
    }
    if let build = RunRecord.buildID(), let began = record.build, build != began {
      differs(
        "it began with another build of nnexp, \(began.prefix(12)); this is \(build.prefix(12))")
    }
    try differences.throwIfAny()
  }

  private func requireSame(_ then: [FileHash], _ now: [FileHash], _ kind: String) throws {
    try FileHash.requireSame(then, now, kind, "cannot resume '\(directory.path)'")
  }

  /// Differences that can change the numbers but are not errors.
  private func environmentWarnings() -> [Diagnostic] {
    var differences: [String] = []
    if record.cpu != RunRecord.cpuName() { differences.append("another processor") }
    if record.isa != InstructionSet.current.rawValue {
      differences.append("another instruction set, \(record.isa)")
    }
    if differences.isEmpty { return [] }
    return [
      Diagnostic(
        "'\(directory.path)' began on \(differences.joined(separator: " and ")): "
          + "the last digits may differ from those of a run without this change",
        severity: .warning)
    ]
  }
}
