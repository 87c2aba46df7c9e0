import Files
import ArgumentParser
import NNExp
import Results
import Running

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", _superCommandName: NNExpCommand.name,
    abstract: "Resumes a run that a crash or a signal ended.",
    discussion: """
      The run ends with the same bytes in metrics.csv, predictions.csv,
      summary.json and the weights as without the interruption. It continues from its
      newest checkpoint, or from the beginning if it has none; see
      train.checkpoint.every. nnexp run FILE --resume does the same for the newest
      run of a file, and starts one if there is none.

      It is an error if the configuration, the data, a plugin or nnexp itself has
      changed since the run began.
      """)

  @Argument(help: "the run's folder, such as results/xor/latest", completion: .directory)
  var directory: String

  @Option(help: Threads.help)
  var threads: Int?

  @OptionGroup var trust: TrustOptions

  @Flag(name: .shortAndLong, help: RunCommand.quietHelp)
  var quiet = false

  func run() throws {
    try Threads.use(threads)
    exitProcess(
      afterRun: try perform(
        Resumption(of: directory, registry: standardRegistry(), trustsPlugins: trust.trustPlugins),
        quiet: quiet))
  }
}

/// Resumes a run, or reports that it has ended. Returns the exit code.
///
/// - Parameter record: receives the summary of the run.
func perform(
  _ resumption: Resumption, quiet: Bool, record: (Summary) -> Void = { _ in }
) throws -> Int32 {
  let path = Escaping.line(resumption.directory.path)
  if let summary = resumption.finished {
    let reason = summary.reason.map { ": " + Escaping.line($0) } ?? ""
    switch summary.status {
    case .completed: if !quiet { printStatus("'\(path)' is already complete") }
    case .fellShort: writeError("'\(path)' is already complete, and fell short\(reason)")
    default: writeError("'\(path)' has ended\(reason)")
    }
    record(summary)
    return Int32(truncatingIfNeeded: summary.exitStatus ?? 0)
  }
  listenForSignals()
  let recorder = RunRecorder()
  let code = try resumption.perform(
    observers: [
      TerminalObserver(quiet: quiet, epochs: resumption.experiment.training.epochs), recorder,
    ], cancellation: .signals)
  if let summary = recorder.summary { record(summary) }
  return code
}
