import Files
import ArgumentParser
import Engine
import ExperimentFile
import NNExp
import Results
import Running

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures a run's weights on each of its splits.")

  @Argument(help: "the run's folder, such as results/xor/latest", completion: .directory)
  var directory: String

  @Option(help: "the weights to use: best or last")
  var weights: Trained.Weights = .best

  @OptionGroup var trust: TrustOptions

  func run() throws {
    let trained = try Trained(directory, weights, trust)
    switch trained.experiment.dtype {
    case .float32: try evaluate(trained.prepared(Float.self))
    case .float64: try evaluate(trained.prepared(Double.self))
    }
  }

  private func evaluate<S: Scalar>(_ prepared: PreparedExperiment<S>) throws {
    let heads = prepared.heads
    var rows = [["split", "samples", "loss"]]
    if heads[0].name != nil { rows[0] += heads.map { "\($0.name ?? "") loss" } }
    rows[0] += heads.flatMap { head in
      head.metrics.map { metric in head.name.map { "\($0) \(metric.name)" } ?? metric.name }
    }
    for split in ["train", "validation", "test"] {
      guard let samples = prepared.samples(of: split) else { continue }
      let measured = try prepared.trainer.evaluator.measure(samples)
      var values = [prepared.trainer.totalLoss(measured)]
      if heads[0].name != nil { values += measured.map { $0[0] } }
      values += measured.flatMap { $0.dropFirst() }
      rows.append([split, "\(samples.count)"] + values.map(brief))
    }
    try printResult(table(rows, rightAligned: Set(1..<rows[0].count)))
  }
}

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Computes a run's outputs for new inputs.")

  @Argument(help: "the run's folder, such as results/iris/latest", completion: .directory)
  var directory: String

  @Option(help: "a CSV file with the columns that the run was trained on", completion: .file())
  var input: String

  @Option(help: "the CSV file to write", completion: .file())
  var output: String

  @Option(help: "the weights to use: best or last")
  var weights: Trained.Weights = .best

  @Flag(help: OutputFile.forceHelp)
  var force = false

  @OptionGroup var trust: TrustOptions

  func run() throws {
    let output = try OutputFile(output, force: force, besides: [input])
    let trained = try Trained(directory, weights, trust)
    switch trained.experiment.dtype {
    case .float32: try predict(trained, trained.prepared(Float.self), output)
    case .float64: try predict(trained, trained.prepared(Double.self), output)
    }
  }

  private func predict<S: Scalar>(
    _ trained: Trained, _ prepared: PreparedExperiment<S>, _ output: OutputFile
  ) throws {
    let samples = try trained.experiment.data.loadInputs(path: input, like: prepared.data)
    var predictions = Predictions(prepared, hasTargets: false, hasSplits: false)
    try predictions.add(samples, by: prepared.trainer.evaluator)
    try output.write(predictions.csv)
    printStatus("\(samples.count) predictions in \(Escaping.line(output.path))")
  }
}

/// The experiment and the weights of a run.
struct Trained {
  enum Weights: String, CaseIterable, ExpressibleByArgument {
    case best
    case last
  }

  let experiment: Experiment
  private let weights: RunWeights
  private let directory: RunDirectory
  private let record: RunRecord

  init(_ path: String, _ weights: Weights, _ trust: TrustOptions) throws {
    directory = try RunDirectory.open(path)
    record = try RunRecord(of: directory)
    // The resolved file contains every override. Its paths are relative to the original
    // experiment file.
    experiment = try Experiment(
      resolved: directory.read("resolved.yaml"), path: record.experiment,
      name: directory.folder.path(of: "resolved.yaml"), registry: standardRegistry(),
      plugins: PluginPolicy(
        ofFile: "resolved.yaml", in: directory.folder, isTrusted: trust.trustPlugins))
    self.weights = try Trained.weights(weights == .best ? .best : .last, of: directory)
  }

  /// Reads a run's newest or best weights. Prints a warning if others were used.
  static func weights(
    _ which: Trainer<Double>.Weights, of directory: RunDirectory
  ) throws -> RunWeights {
    let weights = try RunWeights(which, of: directory)
    if let warning = weights.warning { writeError(warning.description) }
    return weights
  }

  /// The experiment as built for the run, with the run's weights. Throws if its data or plugins
  /// have changed since.
  func prepared<S: Scalar>(_ type: S.Type) throws -> PreparedExperiment<S> {
    let prepared = try PreparedExperiment<S>(experiment)
    try prepared.requireFiles(of: record, in: directory)
    try weights.put(into: prepared)
    return prepared
  }
}

/// The option of every command that loads plugins which a run's folder names.
struct TrustOptions: ParsableArguments {
  @Flag(help: "load plugins that are named by a run folder of another user")
  var trustPlugins = false
}
