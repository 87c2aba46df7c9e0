import Datasets
public import Engine
public import ExperimentFile
import Files
public import NNExp
public import Results

/// A run that is taken up again where it was, after a crash, a signal or a
/// fault of the machine.
///
///     let resumption = try Resumption(of: "results/xor/run-0001", registry: registry)
///     if let summary = resumption.finished { … it is over … }
///     let code = try resumption.perform(observers: observers)
///
/// It ends as the undisturbed run would have ended, with the same bytes in
/// metrics.csv, predictions.csv, summary.json and the final weights. It is
/// refused where anything differs from which these follow: the configuration,
/// the data, the plugins, the executable.
public struct Resumption: Sendable {
  /// The run's folder, held by this process unless the run is over.
  public let directory: RunDirectory
  public let record: RunRecord
  public let experiment: Experiment
  /// How the run ended; nil where there is something to go on with.
  public let finished: Summary?
  private let registry: Registry
  /// The newest good checkpoint; nil where the run starts again.
  private let checkpoint: Checkpoint?
  /// What should be known of the resumption.
  public private(set) var warnings: [Diagnostic] = []

  /// Opens an unfinished run and finds out whether it can go on. Changes no
  /// file of the run, nor does it where it throws.
  ///
  /// - Parameter trustsPlugins: whether plugins are loaded that another user's run names.
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
    // Killed after its last word, a run leaves what it had no time to clear.
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
    warnings += circumstantialWarnings()
  }

  /// Trains to the end. Returns the exit code, 128 + n after signal n; of a run
  /// that is over, the one that it ended with. For `pause` see `Run.perform`.
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
    let prepared = try PreparedExperiment<S>(experiment, starts: checkpoint == nil)
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

// MARK: - Refusals

extension Resumption {
  private static func requireSameEnvironment(
    _ record: RunRecord, configuration: [UInt8], in directory: RunDirectory
  ) throws {
    var differences = Diagnostics()
    func differs(_ message: String) {
      differences.add(
        Diagnostic(
          "cannot go on with '\(directory.path)': \(message)",
          notes: [.init("a run goes on only as it began; start a new one with nnexp run")]))
    }
    if let hash = record.configuration, hash != SHA256.hex(of: configuration) {
      differs("its resolved.yaml was changed")
    }
    if let build = RunRecord.buildID(), let began = record.build, build != began {
      differs(
        "it began with another build of nnexp, \(began.prefix(12)); this is \(build.prefix(12))")
    }
    try differences.throwIfAny()
  }

  private func requireSame(_ then: [FileHash], _ now: [FileHash], _ kind: String) throws {
    try FileHash.requireSame(then, now, kind, "cannot go on with '\(directory.path)'")
  }

  /// Differences that can change the numbers but are no errors.
  private func circumstantialWarnings() -> [Diagnostic] {
    var differences: [String] = []
    if record.cpu != RunRecord.cpuName() { differences.append("another processor") }
    if record.isa != InstructionSet.current.rawValue {
      differences.append("another instruction set, \(record.isa)")
    }
    if differences.isEmpty { return [] }
    return [
      Diagnostic(
        "'\(directory.path)' began on \(differences.joined(separator: " and ")): "
          + "the last digits may differ from what it would have found there",
        severity: .warning)
    ]
  }
}
