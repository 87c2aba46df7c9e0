import ArgumentParser
import ExperimentFile
import NNExp
import Running

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Reads and checks experiment files, and shows the model, without training.")

  @Argument(help: "experiment files", completion: .file(extensions: ["yaml", "yml"]))
  var files: [String]

  func run() throws {
    let registry = standardRegistry()
    var errors = Diagnostics()
    for file in files {
      do {
        let experiment = try Experiment(path: file, registry: registry)
        switch experiment.dtype {
        case .float32: try show(file, PreparedExperiment<Float>(experiment))
        case .float64: try show(file, PreparedExperiment<Double>(experiment))
        }
      } catch { errors.add(error) }
    }
    try errors.throwIfAny()
  }

  private func show<S: Scalar>(_ file: String, _ prepared: PreparedExperiment<S>) throws {
    try printResult("\(file): valid")
    try printResult(prepared.modelTable)
    try printResult(prepared.totals)
    try printResult("memory: \(prepared.memoryParts)")
    if file != files.last { try printResult("") }
  }
}
