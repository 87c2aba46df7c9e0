import Engine
import ExperimentFile
import Glibc
import NNExp
public import Results
import Running

/// Runs trials of a sweep in this process, one after another.
public struct TrialRunner {
  public enum Outcome: Sendable {
    /// An exit code, and how it ended if it said so itself.
    case ended(Int32, Summary?)
    /// Another process is at it.
    case held
  }

  private let composer: Composer
  let folder: SweepFolder
  /// Of any trial, but for the folder.
  private let origin: RunOrigin
  let isRetrying: Bool
  let interruption: () -> Int32?
  let endsWithParent: Bool

  /// - Parameter endsWithParent: true for a worker, which is of no use once the
  ///   sweep that started it is gone.
  public init(
    _ composer: Composer, in folder: SweepFolder, command: [String], version: String,
    retryingFailed: Bool, endsWithParent: Bool = true, interruption: @escaping () -> Int32?
  ) {
    self.composer = composer
    self.folder = folder
    origin = RunOrigin(
      command: command, nnexpVersion: version, file: composer.declaration.file)
    isRetrying = retryingFailed
    self.interruption = interruption
    self.endsWithParent = endsWithParent
  }

  /// Runs a trial unless it is finished; leaves what went wrong in its files.
  ///
  /// - Parameter pause: the epoch after which it stops for the time being.
  public func run(
    combination: Int, hash: String, pausingAfter pause: Int? = nil
  ) throws -> Outcome {
    guard let lock = try TrialLock(hash, in: folder) else { return .held }
    defer { withExtendedLifetime(lock) {} }
    let state = folder.state(of: hash)
    if state.isFinished(retryingFailed: isRetrying) { return .ended(0, state.summary) }
    if let pause, let summary = state.summary, summary.status == .stopped, summary.epochs >= pause {
      return .ended(0, summary)
    }
    let listener = Silence(interruption, endsWithParent)
    if case .absent = state, access(folder.run(hash), F_OK) != 0 {
    } else {
      if let code = resume(hash, state, listener, pause) { return .ended(code, listener.summary) }
      try folder.setAside(hash)
    }
    do {
      let experiment = try composer.experiment(combination)
      let code =
        switch experiment.dtype {
        case .float32:
          try perform(composer.session(experiment, as: Float.self), hash, listener, pause)
        case .float64:
          try perform(composer.session(experiment, as: Double.self), hash, listener, pause)
        }
      return .ended(code, listener.summary)
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      let code = diagnostics.failure.rawValue
      if case .absent = folder.state(of: hash) {
        try folder.noteFailure(
          of: hash, exitStatus: Int(code), error: diagnostics.list.first?.message ?? "\(error)")
      }
      return .ended(code, listener.summary)
    }
  }

  /// Goes on with an unfinished trial from its newest checkpoint; nil where it
  /// cannot, so that it starts again.
  private func resume(
    _ hash: String, _ state: TrialState, _ listener: Silence, _ pause: Int?
  ) -> Int32? {
    if case .failed = state { return nil }
    // Killed between two files, a run has a record and no summary yet.
    guard [nil, .running, .interrupted, .stopped].contains(state.summary?.status),
      let resumption = try? Resumption(of: folder.run(hash), registry: composer.registry)
    else { return nil }
    return try? resumption.perform(listener: listener, pausingAfter: pause)
  }

  private func perform<S: Scalar>(
    _ session: Session<S>, _ hash: String, _ listener: Silence, _ pause: Int?
  ) throws -> Int32 {
    guard SweepPlan.hash(of: session) == hash else {
      throw Diagnostic(
        "the file '\(composer.declaration.file)', its data or its plugins have changed since "
          + "the sweep was planned")
    }
    var origin = origin
    origin.output = folder.run(hash)
    return try Run(session, from: origin, listener: listener).perform(pausingAfter: pause)
  }
}

/// Hears a run and says nothing; its files tell all.
private final class Silence: RunListener {
  private let asked: () -> Int32?
  private let parent = getppid()
  private var isOrphaned = false
  /// How the run ended.
  private(set) var summary: Summary?

  private let endsWithParent: Bool

  init(_ asked: @escaping () -> Int32?, _ endsWithParent: Bool) {
    self.asked = asked
    self.endsWithParent = endsWithParent
  }

  /// A worker whose sweep has been killed stops at once, so that the next sweep
  /// finds the trial free.
  var interruption: Int32? { isOrphaned ? SIGTERM : asked() }

  func say(_ text: @autoclosure () -> String) {}
  func complain(_ text: String) {}
  func concluded(_ summary: Summary) { self.summary = summary }
  func update(epoch: Int, of epochs: Int, figures: [(String, Double)]) {
    isOrphaned = endsWithParent && getppid() != parent
  }
}
