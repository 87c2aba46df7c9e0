import ArgumentParser
import NNExp
import Plugins
import Running

struct LayersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layers",
    abstract: "Lists the types that an experiment file can name, or describes one.")

  @Argument(help: "a layer, loss, optimizer, … to describe")
  var type: String?

  @Option(help: "a plugin whose types are listed too", completion: .file())
  var plugin: [String] = []

  func run() throws {
    var registry = standardRegistry()
    for path in plugin { try registry.add(try Plugin.load(path)) }
    let catalogues = registry.entries
    guard let type else {
      for (kind, entries) in catalogues {
        try printResult(kind)
        try printResult(table(entries.map { ["  " + $0.name, $0.manual.summary] }))
        try printResult("")
      }
      try printResult("nnexp layers TYPE tells a type's equation and options.")
      return
    }
    let found = catalogues.flatMap { kind, entries in
      entries.filter { $0.name == type }.map { (kind, $0) }
    }
    if found.isEmpty {
      let names = catalogues.flatMap(\.1).map(\.name)
      throw Diagnostic(
        "unknown type '\(type)'\(suggestion(for: type, among: names))",
        notes: [.init("nnexp layers lists them all")])
    }
    try printResult(found.map { LayersCommand.page($0.1) }.joined(separator: "\n\n"))
  }

  /// Everything about one type: equation, shapes, options, example, source.
  private static func page(_ entry: Entry) -> String {
    let manual = entry.manual
    var parts = ["\(entry.name) (\(entry.kind)): \(manual.summary)"]
    func indented(_ text: String) -> String {
      text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
        .joined(separator: "\n")
    }
    if !manual.equation.isEmpty { parts.append(indented(manual.equation)) }
    if !manual.shapes.isEmpty { parts.append("shapes: \(manual.shapes)") }
    if !entry.options.isEmpty {
      parts.append(
        "options:\n"
          + table(
            entry.options.map { option in
              let fallback = option.fallback.map { "default \($0)" } ?? "required"
              return ["  " + option.key, option.range, fallback, option.explanation]
            }))
    }
    if !manual.example.isEmpty { parts.append("example:\n" + indented(manual.example)) }
    if !manual.source.isEmpty { parts.append("source: \(manual.source)") }
    return parts.joined(separator: "\n\n")
  }
}

/// A registered type as `nnexp layers` shows it.
struct Entry {
  let kind: String
  let name: String
  let manual: Manual
  let options: [Options.Description]
}

extension Registry {
  /// Every registered type, by kind. Each is asked for its options by letting
  /// it read none.
  var entries: [(String, [Entry])] {
    func describe<T>(
      _ catalogue: Catalogue<T>, _ manual: (T) -> Manual, _ read: (T, inout Options) throws -> Void
    ) -> [Entry] {
      catalogue.names.compactMap { name in
        guard let type = catalogue[name] else { return nil }
        var options = Options()
        try? read(type, &options)
        return Entry(
          kind: catalogue.kind, name: name, manual: manual(type), options: options.descriptions)
      }
    }
    return [
      ("layers", describe(layers, { $0.manual }, { _ = try $0.init(from: &$1) })),
      ("losses", describe(losses, { $0.manual }, { _ = try $0.init(from: &$1) })),
      ("metrics", describe(metrics, { $0.manual }, { _ = try $0.init(from: &$1) })),
      ("optimizers", describe(optimizers, { $0.manual }, { _ = try $0.init(from: &$1) })),
      ("schedules", describe(schedules, { $0.manual }, { _ = try $0.init(from: &$1) })),
      ("initializers", describe(initializers, { $0.manual }, { _ = try $0.init(from: &$1) })),
      ("generators", describe(generators, { $0.manual }, { _ = try $0.init(from: &$1) })),
    ]
  }
}
