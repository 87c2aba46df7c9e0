import Files
import ArgumentParser
import NNExp
import Results
import Sweeps

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", _superCommandName: NNExpCommand.name,
    abstract: "Compares runs with each other.",
    discussion: """
      A few runs are shown side by side, one column per run. Many runs, and the
      trials of sweeps, are shown below each other, one row per run. --sort puts the
      best first: the highest value of a metric of which higher values are better,
      the lowest of everything else.

      With --exact, every number of metrics.csv, predictions.csv, the gradient
      checks, the summary and the weights of two runs must be the same to the last
      bit. For each file that differs, the first row and column that differ are
      reported. Clock times are not compared. Exit code 0: the runs are equal; 1:
      they differ.

      Try:  nnexp compare results/xor/run-0001 results/xor/run-0002
            nnexp compare results/xor/sweep --sort train_loss --limit 20
      """)

  @Argument(help: "folders of runs or sweeps", completion: .directory)
  var folders: [String]

  @Option(help: "the column to sort by, such as validation_loss")
  var sort: String?

  @Flag(help: "also show the settings and metrics that are equal in all")
  var all = false

  @Option(help: ArgumentHelp("show only the first rows", valueName: "n"))
  var limit: Int?

  @Flag(help: "print CSV, with all digits")
  var csv = false

  @Flag(help: "print JSON, with all settings, metrics and digits")
  var json = false

  @Flag(help: "compare two runs to the last bit")
  var exact = false

  @OptionGroup var destination: OutputOptions

  func validate() throws {
    if exact, sort != nil || all || limit != nil || csv {
      throw ValidationError(
        "--exact compares all results, and cannot be combined with other options")
    }
    if exact, folders.count != 2 {
      throw ValidationError("--exact compares two runs, found \(folders.count)")
    }
    if csv, json { throw ValidationError("--csv and --json exclude each other; give one of them") }
    if let limit, limit < 1 {
      throw ValidationError("--limit must be an integer ≥ 1, found \(limit)")
    }
  }

  func run() throws {
    let output = try destination.file()
    if exact { return try compareExactly(folders[0], folders[1], output) }
    var comparison = try RunComparison(folders)
    if let sort { try comparison.sort(by: sort) }
    for warning in comparison.warnings { writeError(warning.description) }
    // Whether a column changes is determined from all runs, not only from those that are shown.
    if !all, !json { comparison.keepChanged() }
    if let limit { comparison.limit(to: limit) }
    if json { return try write(Array((comparison.json.description + "\n").utf8), to: output) }
    if csv { return try write(Array(comparison.csv.utf8), to: output) }
    try writeTable(to: output) { comparison.text(emphasis: $0) }
  }

  private func compareExactly(_ first: String, _ second: String, _ output: OutputFile?) throws {
    let comparison = try ExactComparison(RunDirectory.open(first), RunDirectory.open(second))
    if json {
      let record: JSON = [
        "equal": .bool(comparison.isEqual), "files": .array(comparison.files.map { .string($0) }),
        "differences": .array(
          comparison.differences.map { ["file": .string($0.file), "fact": .string($0.fact)] }),
      ]
      try write(Array((record.description + "\n").utf8), to: output)
      if comparison.isEqual { return }
    }
    if comparison.isEqual {
      let text = Escaping.line(
        "'\(first)' and '\(second)' are equal to the last bit: "
          + comparison.files.joined(separator: ", "))
      return try write(Array((text + "\n").utf8), to: output)
    }
    if json { throw Exit(code: 1) }
    let lines = comparison.differences.map { Escaping.line("\($0.file): \($0.fact)") + "\n" }
    try write(Array(lines.joined().utf8), to: output)
    throw Diagnostic(
      "'\(first)' and '\(second)' differ in \(comparison.differences.count) of "
        + "\(comparison.files.count) files",
      notes: comparison.environmentDifferences.map { .init("the runs differ in \($0)") },
      failure: .shortfall)
  }
}
