import Files
import ArgumentParser
import ExperimentFile
import Platform
import NNExp
import Results
import Running

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", _superCommandName: NNExpCommand.name,
    abstract: "Trains an experiment and writes its results.",
    discussion: """
      Overrides change values of the file: train.epochs=10,
      model.hidden.units=4, model.0.units=4. A plus adds a key that the file
      lacks: +train.record_every=10.

      Results go to results/NAME/run-0001, numbered; results/NAME/latest links to
      the newest. Ctrl-C ends the run after the current step, and its state is saved.
      With --resume the same command can be repeated after any interruption: it ends
      with one complete run.
      """)

  static let quietHelp: ArgumentHelp =
    "print only errors, and warnings during the run; run.json has the announcements"

  @Argument(help: "the experiment file", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "overrides, such as train.epochs=10")
  var overrides: [String] = []

  @Option(name: .long, help: "a new or empty folder for the results", completion: .directory)
  var output: String?

  @Flag(
    name: .long,
    help: "resume the newest run of this experiment; start one if there is none")
  var resume = false

  @Option(
    name: .customLong("continue"),
    help: ArgumentHelp(
      "a run that kept its state (train.checkpoint.keep_state); the new run continues its training",
      valueName: "run"),
    completion: .directory)
  var continued: String?

  @Option(help: Threads.help)
  var threads: Int?

  @Flag(name: .shortAndLong, help: RunCommand.quietHelp)
  var quiet = false

  @Flag(
    help: "replace the file of expect.metrics by the run's metrics.csv, instead of comparing them")
  var updateGolden = false

  @Option(help: ReportOptions.junitHelp, completion: .file())
  var junit: String?

  @Flag(help: ReportOptions.githubHelp)
  var github = false

  private var reports: ReportOptions { ReportOptions(junit: junit, github: github) }

  func run() throws {
    try Threads.use(threads)
    var code: Int32 = 0
    try reports.reporting(file, force: nil, besides: [file]) { recorder in
      code = try run(&recorder)
    }
    exitProcess(afterRun: code)
  }

  private func run(_ recorder: inout TestRecorder) throws -> Int32 {
    let written = try Experiment(
      path: file, overrides: overrides, registry: standardRegistry())
    let golden = updateGolden ? try GoldenFile(of: written, file) : nil
    let experiment =
      golden == nil
      ? written
      : try Experiment(
        path: file, overrides: overrides + [GoldenFile.override], registry: standardRegistry())
    if golden != nil, resume || continued != nil {
      throw Diagnostic("--update-golden needs a run from the beginning, without --resume")
    }
    if resume, continued != nil {
      throw Diagnostic("--resume and --continue exclude each other; give one of them")
    }
    if let location = experiment.sweepLocation {
      let ignored = Diagnostic(
        "nnexp run ignores the section 'sweep'", at: location,
        notes: [.init("to run its trials: nnexp sweep \(quotedForShell(file))")],
        severity: .warning)
      writeError("\(ignored)")
    }
    if experiment.data.foldsToRun != nil {
      try runFolds()
      return 0
    }
    if resume {
      switch try EarlierRun(of: experiment, output: output, registry: standardRegistry()) {
      case .found(let resumption):
        return try perform(resumption, quiet: quiet) {
          recorder.record($0, seconds: 0, of: experiment)
        }
      case .none(let other?):
        if !quiet {
          printStatus("'\(Escaping.line(other))' is unfinished, but of another configuration")
        }
      case .none(nil): break
      }
    }
    switch experiment.dtype {
    case .float32: return try start(prepare(experiment, as: Float.self), golden, &recorder)
    case .float64: return try start(prepare(experiment, as: Double.self), golden, &recorder)
    }
  }

  private func prepare<S: Scalar>(
    _ experiment: Experiment, as type: S.Type
  ) throws -> PreparedExperiment<S> {
    try PreparedExperiment(experiment, scratch: output ?? RunDirectory.results)
  }

  /// Runs all folds as a sweep.
  private func runFolds() throws {
    var words = [file] + overrides
    if let output { words += ["--output", output] }
    if let threads { words += ["--jobs", "\(threads)"] }
    if quiet { words.append("--quiet") }
    if let junit = reports.junit { words += ["--junit", junit] }
    if reports.github { words.append("--github") }
    try SweepCommand.parse(words).run()
  }

  private func start<S: Scalar>(
    _ prepared: PreparedExperiment<S>, _ golden: GoldenFile?, _ recorder: inout TestRecorder
  ) throws -> Int32 {
    recorder.pass(recorder.current)
    recorder.current = "trains"
    listenForSignals()
    let origin = RunOrigin(
      command: commandLine, nnexpVersion: NNExpCommand.version, file: file,
      output: output)
    let continuation = try continued.map { try Continuation(of: $0, for: prepared) }
    let summary = RunRecorder()
    let run = try Run(
      prepared, from: origin, continuing: continuation,
      observers: [
        TerminalObserver(quiet: quiet, epochs: prepared.experiment.training.epochs), summary,
      ], cancellation: .signals)
    let started = monotonicSeconds()
    let code = try run.perform()
    if let summary = summary.summary {
      recorder.record(summary, seconds: monotonicSeconds() - started, of: prepared.experiment)
    }
    if let golden { try golden.update(from: run.directory.path, code: code) }
    return code
  }
}

/// Ends the process in the same way as the run: by the signal that ended it, or with its exit
/// code.
func exitProcess(afterRun code: Int32) -> Never {
  // A signal that arrived later takes effect here.
  if signalReceived != nil, [SIGINT, SIGTERM].contains(code - 128) { raiseAgain(code - 128) }
  exitProcess(code)
}
