import Engine
import ExperimentFile
import Glibc
public import NNExp
import Results
import Running

/// Runs trials of a sweep in this process, one after another.
public struct TrialRunner {
  public enum Outcome: Sendable {
    case ended(Int32)
    /// Another process is at it.
    case held
  }

  let declaration: SweepDeclaration
  let folder: SweepFolder
  let registry: Registry
  let command: [String]
  let version: String
  let isRetrying: Bool
  let interruption: () -> Int32?
  let endsWithParent: Bool

  /// - Parameter endsWithParent: true for a worker, which is of no use once the
  ///   sweep that started it is gone.
  public init(
    _ declaration: SweepDeclaration, in folder: SweepFolder, registry: Registry,
    command: [String], version: String, retryingFailed: Bool, endsWithParent: Bool = true,
    interruption: @escaping () -> Int32?
  ) {
    self.declaration = declaration
    self.folder = folder
    self.registry = registry
    self.command = command
    self.version = version
    isRetrying = retryingFailed
    self.interruption = interruption
    self.endsWithParent = endsWithParent
  }

  /// Runs a trial unless it is finished; leaves what went wrong in its files.
  public func run(combination: Int, hash: String) throws -> Outcome {
    guard let lock = try TrialLock(hash, in: folder) else { return .held }
    defer { withExtendedLifetime(lock) {} }
    let state = folder.state(of: hash)
    if state.isFinished(retryingFailed: isRetrying) { return .ended(0) }
    if case .absent = state, access(folder.run(hash), F_OK) != 0 {
    } else {
      if let code = resumed(hash, state) { return .ended(code) }
      try folder.setAside(hash)
    }
    do {
      let experiment = try declaration.compose(combination, registry: registry)
      guard SweepPlan.hash(of: experiment) == hash else {
        throw Diagnostic("the file '\(declaration.file)' has changed since the sweep was planned")
      }
      switch experiment.dtype {
      case .float32:
        return .ended(try perform(Session<Float>(experiment), hash))
      case .float64:
        return .ended(try perform(Session<Double>(experiment), hash))
      }
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      let code = diagnostics.failure.rawValue
      if case .absent = folder.state(of: hash) {
        try folder.noteFailure(
          of: hash, exitStatus: Int(code), error: diagnostics.list.first?.message ?? "\(error)")
      }
      return .ended(code)
    }
  }

  /// Goes on with an unfinished trial from its newest checkpoint; nil where it
  /// cannot, so that it starts again.
  private func resumed(_ hash: String, _ state: TrialState) -> Int32? {
    guard case .found(let summary, _) = state,
      summary.status == .running || summary.status == .interrupted,
      let resumption = try? Resumption(of: folder.run(hash), registry: registry)
    else { return nil }
    return try? resumption.perform(listener: Silence(interruption, endsWithParent))
  }

  private func perform<S: Scalar>(_ session: Session<S>, _ hash: String) throws -> Int32 {
    let origin = RunOrigin(
      command: command, nnexpVersion: version, file: declaration.file, output: folder.run(hash))
    return try Run(session, from: origin, listener: Silence(interruption, endsWithParent)).perform()
  }
}

/// Hears a run and says nothing; its files tell all.
private final class Silence: RunListener {
  private let asked: () -> Int32?
  private let parent = getppid()
  private var isOrphaned = false

  private let endsWithParent: Bool

  init(_ asked: @escaping () -> Int32?, _ endsWithParent: Bool) {
    self.asked = asked
    self.endsWithParent = endsWithParent
  }

  /// A worker whose sweep has been killed stops at once, so that the next sweep
  /// finds the trial free.
  var interruption: Int32? { isOrphaned ? SIGTERM : asked() }

  func say(_ text: String) {}
  func complain(_ text: String) {}
  func update(epoch: Int, of epochs: Int, figures: [(String, Double)]) {
    isOrphaned = endsWithParent && getppid() != parent
  }
}
