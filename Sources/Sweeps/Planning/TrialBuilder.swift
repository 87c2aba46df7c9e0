import Datasets
public import ExperimentFile
import Files
public import NNExp
public import Results
import Running

/// Composes the experiments of a sweep's trials, exactly as `nnexp run` does, and builds their
/// networks. Sections and data that are equal to those of the previous trial are reused.
public final class TrialBuilder: Sendable {
  let declaration: SweepDeclaration
  let registry: Registry
  private let plugins: PluginPolicy
  private let scratch: String
  private let memo = Memo()

  /// - Parameter scratch: the path near which the numbers of streamed tables are stored.
  public init(
    _ declaration: SweepDeclaration, _ registry: Registry, plugins: PluginPolicy = .load,
    scratch: String = RunDirectory.results
  ) {
    self.scratch = scratch
    self.declaration = declaration
    self.registry = registry
    self.plugins = plugins
  }

  func experiment(_ combination: Int) throws -> Experiment {
    try Experiment(
      declaration.experiment, text: declaration.bytes, path: declaration.file,
      overrides: declaration.common + declaration.assignments(of: combination).map(\.text),
      registry: registry, plugins: plugins, memo: memo)
  }

  /// - Parameter onlyPlans: whether the trial will not run. Then samples may stay in the rows of
  ///   their files, and no pass of a plugin is called: a plugin that crashes must only end its own
  ///   trial.
  func prepare<S: Scalar>(
    _ experiment: Experiment, as type: S.Type, onlyPlans: Bool = false
  ) throws -> PreparedExperiment<S> {
    try PreparedExperiment(
      experiment, memo: memo, triesPlugins: !onlyPlans, readsSamples: !onlyPlans,
      scratch: scratch)
  }

  /// Plans trials without numbers. The first is planned alone, so that the others can reuse its
  /// data; the others are planned on all `Workers`.
  func plan(_ combinations: [Int]) -> [Result<Composition, any Error>] {
    combinations.prefix(1).map { first in Result { try plan(first) } }
      + Workers.map(max(0, combinations.count - 1)) { index in
        Result { try plan(combinations[index + 1]) }
      }
  }

  private func plan(_ combination: Int) throws -> Composition {
    let experiment = try experiment(combination)
    func prepared<S: Scalar>(as type: S.Type) throws -> PreparedExperiment<S> {
      try prepare(experiment, as: type, onlyPlans: true)
    }
    return switch experiment.dtype {
    case .float32: try plan(combination, prepared(as: Float.self))
    case .float64: try plan(combination, prepared(as: Double.self))
    }
  }

  private func plan<S: Scalar>(
    _ combination: Int, _ prepared: PreparedExperiment<S>
  ) throws -> Composition {
    let experiment = prepared.experiment
    let parameters = prepared.graph.parameterCount
    let epochs = experiment.training.epochs
    let trial = PlannedTrial(
      number: 0, combination: combination, hash: TrialHash(of: prepared),
      configuration: String(experiment.configuration.prefix(32)),
      values: declaration.values(of: declaration.assignments(of: combination)),
      seed: experiment.seed, parameters: parameters,
      cost: 3 * Double(parameters) * Double(prepared.data.train.count) * Double(epochs),
      epochs: epochs, recordEvery: experiment.training.recordEvery)
    return Composition(
      trial: trial, monitor: try prepared.monitor(for: declaration.halving),
      columns: prepared.columns,
      files: prepared.dataHashes + experiment.pluginHashes,
      loadsPlugins: !experiment.plugins.isEmpty,
      writesEvents: experiment.training.tensorboard, announcements: prepared.announcements)
  }
}

/// A trial, the column that determines how good it is, and the columns that it measures.
struct Composition {
  let trial: PlannedTrial
  let monitor: MetricColumn
  let columns: [MetricColumn]
  /// Its data files and plugins.
  let files: [FileHash]
  let loadsPlugins: Bool
  /// Whether it writes an event file for TensorBoard.
  let writesEvents: Bool
  let announcements: [Diagnostic]
}

extension SweepDeclaration {
  /// The cells of the parameters' columns; empty if the trial does not set the parameter.
  func values(of assignments: [Assignment]) -> [String] {
    parameterNames.map { name in assignments.first { $0.name.hasSameBytes(as: name) }?.value ?? "" }
  }
}

extension TrialHash {
  init<S: Scalar>(of prepared: PreparedExperiment<S>) {
    let experiment = prepared.experiment
    self.init(
      configuration: experiment.configuration, files: prepared.dataHashes + experiment.pluginHashes)
  }
}
