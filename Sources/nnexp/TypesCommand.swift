import ArgumentParser
import Files
import NNExp
import Plugins
import Running

struct TypesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "types", _superCommandName: NNExpCommand.name,
    abstract: "Lists the types that an experiment file can name, or describes one.",
    discussion: """
      Layers, losses, metrics, optimizers, schedules, initializers, generators, data
      sources and column types. 'nnexp layers' is the same command.

      Try:  nnexp types
            nnexp types dense
            nnexp types --json
      """,
    aliases: ["layers"])

  @Argument(help: "a layer, loss, optimizer, … to describe")
  var type: String?

  @Option(help: "a plugin whose types are also listed", completion: .file())
  var plugin: [String] = []

  @Flag(help: "print JSON: every type with its options, ranges and defaults")
  var json = false

  @OptionGroup var destination: OutputOptions

  func run() throws {
    let output = try destination.file(besides: plugin)
    try write(Array((text() + "\n").utf8), to: output)
  }

  private func text() throws -> String {
    var registry = standardRegistry()
    for path in plugin { try registry.add(try Plugin.load(path)) }
    if json { return try records(in: registry).description }
    guard let type else {
      let lists = registry.kinds.map { kind in
        "\(kind.plural)\n" + table(TypesCommand.summaries(of: kind)) + "\n\n"
      }
      return lists.joined() + "nnexp types TYPE shows a type's equation and options."
    }
    let pages = registry.kinds.flatMap { TypesCommand.pages(of: type, in: $0) }
    if pages.isEmpty { throw fault(inName: type, registry) }
    return pages.joined(separator: "\n\n")
  }

  private func fault(inName type: String, _ registry: Registry) -> Diagnostic {
    let names = registry.kinds.flatMap { TypesCommand.names(of: $0) }
    let own = registry.kinds.lazy.compactMap { $0.ownName(of: type) }.first
    return Diagnostic(
      "unknown type '\(type)'"
        + (own.map { "; did you mean '\($0)'?" } ?? suggestion(for: type, among: names)),
      notes: [.init("nnexp types lists them all")])
  }

  private func records(in registry: Registry) throws -> JSON {
    func records(of kind: some ComponentKind) -> [JSON] {
      kind.all.filter { type == nil || $0.name == type }.map { type in
        let documentation = type.documentation
        let options = type.options.map { option -> JSON in
          [
            "key": .string(option.key), "range": .string(option.range),
            "required": .bool(option.fallback == nil), "default": JSON(option.fallback),
            "explanation": .string(option.explanation),
          ]
        }
        return [
          "name": .string(type.name), "kind": .string(kind.kind),
          "summary": .string(documentation.summary), "equation": .string(documentation.equation),
          "shapes": .string(documentation.shapes), "options": .array(options),
          "example": .string(documentation.example), "source": .string(documentation.source),
        ]
      }
    }
    let all = registry.kinds.flatMap { records(of: $0) }
    if let type, all.isEmpty { throw fault(inName: type, registry) }
    return .array(all)
  }

  private static func names(of kind: some ComponentKind) -> [String] { kind.all.map(\.name) }

  private static func summaries(of kind: some ComponentKind) -> [[String]] {
    kind.all.map { ["  " + $0.name, $0.documentation.summary] }
  }

  private static func pages(of name: String, in kind: some ComponentKind) -> [String] {
    kind.all.filter { $0.name == name }.map { page($0, kind.kind) }
  }

  /// The documentation of one type: equation, shapes, options, example, source.
  private static func page<Value>(_ type: ComponentType<Value>, _ kind: String) -> String {
    let documentation = type.documentation
    let options = type.options
    var parts = ["\(type.name) (\(kind)): \(documentation.summary)"]
    func indented(_ text: String) -> String {
      text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
        .joined(separator: "\n")
    }
    if !documentation.equation.isEmpty { parts.append(indented(documentation.equation)) }
    if !documentation.shapes.isEmpty { parts.append("shapes: \(documentation.shapes)") }
    if !options.isEmpty {
      parts.append(
        "options:\n"
          + table(
            options.map { option in
              let fallback = option.fallback.map { "default \($0)" } ?? "required"
              return ["  " + option.key, option.range, fallback, option.explanation]
            }))
    }
    if !documentation.example.isEmpty {
      parts.append("example:\n" + indented(documentation.example))
    }
    if !documentation.source.isEmpty { parts.append("source: \(documentation.source)") }
    return parts.joined(separator: "\n\n")
  }
}
