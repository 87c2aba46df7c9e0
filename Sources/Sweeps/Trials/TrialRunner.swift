public import Engine
import ExperimentFile
import Files
import Platform
import NNExp
public import Results
import Running
import Tracking

/// Runs trials of a sweep in this process, one after another.
public struct TrialRunner {
  public enum Outcome: Sendable {
    /// The trial ended with this exit code, and with a summary if it wrote one.
    case ended(Int32, Summary?)
    /// Another process runs the trial.
    case held
  }

  private let builder: TrialBuilder
  let folder: SweepFolder
  /// The origin of all trials, except the folder.
  private let origin: RunOrigin
  let isRetrying: Bool
  let cancellation: CancellationToken
  let endsWithParent: Bool
  private let events = PlannedEvents()

  /// - Parameter endsWithParent: true for a worker, which must end if the sweep that started it
  ///   has ended.
  public init(
    _ builder: TrialBuilder, in folder: SweepFolder, command: [String], version: String,
    retryingFailed: Bool, endsWithParent: Bool = true, cancellation: CancellationToken
  ) {
    self.builder = builder
    self.folder = folder
    origin = RunOrigin(
      command: command, nnexpVersion: version, file: builder.declaration.file)
    isRetrying = retryingFailed
    self.cancellation = cancellation
    self.endsWithParent = endsWithParent
  }

  /// Runs a trial unless it has ended. Errors are recorded in its files.
  ///
  /// - Parameter pause: the epoch after which the trial pauses.
  public func run(
    combination: Int, hash: TrialHash, pausingAfter pause: Int? = nil
  ) throws -> Outcome {
    let outcome = try runLocked(combination, hash, pause)
    if case .ended = outcome { try writeEvents(of: hash) }
    return outcome
  }

  /// Writes the trial's parameters for TensorBoard, if the trial has an event file.
  private func writeEvents(of hash: TrialHash) throws {
    guard Path.isThere("\(folder.run(hash))/\(EventFile.name)") else { return }
    try events.of(folder)?.complete(hash, in: folder)
  }

  private func runLocked(
    _ combination: Int, _ hash: TrialHash, _ pause: Int?
  ) throws -> Outcome {
    guard let lock = try TrialLock(hash, in: folder) else { return .held }
    defer { withExtendedLifetime(lock) {} }
    let state = try folder.state(of: hash)
    if state.isFinished(retryingFailed: isRetrying) { return .ended(0, state.summary) }
    if let pause, let summary = state.summary, summary.status == .stopped, summary.epochs >= pause {
      return .ended(0, summary)
    }
    let observer = TrialObserver(cancellation, endsWithParent: endsWithParent)
    if let code = resume(hash, state, observer, pause) { return .ended(code, observer.summary) }
    do {
      let experiment = try builder.experiment(combination)
      let code =
        switch experiment.dtype {
        case .float32:
          try perform(builder.prepare(experiment, as: Float.self), hash, observer, pause)
        case .float64:
          try perform(builder.prepare(experiment, as: Double.self), hash, observer, pause)
        }
      return .ended(code, observer.summary)
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      let code = diagnostics.failure.rawValue
      if case .absent = try folder.state(of: hash) {
        try folder.recordFailure(
          of: hash, exitStatus: Int(code), error: diagnostics.list.first?.message ?? "\(error)")
      }
      return .ended(code, observer.summary)
    }
  }

  /// Resumes an unfinished trial from its newest checkpoint; nil if that is not possible, so
  /// that the trial starts again.
  private func resume(
    _ hash: TrialHash, _ state: TrialState, _ observer: TrialObserver, _ pause: Int?
  ) -> Int32? {
    if case .failed = state { return nil }
    // A run that was killed between two files has a record but no summary.
    guard [nil, .running, .interrupted, .stopped].contains(state.summary?.status),
      let resumption = try? Resumption(of: folder.run(hash), registry: builder.registry),
      hash == TrialHash(of: resumption.record)
    else { return nil }
    return try? resumption.perform(
      observers: [observer], cancellation: observer.cancellation, pausingAfter: pause)
  }

  private func perform<S: Scalar>(
    _ prepared: PreparedExperiment<S>, _ hash: TrialHash, _ observer: TrialObserver, _ pause: Int?
  ) throws -> Int32 {
    guard TrialHash(of: prepared) == hash else {
      throw Diagnostic(
        "the file '\(builder.declaration.file)', its data or its plugins have changed since "
          + "the sweep was planned",
        notes: [.init("the plan has the hash \(hash); the trial has \(TrialHash(of: prepared))")])
    }
    try folder.setAside(hash)
    var origin = origin
    origin.output = folder.run(hash)
    let run = try Run(
      prepared, from: origin, observers: [observer], cancellation: observer.cancellation)
    try writeEvents(of: hash)
    return try run.perform(pausingAfter: pause)
  }
}

/// The writer of a sweep's parameters for TensorBoard, which reads the plan once.
private final class PlannedEvents {
  private var known: SweepEvents?

  func of(_ folder: SweepFolder) throws -> SweepEvents? {
    if known == nil { known = try PlanRecord(of: folder).map(SweepEvents.init) }
    return known
  }
}

extension TrialHash {
  /// The hash of the trial that a record belongs to.
  init?(of record: RunRecord) {
    guard let configuration = record.configuration else { return nil }
    self.init(configuration: configuration, files: record.data + record.plugins)
  }
}

/// Hides a trial's messages, keeps its summary, and cancels it if it belongs to a worker whose
/// sweep has been killed, so that the next sweep can run the trial.
private final class TrialObserver: RunObserver {
  private let request: CancellationToken
  private let endsWithParent: Bool
  private let parent = getppid()
  private var isOrphaned = false
  private(set) var summary: Summary?

  init(_ request: CancellationToken, endsWithParent: Bool) {
    self.request = request
    self.endsWithParent = endsWithParent
  }

  var cancellation: CancellationToken {
    CancellationToken { [self] in isOrphaned ? SIGTERM : request.signal }
  }

  func heartbeat(_ progress: TrainingProgress) {
    isOrphaned = endsWithParent && getppid() != parent
  }

  func concluded(_ summary: Summary) { self.summary = summary }
}
