import ArgumentParser
import Datasets
import NNExp
import Plugins
import Standard

/// `nnexp`: declare a network in YAML, train it, prove its gradients.
struct NNExpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Runs neural-network experiments declared in YAML.",
    discussion: """
      Try:  nnexp run experiments/xor.yaml

      Exit codes:
        0  done, and every expectation met
        1  it fell short: an expectation, a gradient check, divergence
        2  bad input: usage, YAML, data
        3  the environment: disk, permission, lock, memory
        130 and 143  stopped by a signal
      """,
    version: version,
    subcommands: [
      RunCommand.self, ResumeCommand.self, SweepCommand.self, CollectCommand.self,
      ValidateCommand.self, GradcheckCommand.self, EvaluateCommand.self, PredictCommand.self,
      CompareCommand.self, ExplainCommand.self, LayersCommand.self, PluginCommand.self,
    ])

  static let name = "nnexp"
  static let version = "0.1.0"
}

/// Ends a command with an exit code and nothing more to say.
struct Exit: Error {
  let code: Int32
}

@main
enum Main {
  static func main() {
    openMissingStreams()
    ignoreBrokenPipes()
    reportRefusedMemory()
    do {
      try requireUTF8Arguments()
      try InstructionSet.useRequested()
      try CoreOptions.useRequested()
      var command = try parsed()
      try command.run()
    } catch let exit as Exit {
      leave(exit.code)
    } catch let diagnostics as Diagnostics {
      complain(diagnostics)
      leave(diagnostics.failure.rawValue)
    } catch let diagnostic as Diagnostic {
      complain(Diagnostics([diagnostic]))
      leave(diagnostic.failure.rawValue)
    } catch {
      // Usage errors and requests for help: the parser words them.
      let code = NNExpCommand.exitCode(for: error)
      let message = NNExpCommand.fullMessage(for: error)
      if code.isSuccess {
        print(message)
        leave(0)
      }
      writeError(message)
      leave(Failure.input.rawValue)
    }
    leave(0)
  }

  /// The command that the command line stands for.
  ///
  /// What the first word names is asked alone, as though it were a program of its own,
  /// which takes the parser a third of the time. Where it refuses the rest, or has more
  /// to say than to run, all of them are asked.
  private static func parsed() throws -> any ParsableCommand {
    let words = CommandLine.arguments.dropFirst()
    let named = NNExpCommand.configuration.subcommands.first {
      $0.configuration.commandName == words.first && $0.configuration._superCommandName != nil
    }
    if let named, let command = try? named.parseAsRoot(Array(words.dropFirst())),
      type(of: command) == named
    {
      return command
    }
    return try NNExpCommand.parseAsRoot()
  }

  private static func complain(_ diagnostics: Diagnostics) {
    writeError(diagnostics.description)
    let errors = diagnostics.list.filter { $0.severity == .error }.count
    if errors > 1 { writeError("\(errors) errors") }
  }
}

/// The registry of all that is linked in.
func standardRegistry() -> Registry {
  var registry = Registry()
  registerStandard(in: &registry)
  registry.register(FileInitializer.self)
  return registry
}
