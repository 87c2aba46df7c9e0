import Datasets
import ExperimentFile
import NNExp
import Sweeps

/// The keys that an experiment file or a sweep may have, with the values, defaults and meanings
/// that the readers declare.
///
/// The guide's tables, `nnexp schema`, `nnexp help` and the language server use it.
package struct FileReference: Sendable {
  package let registry: Registry

  /// The keys of each mapping by its path: `train`, `train.checkpoint`, `data.csv`. The empty
  /// path is the whole file, and `sweep file` a file that only declares a sweep. `model.layer`,
  /// `loss.loss` and `metrics.metric` have the keys that all types of their kind share.
  package let keys: [String: [Options.Description]]

  /// The types of each kind, by the name of the kind.
  package let types: [String: [TypeReference]]

  /// A type, with its documentation and its own keys.
  package struct TypeReference: Sendable {
    package let name: String
    package let documentation: Documentation
    package let options: [Options.Description]
  }

  private static func types(of kind: some ComponentKind) -> [TypeReference] {
    kind.all.map {
      TypeReference(name: $0.name, documentation: $0.documentation, options: $0.options)
    }
  }

  /// The paths of mappings whose keys the user chooses: names of nodes, columns or ports.
  package static let withoutKeys: Set = [
    "blocks",
    "start_from.nodes", "data.indices", "data.split.words", "model", "model.layer.initial",
    "model.layer.parameters", "metrics", "loss", "plugins", "sweep.grid", "sweep.zip",
    "sweep.list", "sweep.exclude", "sweep.expect.best", "sweep.expect.worst", "sweep.expect.mean",
    "sweep.expect.median", "sweep.expect.fraction", "data.validation", "data.test", "train.groups",
  ]

  /// Describes the keys by reading an example of each mapping.
  package init(_ registry: Registry) throws {
    self.registry = registry
    types = Dictionary(
      uniqueKeysWithValues: registry.kinds.map { ($0.kind, FileReference.types(of: $0)) })
    let example = try FileReference.experiment(registry)
    var keys = try FileReference.sharedKeys(of: example, registry)
    // The types of a plugin are unknown, because it is not loaded here.
    keys["plugins.plugin"] = try FileReference.keys(of: "plugins: [a.swift]", registry)[
      "plugins.plugin"]
    keys["model.block"] = Experiment.blockKeys(registry)
    let declaration = try SweepDeclaration(path: "b.yaml", arguments: [], describing: true) {
      Array(($0 == "b.yaml" ? FileReference.sweep : example).utf8)
    }
    var sweepKeys: [String: [Options.Description]] = [:]
    collect(declaration.descriptions, at: "", registry, into: &sweepKeys)
    keys["sweep file"] = sweepKeys.removeValue(forKey: "")
    keys.merge(sweepKeys) { _, new in new }
    for source in registry.sources.all {
      let path = "data." + source.name
      var options = Options(
        .map([("type", ConfigValue(.string(registry.generators.names.first ?? "")))]),
        describing: true)
      options.surroundings = Surroundings(folder: ".", registry: registry)
      _ = try? source.make(&options)
      let ofTypes = optionsOfTypes(at: path, registry)
      keys[path] = options.descriptions.filter { !ofTypes.contains($0.key) }
    }
    // Mappings within a type, such as `train.schedule.warmup`.
    let paths = [
      "layer": "model.layer", "optimizer": "train.optimizer", "schedule": "train.schedule",
    ]
    for (kind, path) in paths {
      for option in (types[kind] ?? []).flatMap(\.options) where !option.keys.isEmpty {
        keys["\(path).\(option.key)"] = option.keys
      }
    }
    self.keys = keys
  }

  /// The keys of each mapping in a file, by the path of the mapping. Keys of types are omitted.
  package static func keys(
    of text: String, _ registry: Registry
  ) throws -> [String: [Options.Description]] {
    var keys: [String: [Options.Description]] = [:]
    collect(
      try Experiment.descriptions(of: text, registry: registry), at: "", registry, into: &keys)
    return keys
  }

  /// The keys of the example, whose layer, loss and metric have none of their own: `inputs` is a
  /// key of every layer, although a layer may describe it itself.
  private static func sharedKeys(
    of example: String, _ registry: Registry
  ) throws -> [String: [Options.Description]] {
    var keys: [String: [Options.Description]] = [:]
    collect(
      try Experiment.descriptions(of: example, registry: registry), at: "", registry,
      isExample: true, into: &keys)
    return keys
  }

  /// An experiment with an example of each mapping.
  private static func experiment(_ registry: Registry) throws -> String {
    func plain<Value>(_ kind: ComponentRegistry<Value>) throws -> String {
      guard let type = kind.all.first(where: { type in type.options.isEmpty }) else {
        throw Diagnostic("no \(kind.kind) has no options")
      }
      return type.name
    }
    return """
      data:
        csv: {path: a.csv, columns: {x: {role: inputs}}}
        split: {validation: 0.5}
        scale: {inputs: none}
      model: [{type: \(try plain(registry.layers)), name: a, initial: {weight: \
      \(try plain(registry.initializers))}}]
      loss: {a: \(try plain(registry.losses))}
      metrics: {a: [\(try plain(registry.metrics))]}
      train:
        epochs: 1
        clip: {norm: 1}
        average: {decay: 0.9}
        groups: [{nodes: a, learning_rate: 1}]
        early_stopping: {patience: 1}
      gradient_check: {at: start}
      start_from: {run: a, nodes: {a: b}}
      expect: {gradient_check: pass}
      """
  }

  private static let sweep = """
    base: a.yaml
    name: b
    sweep:
      name: c
      sample: {count: 1, parameters: {seed: {integer: [1, 2]}}}
      halving: {first_rung: 1}
      expect: {best: {epochs: "> 0"}}
    """
}

private func collect(
  _ descriptions: [Options.Description], at path: String, _ registry: Registry,
  isExample: Bool = false, into keys: inout [String: [Options.Description]]
) {
  let isShared = isExample && ["model.layer", "loss.loss", "metrics.metric"].contains(path)
  let ofTypes = isShared ? [] : optionsOfTypes(at: path, registry)
  let own = descriptions.filter { !ofTypes.contains($0.key) }
  if !own.isEmpty, own.map(\.key) != ["type"], !FileReference.withoutKeys.contains(path) {
    keys[path, default: []] += own
  }
  for one in descriptions where !one.keys.isEmpty {
    var inner = path.isEmpty ? one.key : path + "." + one.key
    // A single loss has the same keys as each of several.
    if inner == "loss", one.keys.contains(where: { $0.key == "type" }) { inner = "loss.loss" }
    collect(one.keys, at: inner, registry, isExample: isExample, into: &keys)
  }
}

/// The keys that belong to the types of the mapping at a path.
private func optionsOfTypes(at path: String, _ registry: Registry) -> Set<String> {
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
