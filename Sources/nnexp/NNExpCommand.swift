import ArgumentParser
import CPlugins
import Datasets
import Platform
import NNExp
import Plugins
import Standard

/// The program `nnexp`.
struct NNExpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Runs neural-network experiments declared in YAML.",
    discussion: """
      Try:  nnexp run experiments/xor.yaml
            nnexp help data         about a section of the experiment file
            nnexp help topics       lists these sections

      Exit codes:
        0  done, and every expectation met
        1  fell short: an expectation, a gradient check, divergence
        2  bad input: usage, YAML, data
        3  the environment: disk, permission, lock, memory
        130 and 143  stopped by a signal
      """,
    version: version,
    subcommands: [
      InitCommand.self, RunCommand.self, ResumeCommand.self, SweepCommand.self, CollectCommand.self,
      ValidateCommand.self, TestCommand.self, GradcheckCommand.self, LearningRateCommand.self,
      EvaluateCommand.self, PredictCommand.self,
      RunsCommand.self, CompareCommand.self, PlotCommand.self, ReportCommand.self,
      WatchCommand.self, ServeCommand.self,
      ExportCommand.self, ExplainCommand.self, TypesCommand.self, PluginCommand.self,
      SchemaCommand.self, LspCommand.self,
    ])

  static let name = "nnexp"
  static let version = "0.1.0"
}

extension NNExpCommand {
  /// The names of the commands in other programs.
  private static let foreignNames = [
    "train": "run", "fit": "run", "start": "run", "eval": "evaluate",
    "score": "evaluate", "infer": "predict", "check": "validate", "lint": "validate",
    "list": "types", "new": "init",
    "create": "init", "grid": "sweep", "search": "sweep", "tune": "sweep", "continue": "resume",
    "onnx": "export", "convert": "export", "save": "export",
    "lr_find": "lr", "lr_finder": "lr", "range_test": "lr",
  ]

  /// The error if the first word is not a command; nil if it is one, or an option.
  fileprivate static func fault(inCommand word: String) -> Diagnostic? {
    let names = configuration.subcommands.flatMap { command in
      [command.configuration.commandName].compactMap { $0 } + command.configuration.aliases
    }
    guard !word.isEmpty, !word.hasPrefix(bytes: "-"), word != "help", !names.contains(text: word)
    else { return nil }
    if [".yaml", ".yml"].contains(where: { word.hasSuffix(bytes: $0) }) {
      return Diagnostic(
        "'\(word)' is not a command",
        notes: [.init("to train an experiment: nnexp run \(quotedForShell(word))")])
    }
    let own = foreignNames[word].map { "; did you mean '\($0)'?" }
    return Diagnostic(
      "unknown command '\(word)'" + (own ?? suggestion(for: word, among: names)),
      notes: [.init("commands: " + names.filter { $0 != "layers" }.joined(separator: ", "))])
  }
}

/// Ends a command with an exit code, without a message.
struct Exit: Error {
  let code: Int32
}

@main
enum Main {
  static func main() {
    openMissingStreams()
    ignoreBrokenPipes()
    quitAtOnce()
    reportRefusedMemory()
    do {
      _ = try startArguments.get()
      try InstructionSet.useRequested()
      try Threads.useRequested()
      var command = try parsed()
      try command.run()
      exitProcess(0)
    } catch {
      exitProcess(report(error))
    }
  }

  /// Reports the error that ended a command. Returns the exit code.
  private static func report(_ error: any Error) -> Int32 {
    switch error {
    case let exit as Exit: return exit.code
    case let diagnostics as Diagnostics:
      printErrors(diagnostics)
      return diagnostics.failure.rawValue
    case let diagnostic as Diagnostic: return report(Diagnostics([diagnostic]))
    default:
      // Usage errors and requests for help, which the parser formats.
      let message = NNExpCommand.fullMessage(for: error)
      guard NNExpCommand.exitCode(for: error).isSuccess else {
        writeError(message)
        return Failure.input.rawValue
      }
      do {
        try printResult(message)
        return 0
      } catch { return report(error) }
    }
  }

  /// Parses the command line into a command.
  ///
  /// First only the subcommand that the first word names is parsed, as if it were a separate
  /// program, which takes a third of the time. Its `_superCommandName` keeps the parser from
  /// looking for a request for a completion script, 6% of a short run. If that fails, or if help was
  /// requested, the whole command line is parsed.
  private static func parsed() throws -> any ParsableCommand {
    let words = try startArguments.get().dropFirst()
    let named = NNExpCommand.configuration.subcommands.first {
      ($0.configuration.commandName == words.first
        || words.first.map($0.configuration.aliases.contains) == true)
        && $0.configuration.subcommands.isEmpty
    }
    if let named, let command = try? named.parseAsRoot(Array(words.dropFirst())),
      type(of: command) == named
    {
      return command
    }
    if words.first == "help", words.count == 2, let word = words.last, !isCommand(word) {
      return try HelpTopicCommand.parse([word])
    }
    if let first = words.first, let fault = NNExpCommand.fault(inCommand: first) { throw fault }
    return try NNExpCommand.parseAsRoot(Array(words))
  }

  private static func isCommand(_ word: String) -> Bool {
    word.hasPrefix(bytes: "-")
      || NNExpCommand.configuration.subcommands.contains {
        $0.configuration.commandName == word || $0.configuration.aliases.contains(word)
      }
  }

  private static func printErrors(_ diagnostics: Diagnostics) {
    writeError(diagnostics.description)
    let errors = diagnostics.list.filter { $0.severity == .error }.count
    if errors > 1 { writeError("\(errors) errors") }
  }
}

/// The words of the command line, beginning with the program's name.
var commandLine: [String] { (try? startArguments.get()) ?? [] }

/// The words that the system passed to the process. Swift's `CommandLine.arguments` would read
/// them from /proc, which may be missing.
private let startArguments = Result<[String], any Error> {
  guard nnexp_argument_count() > 0, let words = nnexp_arguments() else {
    throw Diagnostic(
      "the process was started without arguments, not even its own name", failure: .environment)
  }
  return try (0..<Int(nnexp_argument_count())).map { index in
    guard let word = words[index] else { return "" }
    guard let text = String(validatingCString: word) else {
      throw Diagnostic(
        "argument \(index) is not UTF-8: '\(shown(name: word))'; if it names a file, rename it")
    }
    return text
  }
}

/// The registry of all types that are linked into the program.
func standardRegistry() -> Registry {
  var registry = Registry()
  registerStandard(in: &registry)
  registerDatasets(in: &registry)
  return registry
}
