import Files
import ArgumentParser
import ExperimentFile
import Explanation
import NNExp
import Results
import Running

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", _superCommandName: NNExpCommand.name,
    abstract: "Writes out an experiment's chain rule with the numbers of training samples.",
    discussion: """
      Forward and backward, node by node: the equation, its numbers, δ, and every
      parameter's gradient as a product, next to the numeric derivative. Several
      samples are followed by the sums over them.

      Try:  nnexp explain experiments/xor.yaml --sample 1 --format html --output xor.html
            nnexp explain experiments/seeds/backprop_batch.yaml --sample 0,1
            nnexp explain experiments/digits_lp.yaml --full pool1.output
      """)

  @Argument(help: "the experiment file", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "overrides, such as model.hidden.units=4")
  var overrides: [String] = []

  @Option(
    help: ArgumentHelp(
      "the training samples, counted from 0: one, several (0,1), or 'all'", valueName: "list"))
  var sample = "0"

  @Option(
    help: ArgumentHelp(
      "the letters: of a source in experiments/seeds (\(NotationName.words)); by default, "
        + "'notation' in the file, or tanaka", valueName: "name"),
    completion: .list(NotationName.allCases.map(\.rawValue)))
  var notation: String?

  @Option(
    help: ArgumentHelp(
      "write a large tensor in full: a parameter or an output; can be repeated",
      valueName: "node.tensor"))
  var full: [String] = []

  @Option(
    help: ArgumentHelp("text, markdown (with LaTeX), or html (one self-contained page)"),
    completion: .list(Explanation.Format.allCases.map(\.rawValue)))
  var format = "text"

  @Option(
    help: "a run's folder, whose last weights are used instead of the initial ones",
    completion: .directory)
  var checkpoint: String?

  @Option(
    help: "a CSV file or NPZ archive with inputs and targets: the sample is one of its rows",
    completion: .file())
  var data: String?

  @OptionGroup var destination: OutputOptions

  func run() throws {
    let formats = Explanation.Format.allCases.map(\.rawValue)
    guard let format = Explanation.Format(rawValue: format) else {
      throw Diagnostic(
        "unknown format '\(format)'\(suggestion(for: format, among: formats))",
        notes: [.init("the formats are: " + formats.joined(separator: ", "))])
    }
    let samples = try parsedSamples()
    let letters = try parsedNotation()
    let output = try destination.file(besides: [file] + (data.map { [$0] } ?? []))
    let experiment = try Experiment(
      path: file, overrides: overrides, registry: standardRegistry())
    let text: String
    switch experiment.dtype {
    case .float32:
      text = try explain(prepared(experiment, Float.self, samples), format, samples, letters)
    case .float64:
      text = try explain(prepared(experiment, Double.self, samples), format, samples, letters)
    }
    try write(Array(text.utf8), to: output)
    guard let output else { return }
    let words = samples.map {
      $0.count == 1 ? "training sample \($0[0])" : "\($0.count) training samples"
    }
    printStatus(
      "the chain rule of \(words ?? "all training samples") in \(Escaping.line(output.path))")
  }

  /// The samples; nil for all.
  private func parsedSamples() throws -> [Int]? {
    if sample == "all" { return nil }
    let numbers = sample.split(atByte: ",").map { Int(String($0)) }
    guard !numbers.isEmpty, !numbers.contains(nil) else {
      throw Diagnostic(
        "--sample takes numbers of training samples, such as 0 or 0,1, or 'all'; found '\(sample)'")
    }
    return numbers.compactMap { $0 }
  }

  private func parsedNotation() throws -> NotationName? {
    guard let notation else { return nil }
    guard let name = NotationName(rawValue: notation) else {
      let names = NotationName.allCases.map(\.rawValue)
      throw Diagnostic(
        "unknown notation '\(notation)'\(suggestion(for: notation, among: names))",
        notes: [.init("the notations are: " + names.joined(separator: ", "))])
    }
    return name
  }

  private func prepared<S: Scalar>(
    _ experiment: Experiment, _ type: S.Type, _ samples: [Int]?
  ) throws -> PreparedExperiment<S> {
    let directory = try checkpoint.map { try RunDirectory.open($0) }
    try directory.map(Trained.warnWithoutColumns)
    if let data {
      return try PreparedExperiment(experiment, labeled: data, like: directory)
    }
    guard let directory else { return try PreparedExperiment(experiment) }
    // For all samples, those that the run keeps are rarely enough.
    let most = samples.map { min($0.max() ?? 0, .max - 1) } ?? .max - 1
    return try PreparedExperiment(experiment, samplesOf: directory, count: max(0, most) + 1)
  }

  private func explain<S: Scalar>(
    _ prepared: PreparedExperiment<S>, _ format: Explanation.Format, _ samples: [Int]?,
    _ letters: NotationName?
  ) throws -> String {
    if let checkpoint {
      try Trained.weights(.last, of: RunDirectory.open(checkpoint)).put(into: prepared)
    }
    return try Explanation(
      of: prepared.trainer.network, name: prepared.experiment.name, data: prepared.data,
      samples: samples, seed: prepared.experiment.seed,
      weights: checkpoint.map { "the last weights of \($0)" },
      notation: letters ?? prepared.experiment.notation, full: full
    ).formatted(as: format)
  }
}

extension NotationName {
  /// The names for a help text: `tanaka, tang, … or names`.
  fileprivate static var words: String {
    allCases.dropLast().map(\.rawValue).joined(separator: ", ") + ") or names (of the nodes"
  }
}
