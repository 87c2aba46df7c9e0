import ArgumentParser
import ExperimentFile
import Files
import NNExp
import Running

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Reads and checks experiment files, and shows the model, without training.")

  @Argument(help: "experiment files", completion: .file(extensions: ["yaml", "yml"]))
  var files: [String]

  @Option(
    name: [.customShort("o"), .customLong("output"), .customLong("write")],
    help: ArgumentHelp(
      "also write the file with every default, and everything that was decided from the data",
      valueName: "full.yaml"), completion: .file())
  var write: String?

  @Flag(help: OutputFile.forceHelp)
  var force = false

  func run() throws {
    let output = try write.map { path in
      guard files.count == 1 else { throw Diagnostic("--output takes one experiment file") }
      guard Path.folder(of: path) == Path.folder(of: files[0]) else {
        throw Diagnostic(
          "'\(path)' must be in the folder of '\(files[0])', to which its paths are relative")
      }
      return try OutputFile(path, force: force, besides: files)
    }
    let registry = standardRegistry()
    var errors = Diagnostics()
    for file in files {
      do {
        let experiment = try Experiment(path: file, registry: registry)
        switch experiment.dtype {
        case .float32: try show(file, PreparedExperiment<Float>(experiment), output)
        case .float64: try show(file, PreparedExperiment<Double>(experiment), output)
        }
      } catch { errors.add(error) }
    }
    try errors.throwIfAny()
  }

  private func show<S: Scalar>(
    _ file: String, _ prepared: PreparedExperiment<S>, _ output: OutputFile?
  ) throws {
    try printResult("\(file): valid")
    if let columns = prepared.columnTable { try printResult(columns + "\n") }
    try printResult(prepared.modelTable)
    try printResult(prepared.totals)
    try printResult("memory: \(prepared.memoryParts)")
    if let folds = prepared.experiment.data.foldsToRun {
      try printResult("folds: \(folds); shown is the first")
    }
    try output?.write(Array(prepared.fullText.utf8))
    for announcement in prepared.announcements { writeError("\(announcement)") }
    if file != files.last { try printResult("") }
  }
}
