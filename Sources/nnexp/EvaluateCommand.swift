import Files
import ArgumentParser
import Datasets
import Engine
import ExperimentFile
import NNExp
import Results
import Running

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", _superCommandName: NNExpCommand.name,
    abstract: "Measures a run's weights on each of its splits, or on new labeled data.",
    discussion: """
      Without --data, the run's data are read again; if they have changed, that is an
      error. With --data, only the run's folder and the given file are needed.

      Try:  nnexp evaluate results/iris/latest
            nnexp evaluate results/iris/latest --data new.csv --csv --output new_metrics.csv
      """)

  @Argument(help: "the run's folder, such as results/xor/latest", completion: .directory)
  var directory: String

  @Option(
    help: "a CSV file or NPZ archive with the inputs and targets of new samples",
    completion: .file())
  var data: String?

  @Option(help: Trained.weightsHelp)
  var weights: Trained.Weights?

  @Flag(help: "print CSV, with all digits")
  var csv = false

  @OptionGroup var destination: OutputOptions

  @OptionGroup var trust: TrustOptions

  func run() throws {
    let output = try destination.file(besides: data.map { [$0] } ?? [])
    let trained = try Trained(directory, weights, trust)
    switch trained.experiment.dtype {
    case .float32: try evaluate(trained, as: Float.self, output)
    case .float64: try evaluate(trained, as: Double.self, output)
    }
  }

  private func evaluate<S: Scalar>(
    _ trained: Trained, as type: S.Type, _ output: OutputFile?
  ) throws {
    let prepared =
      try data == nil ? trained.prepared(type) : trained.preparedToPredict(type)
    var parts: [(name: String, samples: Dataset<S>)] = []
    if let data {
      let labeled = try prepared.labeled(data)
      parts = [(data, labeled.train)]
      for warning in labeled.announcements { writeError("\(warning)") }
      if labeled.droppedRows > 0 {
        writeError("rows of '\(data)' left out for a missing cell: \(labeled.droppedRows)")
      }
    } else {
      parts = ["train", "validation", "test"].compactMap { split in
        prepared.samples(of: split).map { (split, $0) }
      }
    }
    let rows = try rows(of: parts, prepared)
    let weights = trained.weightsText(in: prepared)
    guard csv else {
      let text = [weights, table(rows, rightAligned: Set(1..<rows[0].count))]
      return try write(Array((text.joined(separator: "\n") + "\n").utf8), to: output)
    }
    var text = CSVText(columns: rows[0].map { $0.replacing(" ", with: "_") })
    for row in rows.dropFirst() { text.append(row.map(Cell.text)) }
    writeError(weights)
    try write(text.bytes, to: output)
  }

  /// One row per part: its name, the number of samples, the loss and the metrics.
  private func rows<S: Scalar>(
    of parts: [(name: String, samples: Dataset<S>)], _ prepared: PreparedExperiment<S>
  ) throws -> [[String]] {
    let heads = prepared.heads
    var rows = [[data == nil ? "split" : "data", "samples", "loss"]]
    if heads[0].name != nil { rows[0] += heads.map { "\($0.name ?? "") loss" } }
    rows[0] += heads.flatMap { head in
      head.metrics.map { metric in head.name.map { "\($0) \(metric.name)" } ?? metric.name }
    }
    for (name, samples) in parts {
      let measured = try prepared.trainer.evaluator.measure(samples)
      var values = [prepared.trainer.totalLoss(measured)]
      if heads[0].name != nil { values += measured.map { $0[0] } }
      values += measured.flatMap { $0.dropFirst() }
      rows.append(
        [name, "\(samples.count)"]
          + values.map { csv ? ($0.isNaN ? "" : shortest($0)) : brief($0) })
    }
    return rows
  }
}

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", _superCommandName: NNExpCommand.name,
    abstract: "Computes a run's outputs for new inputs.",
    discussion: """
      Only the run's folder and the new inputs are needed. Inputs far outside the
      range of the training data are reported.

      Try:  nnexp predict results/iris/latest --input flowers.csv --output predicted.csv
            nnexp predict results/houses/latest --set size=5 --set colour=red
      """)

  @Argument(help: "the run's folder, such as results/iris/latest", completion: .directory)
  var directory: String

  @Option(
    help: "a CSV file with the input columns of the training data; - for standard input",
    completion: .file())
  var input: String?

  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "the value of one column, instead of --input: one row; repeat it for each column",
      valueName: "column=value"))
  var values: [String] = []

  @Option(
    help: ArgumentHelp(
      "columns of the input to copy, with commas between, such as id,name", valueName: "columns"))
  var keep: String?

  @Option(help: Trained.weightsHelp)
  var weights: Trained.Weights?

  @OptionGroup var destination: OutputOptions

  @OptionGroup var trust: TrustOptions

  func validate() throws {
    if (input == nil) == values.isEmpty {
      throw ValidationError("predict takes either --input FILE or --set COLUMN=VALUE")
    }
    if keep != nil, input == nil { throw ValidationError("--keep copies columns of --input") }
    for text in values where text.firstIndex(ofByte: "=") == nil {
      throw ValidationError("--set takes COLUMN=VALUE, such as --set size=5, found '\(text)'")
    }
  }

  func run() throws {
    let output = try destination.file(besides: input.map { [$0] } ?? [])
    let trained = try Trained(directory, weights, trust)
    switch trained.experiment.dtype {
    case .float32: try predict(trained, trained.preparedToPredict(Float.self), output)
    case .float64: try predict(trained, trained.preparedToPredict(Double.self), output)
    }
  }

  private func predict<S: Scalar>(
    _ trained: Trained, _ prepared: PreparedExperiment<S>, _ output: OutputFile?
  ) throws {
    let data = trained.experiment.data
    let samples: Dataset<S>
    var kept: KeptColumns?
    if let input {
      samples = try data.loadInputs(path: input, like: prepared.data)
      kept = try keep.map {
        try data.keptColumns($0.split(atByte: ",").map(String.init), of: input)
      }
    } else {
      let pairs = values.map { text in
        let mark = text.firstIndex(ofByte: "=") ?? text.endIndex
        return (String(text[..<mark]), String(text[mark...].utf8.dropFirst()) ?? "")
      }
      samples = try data.loadInputs(setting: pairs, like: prepared.data)
    }
    for warning in samples.warnings { writeError("\(warning)") }
    var predictions = try Predictions(
      prepared, hasTargets: false, hasSplits: false, keeping: kept)
    try predictions.add(samples, by: prepared.trainer.evaluator)
    try write(predictions.csv, to: output)
    let rows = samples.sourceCount.map { " of \($0) rows; the others have a missing cell" } ?? ""
    let fact = "\(samples.count) predictions\(rows) by \(trained.weightsText(in: prepared))"
    guard let output else { return writeError(fact) }
    printStatus("\(fact) in \(Escaping.line(output.path))")
  }
}

/// The experiment and the weights of a run.
struct Trained {
  enum Weights: String, CaseIterable, ExpressibleByArgument {
    case best
    case last
  }

  static let weightsHelp: ArgumentHelp = "which weights: best or last; those delivered if absent"

  let experiment: Experiment
  private let weights: RunWeights
  private let isBest: Bool
  private let directory: RunDirectory
  private let record: RunRecord

  /// - Parameter weights: nil for those that the run delivered.
  init(_ path: String, _ weights: Weights?, _ trust: TrustOptions) throws {
    directory = try RunDirectory.open(path)
    record = try RunRecord(of: directory)
    // The resolved file contains every override. Its paths are relative to the original
    // experiment file.
    experiment = try Experiment(
      resolved: directory.read("resolved.yaml"), path: record.experiment,
      name: directory.folder.path(of: "resolved.yaml"), registry: standardRegistry(),
      plugins: PluginPolicy(
        ofFile: "resolved.yaml", in: directory.folder, isTrusted: trust.trustPlugins))
    // A run of version 0.1.0, or one that has no row yet, has not delivered any.
    let delivered = try Summary.ifThere(in: directory)?.delivered?.weights
    isBest =
      weights.map { $0 == .best } ?? delivered.map { $0 == "best" }
      ?? (experiment.training.deliver != .last)
    self.weights = try Trained.weights(isBest ? .best : .last, of: directory)
  }

  /// The identifier of the run.
  var runID: String { record.id }

  /// `the weights of epoch 17 (best validation_loss)`.
  func weightsText<S: Scalar>(in prepared: PreparedExperiment<S>) -> String {
    let kind = isBest ? "best \(prepared.trainer.monitor.name)" : "last"
    return weights.epoch.map { "the weights of epoch \($0) (\(kind))" } ?? "the \(kind) weights"
  }

  /// Reads a run's newest or best weights. Prints a warning if others were used.
  static func weights(
    _ which: Trainer<Double>.Weights, of directory: RunDirectory
  ) throws -> RunWeights {
    let weights = try RunWeights(which, of: directory)
    if let warning = weights.warning { writeError(warning.description) }
    return weights
  }

  /// Prints a warning if a run has no columns.json.
  static func warnWithoutColumns(_ directory: RunDirectory) throws {
    if try directory.readIfThere(DataEncoding.file) != nil { return }
    let fact =
      "'\(directory.path)' has no columns.json, as runs of nnexp 0.1.0; its data are read again"
    writeError(Diagnostic(fact, severity: .warning).description)
  }

  /// The experiment with the run's weights and columns, without samples. If the run has no
  /// columns.json, the data are read again.
  func preparedToPredict<S: Scalar>(_ type: S.Type) throws -> PreparedExperiment<S> {
    try Trained.warnWithoutColumns(directory)
    guard
      let prepared = try PreparedExperiment<S>(
        experiment, columnsOf: directory, use: .evaluation)
    else {
      return try self.prepared(type)
    }
    try prepared.requirePlugins(of: record, in: directory)
    try weights.put(into: prepared)
    return prepared
  }

  /// The experiment as built for the run, with the run's weights. Throws if its data or plugins
  /// have changed since.
  func prepared<S: Scalar>(_ type: S.Type) throws -> PreparedExperiment<S> {
    let prepared = try PreparedExperiment<S>(experiment, starts: false, use: .evaluation)
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
