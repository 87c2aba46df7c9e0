import ArgumentParser
import Datasets
import ExperimentFile
import Files
import NNExp
import Reference
import Results
import Running
import Standard

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", _superCommandName: NNExpCommand.name,
    abstract: "Writes a first experiment for a table.",
    discussion: """
      Reads all cells of a CSV file, and writes one experiment file with comments:
      which columns are read and how, a split, a small model. Also writes
      nnexp.schema.json beside it, if there is none, which the file names for
      editors. Try:

        nnexp init penguins.csv --target species
        nnexp run penguins.yaml
      """)

  @Argument(help: "the CSV file", completion: .file(extensions: ["csv", "tsv", "gz"]))
  var data: String

  @Option(help: ArgumentHelp("the column to learn", valueName: "column"))
  var target: String

  @Option(
    name: .shortAndLong,
    help: "the file to write; - for standard output (default: NAME.yaml in the current folder)",
    completion: .file(extensions: ["yaml", "yml"]))
  var output: String?

  @Flag(help: OutputFile.forceHelp)
  var force = false

  func run() throws {
    let path = output ?? RunDirectory.possibleName(for: stem) + ".yaml"
    let name = RunDirectory.possibleName(for: path == "-" ? stem : Path.stem(of: path))
    let file = path == "-" ? nil : try OutputFile(path, force: force, besides: [data])
    let folder = path == "-" ? "." : Path.folder(of: path)
    let draft = try TableDraft(path: data, shownPath: dataPath(from: folder), target: target)
    let classes: Int? = if case .classes(let count) = draft.task { count } else { nil }
    let starter = StarterExperiment(classes: classes, rows: draft.rows)
    let text = InitCommand.text(
      title: title(draft), name: name, path: path == "-" ? "FILE" : path, draft, starter)

    // The file is read as 'nnexp run' will read it before it is written.
    let experiment = try Experiment(
      Array(text.utf8), path: Path.join(folder, Path.name(of: path)), registry: standardRegistry())
    let prepared = try PreparedExperiment<Float>(experiment)
    guard let file else { return try printResult(text, terminator: "") }
    try file.write(Array(text.utf8))
    try printResult("wrote '\(path)': \(title(draft))")
    try writeSchema(in: folder)
    if let column = draft.timeColumn {
      try printResult(
        "the table is a time series: '\(column)' orders the rows, so the last rows are for "
          + "validation and test")
    }
    try printResult("train it:  nnexp run \(quotedForShell(path))")
    for announcement in prepared.announcements { writeError("\(announcement)") }
  }

  private static let schema = "nnexp.schema.json"

  /// Writes the schema that the file's modeline names, unless the folder has one.
  private func writeSchema(in folder: String) throws {
    let path = Path.join(folder, InitCommand.schema)
    if Path.isThere(path) { return }
    let schema = try FileReference(standardRegistry()).jsonSchema(version: NNExpCommand.version)
    try FileSystem.system.write(Array((schema.description + "\n").utf8), to: path)
    try printResult("wrote '\(path)', with which editors complete and check it")
  }

  /// The name of the data file without `.csv`, or `.csv.gz`.
  private var stem: String {
    let stem = Path.stem(of: data)
    return Path.suffix(of: data).lowercased() == "gz" ? Path.stem(of: stem) : stem
  }

  /// The path of the data from the folder of the experiment file.
  private func dataPath(from folder: String) throws -> String {
    if data.hasPrefix(bytes: "/") || folder == "." { return data }
    guard let real = Path.real(data) else { return data }
    return real
  }

  /// `species (3 classes) from 7 columns of penguins.csv, 344 rows`.
  private func title(_ draft: TableDraft) -> String {
    let kind: String =
      if case .classes(let count) = draft.task { "\(count) classes" } else { "a number" }
    let name = target.unicodeScalars.map(\.visible).joined()
    return "\(name) (\(kind)) from \(draft.inputs) column\(draft.inputs == 1 ? "" : "s") of "
      + "\(Path.name(of: data)), \(draft.rows) rows"
  }

  private static func text(
    title: String, name: String, path: String, _ draft: TableDraft, _ starter: StarterExperiment
  ) -> String {
    let lines =
      [
        "# \(title). Written by nnexp init.",
        "# Train it: nnexp run \(quotedForShell(path))",
        "# Show the columns as they are read: nnexp validate \(quotedForShell(path))",
        "# yaml-language-server: $schema=\(InitCommand.schema)",
        "name: \(ConfigValue.quoted(name))",
        "seed: 1",
      ] + draft.lines + starter.lines
      + [
        "predictions: [\(draft.rows < 100 ? "validation" : "test")]",
        "# With these lines, nnexp run ends with exit code 1 if the result is worse:",
        "# expect:",
        "#   \(starter.column): \">= 0.9\"",
      ]
    return lines.joined(separator: "\n") + "\n"
  }
}
