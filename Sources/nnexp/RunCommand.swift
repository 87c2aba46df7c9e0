import Files
import ArgumentParser
import ExperimentFile
import Glibc
import NNExp
import Running

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Trains an experiment and writes its results.",
    discussion: """
      Overrides change values of the file: train.epochs=10,
      model.hidden.units=4, model.0.units=4. A plus adds a key that the file
      lacks: +train.record_every=10.

      Results go to results/NAME/run-0001, numbered; results/NAME/latest points
      to the newest. Ctrl-C ends the run after the step at hand, with what there
      is on disk. With --resume the same command can be given again and again,
      whatever happened: it ends with one complete run.
      """)

  @Argument(help: "the experiment file", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "overrides, such as train.epochs=10")
  var overrides: [String] = []

  @Option(name: .long, help: "a new or empty folder for the results", completion: .directory)
  var output: String?

  @Flag(
    name: .long,
    help: "go on with the newest run of this very experiment; start one where there is none")
  var resume = false

  @Option(
    name: .customLong("continue"),
    help: ArgumentHelp(
      "a run that kept its state (train.checkpoint.keep_state), to be trained on in a new run",
      valueName: "run"),
    completion: .directory)
  var continued: String?

  @Option(help: Threads.help)
  var threads: Int?

  @Flag(name: .shortAndLong, help: "say nothing unless something is wrong")
  var quiet = false

  func run() throws {
    try Threads.use(threads)
    let experiment = try Experiment(
      path: file, overrides: overrides, registry: standardRegistry())
    if resume, continued != nil {
      throw Diagnostic("--resume and --continue exclude each other; give one of them")
    }
    if resume {
      switch try EarlierRun(of: experiment, output: output, registry: standardRegistry()) {
      case .found(let resumption): return try go(on: resumption, quiet: quiet)
      case .none(let other?):
        if !quiet {
          printStatus("'\(Escaping.line(other))' is unfinished, but of another configuration")
        }
      case .none(nil): break
      }
    }
    switch experiment.dtype {
    case .float32: try start(PreparedExperiment<Float>(experiment))
    case .float64: try start(PreparedExperiment<Double>(experiment))
    }
  }

  private func start<S: Scalar>(_ prepared: PreparedExperiment<S>) throws {
    listenForSignals()
    let origin = RunOrigin(
      command: commandLine, nnexpVersion: NNExpCommand.version, file: file,
      output: output)
    let continuation = try continued.map { try Continuation(of: $0, for: prepared) }
    leave(
      after: try Run(
        prepared, from: origin, continuing: continuation,
        observers: [TerminalObserver(quiet: quiet)], cancellation: .signals
      ).perform())
  }
}

/// Ends the process as a run ended: by its signal, if one ended it.
func leave(after code: Int32) -> Never {
  // It was told of one signal; another may have come since.
  if signalReceived != nil, [SIGINT, SIGTERM].contains(code - 128) { raiseAgain(code - 128) }
  leave(code)
}
