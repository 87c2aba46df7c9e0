import Datasets
import Engine
import ExperimentFile
import GradientCheck
import NNExp
import TestSupport
import YAMLTree

/// Runs experiments as the command does, but only for a few steps.
final class BriefRun {
  private let path: String

  /// The loaded data by their declaration, because many experiments have the same data.
  private var known: [String: RunDatasets<Double>] = [:]

  init(path: String) { self.path = path }

  /// The errors of a declaration, or nil if it runs. Divergence is not an error.
  func errors(of root: ConfigValue) -> Diagnostics? {
    do {
      let text = Array(writeYAML(root).utf8)
      // With a memo, the data of a wrong experiment are not read as well.
      try run(
        Experiment(
          parseYAML(text, name: path), text: text, path: path, overrides: [], registry: registry,
          memo: Memo()))
      return nil
    } catch {
      var errors = Diagnostics()
      errors.add(error)
      return errors
    }
  }

  private func run(_ experiment: Experiment) throws {
    let incomplete = experiment.objective.incompleteTargets
    let key = "\(experiment.resolved["data"]?.flow ?? "") \(experiment.seed) \(incomplete)"
    let data =
      try known[key]
      ?? experiment.data.load(as: Double.self, seed: experiment.seed, incomplete: incomplete)
    known[key] = data
    let graph = try Graph(
      experiment.model, ports: data.inputs, heads: experiment.objective.heads,
      l1: experiment.training.l1,
      l2: experiment.training.l2, registry: registry)
    let heads = try experiment.objective.bound(
      to: graph, targets: data.targets, registry: registry)

    // A run that no machine has memory for must be rejected. One that fits this machine would
    // take too long.
    let bytes = MemoryPlan(
      graph, heads: heads, vectors: 4, capacity: data.train.count, scalarSize: 8
    ).total
    if bytes > 1 << 24, bytes < 1 << 45 { return }
    let trainer = try Trainer(
      graph, heads: heads, training: experiment.training,
      data: data, seed: experiment.seed)
    let work = graph.nodes.reduce(0) { $0 &+ $1.plan.work } &* data.train.count
    guard work < 10_000 else { return }
    try check(trainer, experiment)
    let end = EarlyEnd()
    _ = try trainer.run([end], cancellation: CancellationToken { end.hasCome ? 2 : nil })
  }

  private func check(_ trainer: Trainer<Double>, _ experiment: Experiment) throws {
    let count = min(experiment.gradientCheck.batch ?? 8, trainer.data.train.count)
    let subject = try NetworkSubject(
      of: trainer.network,
      samples: trainer.data.train.held(0..<count), seed: experiment.seed)
    var settings = experiment.gradientCheck
    settings.budget = min(settings.budget, 1000)
    if settings.entries == .all { settings.entries = .count(2) }
    settings.directions = min(settings.directions, 2)
    _ = GradientChecker(settings, random: RandomStream(seed: 0, purpose: "gradient check"))
      .check(subject, at: "start")
  }
}

/// Ends a training after a few steps or its first row.
private final class EarlyEnd: TrainingObserver {
  private var looks = 0
  private var rows = 0

  var hasCome: Bool {
    looks += 1
    return looks > 4 || rows > 0
  }

  func rowRecorded(_ row: MetricRow) { rows += 1 }
}
