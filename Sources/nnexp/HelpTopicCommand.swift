import ArgumentParser
import NNExp
import Reference
import Running

/// `nnexp help data`: the keys of a section of an experiment file.
struct HelpTopicCommand: ParsableCommand {
  @Argument
  var topic: String

  func run() throws {
    let registry = standardRegistry()
    let reference = try FileReference(registry)
    if topic == "topics" {
      let rows = reference.topics.map { ["  " + $0.name, $0.meaning] }
      try printResult("nnexp help TOPIC describes a section of the experiment file:\n")
      return try printResult(table(rows))
    }
    if let text = reference.help(topic) { return try printResult(text) }
    let names = reference.topics.map(\.name)
    let commands = NNExpCommand.configuration.subcommands.compactMap {
      $0.configuration.commandName
    }
    throw Diagnostic(
      "there is no help about '\(topic)'\(suggestion(for: topic, among: names + commands))",
      notes: [
        .init("sections: " + names.joined(separator: ", ")),
        .init("'nnexp help' lists the commands, 'nnexp types' the types"),
      ])
  }
}
