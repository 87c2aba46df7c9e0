import ArgumentParser
import ExperimentFile
import Files
import NNExp
import Running

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", _superCommandName: NNExpCommand.name,
    abstract: "Reads and checks experiment files, and shows the model, without training.")

  @Argument(help: "experiment files", completion: .file(extensions: ["yaml", "yml"]))
  var files: [String]

  @Option(
    name: [.customShort("o"), .customLong("output"), .customLong("write")],
    help: ArgumentHelp(
      "also write the file with every default, and everything that was decided from the data",
      valueName: "full.yaml"), completion: .file())
  var write: String?

  @Flag(help: "print JSON: the errors, and the model with its shapes")
  var json = false

  @Option(help: ReportOptions.junitHelp, completion: .file())
  var junit: String?

  @Flag(help: ReportOptions.githubHelp)
  var github = false

  private var reports: ReportOptions { ReportOptions(junit: junit, github: github) }

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
    let name = files.count == 1 ? files[0] : "nnexp validate"
    try reports.reporting(name, force: force, besides: files) { recorder in
      var errors = Diagnostics()
      var records: [JSON] = []
      for file in files {
        var found = Diagnostics()
        do {
          let experiment = try Experiment(path: file, registry: registry)
          let model =
            switch experiment.dtype {
            case .float32: try show(file, PreparedExperiment<Float>(experiment), output)
            case .float64: try show(file, PreparedExperiment<Double>(experiment), output)
            }
          records.append(model)
        } catch {
          found.add(error)
          records.append([
            "path": .string(file), "valid": false, "diagnostics": .array(found.list.map(\.json)),
          ])
        }
        recorder.fail("\(file) is valid", found, in: file)
        errors.add(found)
      }
      if json { try printResult(JSON.array(records).description) }
      try errors.throwIfAny()
    }
  }

  private func show<S: Scalar>(
    _ file: String, _ prepared: PreparedExperiment<S>, _ output: OutputFile?
  ) throws -> JSON {
    try output?.write(Array(prepared.fullText.utf8))
    if json { return record(of: prepared, file) }
    try printResult("\(file): valid")
    if let columns = prepared.columnTable { try printResult(columns + "\n") }
    try printResult(prepared.modelTable)
    try printResult(prepared.totals)
    try printResult("memory: \(prepared.memoryParts)")
    if let folds = prepared.experiment.data.foldsToRun {
      try printResult("folds: \(folds); shown is the first")
    }
    for announcement in prepared.announcements { writeError("\(announcement)") }
    if file != files.last { try printResult("") }
    return .null
  }

  private func record<S: Scalar>(of prepared: PreparedExperiment<S>, _ file: String) -> JSON {
    let graph = prepared.graph
    let nodes = graph.nodes.map { node -> JSON in
      let own = graph.parameters(of: node).filter { $0.node == node.name }
      return [
        "name": .string(node.name), "type": .string(node.typeName),
        "inputs": .array(node.inputs.map { .string(graph.name(of: $0)) }),
        "outputs": .array(
          node.plan.outputs.map { port in
            .array((0..<port.shape.rank).map { .int(port.shape[$0]) })
          }),
        "parameters": .int(own.reduce(0) { $0 + $1.shape.count }),
      ]
    }
    let samples = ["train", "validation", "test"].compactMap { split in
      prepared.samples(of: split).map { JSON.Member(split, .int($0.count)) }
    }
    return [
      "path": .string(file), "valid": true,
      "diagnostics": .array(prepared.announcements.map(\.json)),
      "name": .string(prepared.experiment.name), "model": .array(nodes),
      "parameters": .int(graph.parameterCount), "trainable": .int(graph.trainableCount),
      "samples": .object(samples),
    ]
  }
}

extension Diagnostic {
  /// The diagnostic as JSON: `{severity, message, file, line, column, notes}`.
  fileprivate var json: JSON {
    func place(_ location: SourceLocation?) -> [JSON.Member] {
      guard let location else { return [] }
      return [
        .init("file", .string(location.source.name)), .init("line", .int(location.line)),
        .init("column", .int(location.column)),
      ]
    }
    return .object(
      [.init("severity", .string(severity.rawValue)), .init("message", .string(message))]
        + place(location)
        + [
          .init(
            "notes",
            .array(
              notes.map { .object([.init("message", .string($0.message))] + place($0.location)) }))
        ])
  }
}
