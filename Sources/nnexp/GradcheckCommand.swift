import ArgumentParser
import ExperimentFile
import GradientCheck
import NNExp
import Running

struct GradcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradcheck",
    abstract: "Checks an experiment's gradients at its initial weights, and nothing else.",
    discussion: """
      Every parameter's gradient and every layer's input gradient is held
      against a numeric derivative in float64 with an error bound. Exit code 0:
      all proven; 1: not.
      """)

  @Argument(help: "the experiment file", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "overrides, such as model.hidden.units=4")
  var overrides: [String] = []

  func run() throws {
    let experiment = try Experiment(
      path: file, overrides: overrides, registry: standardRegistry())
    switch experiment.dtype {
    case .float32: try check(Session<Float>(experiment))
    case .float64: try check(Session<Double>(experiment))
    }
  }

  private func check<S: Scalar>(_ session: Session<S>) throws {
    let report = try session.checkGradients(at: .start)
    say(report.description)
    if let diagnostic = report.diagnostic { throw diagnostic }
  }
}
