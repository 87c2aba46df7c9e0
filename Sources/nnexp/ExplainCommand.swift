import Files
import ArgumentParser
import ExperimentFile
import Explanation
import NNExp
import Results
import Running

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Writes out an experiment's chain rule with the numbers of one training sample.",
    discussion: """
      Forward and backward, node by node: the equation, its numbers, δ, and every
      parameter's gradient as a product, next to the numeric derivative.

      Try:  nnexp explain experiments/xor.yaml --sample 1 --format html --output xor.html
      """)

  @Argument(help: "the experiment file", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "overrides, such as model.hidden.units=4")
  var overrides: [String] = []

  @Option(help: "the training sample, counted from 0")
  var sample = 0

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
    let output = try destination.file(besides: [file] + (data.map { [$0] } ?? []))
    let experiment = try Experiment(
      path: file, overrides: overrides, registry: standardRegistry())
    let text: String
    switch experiment.dtype {
    case .float32: text = try explain(prepared(experiment, Float.self), format)
    case .float64: text = try explain(prepared(experiment, Double.self), format)
    }
    try write(Array(text.utf8), to: output)
    guard let output else { return }
    printStatus("the chain rule of training sample \(sample) in \(Escaping.line(output.path))")
  }

  private func prepared<S: Scalar>(
    _ experiment: Experiment, _ type: S.Type
  ) throws -> PreparedExperiment<S> {
    let directory = try checkpoint.map { try RunDirectory.open($0) }
    try directory.map(Trained.warnWithoutColumns)
    if let data {
      return try PreparedExperiment(experiment, labeled: data, like: directory)
    }
    guard let directory else { return try PreparedExperiment(experiment) }
    return try PreparedExperiment(
      experiment, samplesOf: directory, count: max(0, sample) + 1)
  }

  private func explain<S: Scalar>(
    _ prepared: PreparedExperiment<S>, _ format: Explanation.Format
  ) throws -> String {
    if let checkpoint {
      try Trained.weights(.last, of: RunDirectory.open(checkpoint)).put(into: prepared)
    }
    return try Explanation(
      of: prepared.trainer.network, name: prepared.experiment.name, data: prepared.data,
      sample: sample, seed: prepared.experiment.seed,
      weights: checkpoint.map { "the last weights of \($0)" }
    ).formatted(as: format)
  }
}
