import ArgumentParser
import NNExp
import Results
import Running

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Goes on with a run that a crash or a signal ended.",
    discussion: """
      The run ends as it would have ended undisturbed, with the same bytes in
      metrics.csv, predictions.csv, summary.json and the weights. It goes on from
      its newest checkpoint, or from its beginning where it has none yet; see
      train.checkpoint.every.

      Refused where the configuration, the data, a plugin or nnexp itself is not
      what the run began with.
      """)

  @Argument(help: "the run's folder, such as results/xor/latest", completion: .directory)
  var directory: String

  @OptionGroup var cores: CoreOptions

  @Flag(name: .shortAndLong, help: "say nothing unless something is wrong")
  var quiet = false

  func run() throws {
    try cores.apply()
    try resume(directory, quiet: quiet)
  }
}

/// Goes on with a run, or says that it is over.
func resume(_ path: String, quiet: Bool) throws {
  let resumption = try Resumption(of: path, registry: standardRegistry())
  if let summary = resumption.finished {
    let reason = summary.reason.map { ": \($0)" } ?? ""
    switch summary.status {
    case .completed: if !quiet { say("'\(path)' is already complete") }
    case .fellShort: writeError("'\(path)' is already complete, and fell short\(reason)")
    default: writeError("'\(path)' has ended\(reason)")
    }
    if let code = summary.exitStatus, code != 0 {
      throw Exit(code: Int32(truncatingIfNeeded: code))
    }
    return
  }
  listenForSignals()
  let code = try resumption.perform(listener: Progress(quiet: quiet))
  if let signalReceived, code == 128 + signalReceived { raiseAgain(signalReceived) }
  if code != 0 { throw Exit(code: code) }
}
