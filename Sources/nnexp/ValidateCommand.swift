import ArgumentParser
import ExperimentFile
import NNExp
import Running

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Does everything short of training: reads, checks, plans, shows the model.")

  @Argument(help: "experiment files", completion: .file(extensions: ["yaml", "yml"]))
  var files: [String]

  func run() throws {
    let registry = standardRegistry()
    var mistakes = Diagnostics()
    for file in files {
      do {
        let experiment = try Experiment(path: file, registry: registry)
        switch experiment.dtype {
        case .float32: try show(file, Session<Float>(experiment))
        case .float64: try show(file, Session<Double>(experiment))
        }
      } catch { mistakes.add(error) }
    }
    try mistakes.throwIfAny()
  }

  private func show<S: Scalar>(_ file: String, _ session: Session<S>) throws {
    try printResult("\(file): valid")
    try printResult(session.modelTable)
    try printResult(session.totals)
    try printResult("memory: \(session.memoryParts)")
    if file != files.last { try printResult("") }
  }
}
