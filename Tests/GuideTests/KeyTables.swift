import ExperimentFile
import NNExp
import Sweeps
import TestSupport

/// The tables of the guide: every key of an experiment file and of a sweep, and every type
/// with its keys, from the descriptions that `nnexp layers` prints.
enum KeyTables {
  /// An experiment with an example of each mapping.
  private static let experiment = """
    data:
      csv: {path: a.csv, columns: {x: number}}
      split: {validation: 0.5}
      scale: {inputs: none}
    model: [{type: flatten, name: a, initial: {weight: zeros}}]
    loss: {a: squared_error}
    metrics: {a: [r2]}
    train:
      epochs: 1
      schedule: {type: cosine, warmup: {epochs: 1}}
      clip: {norm: 1}
      average: {decay: 0.9}
      groups: [{nodes: a, learning_rate: 1}]
      early_stopping: {patience: 1}
    gradient_check: {at: start}
    start_from: {run: a, nodes: {a: b}}
    expect: {gradient_check: pass}
    """

  private static let sweep = """
    base: a.yaml
    name: b
    sweep:
      name: c
      sample: {count: 1, parameters: {seed: {integer: [1, 2]}}}
      halving: {first_rung: 1}
      expect: {best: {epochs: "> 0"}}
    """

  /// Lists, and mappings whose keys the user chooses: names of nodes, columns or ports, and
  /// paths.
  static let withoutKeys: Set = [
    "start_from.nodes", "data.indices", "data.split.words", "model", "model.layer.initial",
    "model.layer.parameters",
    "metrics", "loss", "plugins", "sweep.grid", "sweep.zip", "sweep.list", "sweep.exclude",
    "sweep.expect.best", "sweep.expect.worst", "sweep.expect.mean", "sweep.expect.median",
    "sweep.expect.fraction",
  ]

  /// The keys of each mapping by its path, for the mappings in a file.
  ///
  /// Keys of types are omitted, because they are in the table of their kind.
  static func keys(of text: String) throws -> [String: [Options.Description]] {
    var keys: [String: [Options.Description]] = [:]
    collect(try Experiment.descriptions(of: text, registry: registry), at: "", into: &keys)
    return keys
  }

  /// The keys of every mapping that has a table, by section.
  static func keys() throws -> [String: [Options.Description]] {
    var keys = try keys(of: experiment)
    // The types of a plugin are unknown, because it is not loaded here.
    keys["plugins.plugin"] = try self.keys(of: "plugins: [a.swift]")["plugins.plugin"]
    let declaration = try SweepDeclaration(path: "b.yaml", arguments: [], describing: true) {
      Array(($0 == "b.yaml" ? sweep : experiment).utf8)
    }
    var sweepKeys: [String: [Options.Description]] = [:]
    collect(declaration.descriptions, at: "", into: &sweepKeys)
    keys["sweep file"] = sweepKeys.removeValue(forKey: "experiment")
    keys.merge(sweepKeys) { _, new in new }
    for source in registry.sources.all {
      let path = "data." + source.name
      var options = Options(.map([("type", "moons")]), describing: true)
      options.surroundings = Surroundings(folder: ".", registry: registry)
      _ = try? source.make(&options)
      keys[path] = options.descriptions.filter { !optionsOfTypes(at: path).contains($0.key) }
    }
    return keys
  }

  private static func collect(
    _ descriptions: [Options.Description], at path: String,
    into keys: inout [String: [Options.Description]]
  ) {
    let ofTypes = optionsOfTypes(at: path)
    let own = descriptions.filter { !ofTypes.contains($0.key) }
    if !own.isEmpty, own.map(\.key) != ["type"], !withoutKeys.contains(path) {
      keys[path.isEmpty ? "experiment" : path, default: []] += own
    }
    for one in descriptions where !one.keys.isEmpty {
      var inner = path.isEmpty ? one.key : path + "." + one.key
      // A single loss has the same keys as each of several.
      if inner == "loss", one.keys.contains(where: { $0.key == "type" }) { inner = "loss.loss" }
      collect(one.keys, at: inner, into: &keys)
    }
  }

  /// The keys that belong to the types of the mapping at a path.
  private static func optionsOfTypes(at path: String) -> Set<String> {
    func options(of kind: some ComponentKind) -> Set<String> {
      Set(kind.all.flatMap { $0.options.map(\.key) })
    }
    return switch path {
    case "model.layer": options(of: registry.layers)
    case "loss.loss": options(of: registry.losses)
    case "metrics.metric": options(of: registry.metrics)
    case "train.optimizer": options(of: registry.optimizers)
    case "train.schedule": options(of: registry.schedules)
    case "data.generated": options(of: registry.generators)
    case _ where path.hasPrefix("model.layer.initial."): options(of: registry.initializers)
    default: []
    }
  }
}

extension KeyTables {
  /// The table of each section, as lines of Markdown.
  static func all() throws -> [String: String] {
    var tables = try keys().mapValues { keys in
      (["| key | value | default | meaning |", "|---|---|---|---|"] + keys.map(row))
        .map { $0 + "\n" }.joined()
    }
    for kind in registry.kinds where kind.plural != registry.sources.plural {
      tables[kind.plural] = table(of: kind)
    }
    return tables
  }

  /// The types of a kind, each followed by its keys.
  private static func table(of kind: some ComponentKind) -> String {
    var rows = ["| type, then its keys | value | default | meaning |", "|---|---|---|---|"]
    for type in kind.all {
      rows.append("| **`\(type.name)`** | | | \(cell(type.documentation.summary)) |")
      rows += type.options.map(row)
    }
    return rows.map { $0 + "\n" }.joined()
  }

  private static func row(_ key: Options.Description) -> String {
    let fallback =
      switch key.fallback {
      case nil: "required"
      case "null"?: "none"
      case let words?: words
      }
    return "| `\(key.key)` | \(cell(key.range)) | \(cell(fallback)) | \(cell(key.explanation)) |"
  }

  /// A text in which Markdown recognizes no table, emphasis or tag.
  private static func cell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing("*", with: "\\*").replacing("<", with: "\\<")
  }
}
