import Datasets
import ExperimentFile
import NNExp
import Running
import Synchronization

/// Composes the experiments of a sweep's trials, exactly as `nnexp run` does, and
/// builds their networks. Data that follow from the same declaration and seed as
/// the last ones are not read again.
final class Composer: Sendable {
  let declaration: SweepDeclaration
  private let registry: Registry
  private let last = Mutex<(key: String, data: any Sendable)?>(nil)

  init(_ declaration: SweepDeclaration, _ registry: Registry) {
    self.declaration = declaration
    self.registry = registry
  }

  func experiment(_ combination: Int) throws -> Experiment {
    try Experiment(
      declaration.experiment, text: declaration.bytes, path: declaration.file,
      overrides: declaration.common + declaration.assignments(of: combination).map(\.text),
      registry: registry)
  }

  func session<S: Scalar>(_ experiment: Experiment, as type: S.Type) throws -> Session<S> {
    let key = "\(S.dtypeName) \(experiment.seed) \(experiment.resolved["data"]?.flow ?? "")"
    let known = last.withLock { $0?.key == key ? $0?.data as? DataSets<S> : nil }
    let session = try Session<S>(experiment, data: known)
    if known == nil {
      let data = session.data
      last.withLock { $0 = (key, data) }
    }
    return session
  }

  /// Plans trials on all `Workers`; their numbers are yet to be given.
  func plan(_ combinations: [Int]) -> [Result<(PlannedTrial, Monitor), any Error>] {
    let length = 8
    let parts = (combinations.count + length - 1) / length
    let planned = Mutex(
      [[Result<(PlannedTrial, Monitor), any Error>]](repeating: [], count: parts))
    Workers.perform(parts) { part in
      let results = combinations.dropFirst(part * length).prefix(length).map { combination in
        Result { try self.plan(combination) }
      }
      planned.withLock { $0[part] = results }
    }
    return planned.withLock { Array($0.joined()) }
  }

  private func plan(_ combination: Int) throws -> (PlannedTrial, Monitor) {
    let experiment = try experiment(combination)
    switch experiment.dtype {
    case .float32: return try plan(combination, session(experiment, as: Float.self))
    case .float64: return try plan(combination, session(experiment, as: Double.self))
    }
  }

  private func plan<S: Scalar>(
    _ combination: Int, _ session: Session<S>
  ) throws -> (PlannedTrial, Monitor) {
    let experiment = session.experiment
    let parameters = session.graph.parameterCount
    let epochs = experiment.training.epochs
    let trial = PlannedTrial(
      number: 0, combination: combination, hash: SweepPlan.hash(of: experiment),
      values: declaration.values(of: declaration.assignments(of: combination)),
      seed: experiment.seed, parameters: parameters,
      cost: 3 * Double(parameters) * Double(session.data.train.count) * Double(epochs),
      epochs: epochs)
    return (trial, try Monitor(of: session, declaration.halving))
  }
}

extension SweepDeclaration {
  /// The cells of the parameters' columns; empty where a trial leaves one alone.
  func values(of assignments: [Assignment]) -> [String] {
    parameterNames.map { name in assignments.first { $0.name == name }?.value ?? "" }
  }
}

extension SweepPlan {
  /// The 32 first digits of the hash of all that is in force.
  static func hash(of experiment: Experiment) -> String {
    String(SHA256.hex(of: Array(experiment.resolvedText.utf8)).prefix(32))
  }
}
