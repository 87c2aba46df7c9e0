import ArgumentParser
import Files
import NNExp
import Plugins
import Reference

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", _superCommandName: NNExpCommand.name,
    abstract: "Writes a JSON Schema of experiment files, for editors and validators.",
    discussion: """
      The schema describes every key, type and range. An editor with a YAML server
      completes and checks a file that begins with the line

        # yaml-language-server: $schema=nnexp.schema.json

      It cannot see the data, the shapes and the names of nodes, which 'nnexp
      validate' and 'nnexp lsp' check.

      Try:  nnexp schema --output nnexp.schema.json
      """)

  @Option(help: "a plugin whose types are also described", completion: .file())
  var plugin: [String] = []

  @OptionGroup var destination: OutputOptions

  func run() throws {
    let output = try destination.file(besides: plugin)
    var registry = standardRegistry()
    for path in plugin { try registry.add(try Plugin.load(path)) }
    let schema = try FileReference(registry).jsonSchema(version: NNExpCommand.version)
    try write(Array((schema.description + "\n").utf8), to: output)
  }
}
